/** A difference that is known, and why the sandbox does not follow moto there. */
export type KnownDifference = {
  /** Which steps of the script; all of them where it is left out. */
  readonly steps?: RegExp;
  readonly path: RegExp;
  /** What the sandbox says; `undefined` = nothing, left out = whatever it says. */
  readonly ours?: string | undefined;
  readonly theirs?: string | undefined;
  readonly reason: string;
};

/**
 * Every difference between the sandbox and moto in the answers to the script. One that is not here fails the test, and
 * so does one that no longer occurs.
 */
export const knownDifferences: KnownDifference[] = [
  // What decides over a drain.
  {
    steps: /^list what still should run$/,
    path: /^taskArns/,
    reason: 'moto ignores that ListTasks shows desired status RUNNING alone unless told otherwise.',
  },
  {
    steps: /^list the first of the tasks$/,
    path: /^(taskArns\[1\]|nextToken)$/,
    reason: 'moto does not page ListTasks: it ignores maxResults.',
  },
  {
    steps: /^stop /,
    path: /^task\.lastStatus$/,
    ours: '"DEACTIVATING"',
    theirs: '"STOPPED"',
    reason: 'moto stops a task at once; in ECS it goes its way through the statuses.',
  },
  {
    steps: /^run /,
    path: /^tasks\[0\]\.lastStatus$/,
    ours: '"PROVISIONING"',
    theirs: '"RUNNING"',
    reason: 'moto starts a task in RUNNING; in ECS it goes its way through the statuses.',
  },
  {
    path: /\.containers\[0\]\.lastStatus$/,
    theirs: '"PENDING"',
    reason: 'In moto containers stay PENDING whatever their task does.',
  },
  {
    path: /\.containers\[0\]\.exitCode$/,
    ours: undefined,
    theirs: '0',
    reason: 'In moto containers that have not ended have an exit code.',
  },
  {
    path: /\.(stoppingAt|stoppedAt|executionStoppedAt|startedAt|createdAt|stopCode)$/,
    theirs: undefined,
    reason: 'moto keeps no times of a task, nor why it stopped.',
  },
  {
    steps: /^deregister$/,
    path: /^containerInstance\.(status|agentConnected)$/,
    reason: 'moto forgets a deregistered instance without making it INACTIVE.',
  },
  {
    steps: /^deregister again$/,
    path: /^error\./,
    ours: '"ClientException"',
    theirs: '"SyntaxError"',
    reason: 'moto answers a repeated deregistration with HTTP 500 and a web page.',
  },
  {
    steps: /^deregister again$/,
    path: /^error\.message$/,
    ours: '"Referenced container instance $ciA not found."',
    reason: 'The same, in its words.',
  },
  {
    steps: /^a (heartbeat|completion)$/,
    path: /^error\.name$/,
    ours: '"ValidationError"',
    theirs: '"Error"',
    reason:
      'moto has neither RecordLifecycleActionHeartbeat nor CompleteLifecycleAction: HTTP 500 and a web page.',
  },
  {
    steps: /^a (heartbeat|completion)$/,
    path: /^error\.message$/,
    ours: '"No active Lifecycle Action found with instance ID $a"',
    reason: 'The same, in its words.',
  },
  {
    steps: /^the one that terminates$/,
    path: /^AutoScalingInstances/,
    reason:
      'moto has no lifecycle states: an instance is gone from its group at once, whatever hooks there are.',
  },
  {
    steps: /^terminate one in the group$/,
    path: /^Activity\.(Progress|EndTime|Cause)$/,
    reason: 'The same: in moto the termination is over at once. The cause is prose.',
  },
  {
    steps: /^hooks$/,
    path: /^LifecycleHooks\[0\]\.GlobalTimeout$/,
    ours: '30000',
    theirs: '172800',
    reason: 'moto gives every hook 48 h; it is 100 times the heartbeat time-out where that is less.',
  },

  // Errors.
  {
    steps: /^list instances of no cluster$/,
    path: /^(error\.(name|message)|containerInstanceArns)$/,
    reason:
      'moto lists no instances of a cluster that is not there, where ECS says ClusterNotFoundException.',
  },
  {
    steps: /^hooks of no group$/,
    path: /^(error\.(name|message)|LifecycleHooks)$/,
    reason: 'moto lists no hooks of a group that is not there, where Auto Scaling says ValidationError.',
  },
  {
    steps: /^describe a missing task$/,
    path: /^failures/,
    reason: 'moto leaves out a task that it cannot find; ECS names it under failures.',
  },
  {
    steps: /missing/,
    path: /^failures\[0\]\.arn$/,
    ours: '"arn:aws:ecs:eu-west-1:123456789012:container-instance/web/0123456789abcdef0123456789abcdef"',
    theirs: '"arn:aws:ecs:eu-west-1:123456789012:container-instance/0123456789abcdef0123456789abcdef"',
    reason: 'moto has the short form of the ARN here, and the long one elsewhere.',
  },
  {
    steps: /^no id at all$/,
    path: /^error\.(name|message)$/,
    reason: 'moto looks for an instance with an id that cannot be one.',
  },

  // Spelling.
  {
    steps: /^an instance in the group$/,
    path: /^AutoScalingInstances\[0\]\.HealthStatus$/,
    ours: '"HEALTHY"',
    theirs: '"Healthy"',
    reason: "The API reference spells it HEALTHY here, and Healthy in a group's instances.",
  },
  {
    path: /\.containers\[0\]\.(containerArn|taskArn)$/,
    reason: "In moto a container's ARNs are made from the task definition.",
  },
  {
    path: /(^|\.)(launchType|startedBy|stoppedReason)$/,
    theirs: '""',
    reason: 'moto writes an empty text for what ECS leaves out, and for EC2.',
  },
  { path: /\.healthStatus$/, reason: 'moto takes a container without a health check for healthy.' },
  {
    path: /\.version(Info\.(agentVersion|agentHash|dockerVersion))?$/,
    reason: 'Each has versions of its own; moto does not count changes.',
  },
  {
    path: /^(Reservations\[0\]\.(ReservationId|Instances\[0\]\.(PrivateIpAddress|ImageId))|AutoScalingGroups\[0\]\.AutoScalingGroupARN)$/,
    reason: 'Each has ids and addresses of its own.',
  },
  {
    path: /attributes\[\d\]\.value$/,
    ours: '"ami-0123456789abcdef0"',
    reason: 'Each has an image of its own.',
  },
  {
    path: /attributes\[\d\]\.value$/,
    ours: '"linux"',
    theirs: '"windows"',
    reason: "moto takes the first image of its list, and that one's system.",
  },

  // What one of them leaves out.
  {
    path: /(^|\.)(attributes|attachments|tags|networkBindings|requiresAttributes|statistics|capacityProviders|defaultCapacityProviderStrategy|containerOverrides|inferenceAcceleratorOverrides)$/,
    ours: '[]',
    theirs: undefined,
    reason: 'moto leaves out lists that are empty; ECS writes them.',
  },
  {
    steps: /^(deregister|drain|active again)$/,
    path: /attributes\[\d\]\.(name|value)$/,
    theirs: undefined,
    reason: 'moto tells the attributes of an instance only where it is described.',
  },
  {
    steps: /^(describe instances|the instance that runs them)$/,
    path: /attributes\[[4-9]\]\.name$/,
    theirs: undefined,
    reason: 'moto does not tell what the ECS agent can do.',
  },
  {
    path: /(^|\.)(cpu|memory|connectivity|availabilityZone)$/,
    theirs: undefined,
    reason: 'moto does not tell what a task takes up, nor where it runs.',
  },
  {
    path: /^(clusters\[0\]\.settings(\[0\]\.(name|value))?|taskDefinition\.networkMode)$/,
    reason: 'The sandbox has no container insights and one network mode.',
  },
  {
    path: /^AutoScalingGroups\[0\]\.InstanceLifecyclePolicy/,
    theirs: undefined,
    reason: 'moto has no instance lifecycle policies.',
  },
  {
    path: /(LaunchConfigurationName|ServiceLinkedRoleARN|CapacityRebalance)$/,
    ours: undefined,
    reason: 'The sandbox has no launch configurations, roles or Spot rebalancing.',
  },
  {
    path: /^AutoScalingGroups\[0\]\.LaunchTemplate\./,
    theirs: undefined,
    reason: 'The sandbox’s groups have a launch template, this one of moto’s a launch configuration.',
  },
  {
    path: /^AutoScalingGroups\[0\]\.HealthCheckGracePeriod$/,
    ours: '0',
    theirs: '300',
    reason: 'The default of the API is 0, that of the console 300.',
  },
  {
    path: /^LifecycleHooks\[0\]\.(NotificationTargetARN|RoleARN)$/,
    ours: undefined,
    reason: 'moto makes up a notification target for a hook that has none.',
  },
  {
    steps: /^an instance$/,
    path: /^Reservations\[0\]\.Instances\[0\]\./,
    ours: undefined,
    reason: 'The sandbox has no disks, networks and processors.',
  },
];

import type { WorldInput, WorldOperation } from '../../src/sandbox/index.ts';

/** A call that both are asked. `$a` and `$b` are the two instances, `$ciA` and `$task1` what came back earlier. */
export type Step = {
  readonly name: string;
  readonly call: { [O in WorldOperation]: [O, WorldInput<O>] }[WorldOperation];
};

const group = 'web-asg';
const cluster = 'web';

/** Both begin with the cluster `web`, two instances registered in it, and the group `web-asg` that holds them. */
export const script: Step[] = [
  step('clusters', 'ecs:DescribeClusters', { clusters: [cluster, 'nowhere'] }),
  step('list clusters', 'ecs:ListClusters', {}),
  step('list instances', 'ecs:ListContainerInstances', { cluster }),
  step('list instances of no cluster', 'ecs:ListContainerInstances', { cluster: 'nowhere' }),
  step('describe instances', 'ecs:DescribeContainerInstances', {
    cluster,
    containerInstances: ['$ciA', '$ciB'],
  }),
  step('describe a missing instance', 'ecs:DescribeContainerInstances', {
    cluster,
    containerInstances: ['0123456789abcdef0123456789abcdef'],
  }),
  step('describe no instance', 'ecs:DescribeContainerInstances', { cluster, containerInstances: [] }),

  step('register a task definition', 'ecs:RegisterTaskDefinition', {
    family: 'job',
    containerDefinitions: [{ name: 'app', image: 'busybox', cpu: 100, memory: 200, essential: true }],
  }),
  step('run where it is told', 'ecs:StartTask', {
    cluster,
    taskDefinition: 'job',
    containerInstances: ['$ciA'],
    startedBy: 'me',
  }),
  step('run again', 'ecs:StartTask', { cluster, taskDefinition: 'job', containerInstances: ['$ciA'] }),
  step('list tasks', 'ecs:ListTasks', { cluster }),
  step('list tasks of an instance', 'ecs:ListTasks', { cluster, containerInstance: '$ciA' }),
  step('list tasks of the other', 'ecs:ListTasks', { cluster, containerInstance: '$ciB' }),
  step('list tasks of a family', 'ecs:ListTasks', { cluster, family: 'job' }),
  step('list tasks of nobody', 'ecs:ListTasks', { cluster, startedBy: 'nobody' }),
  step('list the first of the tasks', 'ecs:ListTasks', { cluster, maxResults: 1 }),
  step('list tasks of no cluster', 'ecs:ListTasks', { cluster: 'nowhere' }),
  step('describe tasks', 'ecs:DescribeTasks', { cluster, tasks: ['$task1', '$task2'] }),
  step('describe a missing task', 'ecs:DescribeTasks', {
    cluster,
    tasks: ['0123456789abcdef0123456789abcdef'],
  }),
  step('the instance that runs them', 'ecs:DescribeContainerInstances', {
    cluster,
    containerInstances: ['$ciA'],
  }),

  step('deregister while tasks run', 'ecs:DeregisterContainerInstance', {
    cluster,
    containerInstance: '$ciA',
  }),
  step('drain', 'ecs:UpdateContainerInstancesState', {
    cluster,
    containerInstances: ['$ciA'],
    status: 'DRAINING',
  }),
  step('drain to an unknown state', 'ecs:UpdateContainerInstancesState', {
    cluster,
    containerInstances: ['$ciA'],
    status: 'GONE' as 'DRAINING',
  }),
  step('drain a missing one', 'ecs:UpdateContainerInstancesState', {
    cluster,
    containerInstances: ['0123456789abcdef0123456789abcdef'],
    status: 'DRAINING',
  }),
  step('list what drains', 'ecs:ListContainerInstances', { cluster, status: 'DRAINING' }),
  step('list what is active', 'ecs:ListContainerInstances', { cluster, status: 'ACTIVE' }),
  step('stop a task', 'ecs:StopTask', { cluster, task: '$task1', reason: 'enough' }),
  step('list what still should run', 'ecs:ListTasks', { cluster, containerInstance: '$ciA' }),
  step('list what should run, by name', 'ecs:ListTasks', {
    cluster,
    containerInstance: '$ciA',
    desiredStatus: 'RUNNING',
  }),
  step('list what should not run', 'ecs:ListTasks', {
    cluster,
    containerInstance: '$ciA',
    desiredStatus: 'STOPPED',
  }),
  step('stop the other', 'ecs:StopTask', { cluster, task: '$task2', reason: 'enough' }),
  step('describe what has stopped', 'ecs:DescribeTasks', { cluster, tasks: ['$task1', '$task2'] }),
  step('active again', 'ecs:UpdateContainerInstancesState', {
    cluster,
    containerInstances: ['$ciA'],
    status: 'ACTIVE',
  }),
  step('deregister', 'ecs:DeregisterContainerInstance', { cluster, containerInstance: '$ciA' }),
  step('deregister again', 'ecs:DeregisterContainerInstance', { cluster, containerInstance: '$ciA' }),
  step('list what is left', 'ecs:ListContainerInstances', { cluster }),

  step('put tags', 'ec2:CreateTags', {
    Resources: ['$a'],
    Tags: [
      { Key: 'ecs-drain-agent:terminate', Value: 'hook=drain time=2026-01-02T03:04:05Z' },
      { Key: 'odd', Value: '<&>"\' é' },
    ],
  }),
  step('the tag of an instance', 'ec2:DescribeTags', tagFilters('$a', 'ecs-drain-agent:terminate')),
  step('the tag of another', 'ec2:DescribeTags', tagFilters('$b', 'ecs-drain-agent:terminate')),
  step('tags by value', 'ec2:DescribeTags', { Filters: [{ Name: 'value', Values: ['<&*'] }] }),
  step('take a tag away', 'ec2:DeleteTags', {
    Resources: ['$a'],
    Tags: [{ Key: 'ecs-drain-agent:terminate' }],
  }),
  step('the tag that went', 'ec2:DescribeTags', tagFilters('$a', 'ecs-drain-agent:terminate')),
  step('an instance', 'ec2:DescribeInstances', { InstanceIds: ['$a'] }),
  step('a missing instance', 'ec2:DescribeInstances', { InstanceIds: ['i-0123456789abcdef0'] }),
  step('no id at all', 'ec2:DescribeInstances', { InstanceIds: ['nonsense'] }),

  step('put a hook', 'autoscaling:PutLifecycleHook', {
    AutoScalingGroupName: group,
    LifecycleHookName: 'drain',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 300,
    DefaultResult: 'ABANDON',
  }),
  step('hooks', 'autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: group }),
  step('hooks of no group', 'autoscaling:DescribeLifecycleHooks', { AutoScalingGroupName: 'nowhere' }),
  step('the group', 'autoscaling:DescribeAutoScalingGroups', { AutoScalingGroupNames: [group] }),
  step('no group', 'autoscaling:DescribeAutoScalingGroups', { AutoScalingGroupNames: ['nowhere'] }),
  step('an instance in the group', 'autoscaling:DescribeAutoScalingInstances', { InstanceIds: ['$a'] }),
  step('one that is in no group', 'autoscaling:DescribeAutoScalingInstances', {
    InstanceIds: ['i-0123456789abcdef0'],
  }),
  step('a heartbeat', 'autoscaling:RecordLifecycleActionHeartbeat', {
    AutoScalingGroupName: group,
    LifecycleHookName: 'drain',
    InstanceId: '$a',
  }),
  step('a completion', 'autoscaling:CompleteLifecycleAction', {
    AutoScalingGroupName: group,
    LifecycleHookName: 'drain',
    InstanceId: '$a',
    LifecycleActionResult: 'CONTINUE',
  }),
  step('terminate one in the group', 'autoscaling:TerminateInstanceInAutoScalingGroup', {
    InstanceId: '$a',
    ShouldDecrementDesiredCapacity: true,
  }),
  step('the one that terminates', 'autoscaling:DescribeAutoScalingInstances', { InstanceIds: ['$a'] }),
  step('delete the hook', 'autoscaling:DeleteLifecycleHook', {
    AutoScalingGroupName: group,
    LifecycleHookName: 'drain',
  }),
  step('terminate outside the group', 'ec2:TerminateInstances', { InstanceIds: ['$b'] }),
];

function step<O extends WorldOperation>(name: string, operation: O, input: WorldInput<O>): Step {
  return { name, call: [operation, input] as Step['call'] };
}

function tagFilters(id: string, key: string) {
  return {
    Filters: [
      { Name: 'resource-id', Values: [id] },
      { Name: 'key', Values: [key] },
    ],
  };
}

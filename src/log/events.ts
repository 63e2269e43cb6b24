export type Level = 'debug' | 'info' | 'warn' | 'error';

/** What an event means to those who read the log. docs/events.md is generated from this. */
export type EventDefinition = {
  readonly level: Level;
  readonly meaning: string;
  /** What an operator does about it; empty where there is nothing to do. */
  readonly remedy: string;
};

/** Every event there is. Nothing is logged under another name. */
export const events = {
  'agent.started': {
    level: 'info',
    meaning: 'The agent has started, with this version and configuration.',
    remedy: '',
  },
  'agent.already-running': {
    level: 'error',
    meaning:
      'Another agent runs with the same state directory; `pid` is its process id. This one ends with exit code 75, and its unit starts it again later.',
    remedy: 'Stop the agent that you do not want, or give it a state directory of its own.',
  },
  'agent.waiting': {
    level: 'warn',
    meaning:
      'Something that the agent needs is not available yet; `for` says what. Normal in the first seconds after boot.',
    remedy: 'If it lasts longer than a few minutes, run `ecs-drain-agent doctor`: it says what is wrong.',
  },
  'agent.ready': { level: 'info', meaning: 'Something that the agent waited for is available.', remedy: '' },
  'agent.watching': {
    level: 'info',
    meaning:
      'No signal says that this instance will be terminated. The agent reads the signals at every poll.',
    remedy: '',
  },
  'debug.observed': {
    level: 'debug',
    meaning: 'What the agent observes has changed; `observed` holds the parts that have changed.',
    remedy: '',
  },
  'debug.decided': {
    level: 'debug',
    meaning: 'The decision has changed; `decision` is the new one.',
    remedy: '',
  },
  'agent.stopped': {
    level: 'info',
    meaning:
      'The agent stops, because it was told to or because it is incomplete (`agent.incomplete`). It changes nothing in AWS.',
    remedy: '',
  },
  'agent.incomplete': {
    level: 'error',
    meaning:
      'A file of the program cannot be read: it was replaced or removed while the agent ran, or the disk fails. The agent tries again with each call. If it can no longer call Auto Scaling, and so cannot keep a hook alive, it exits with code 75, and its unit starts the version that is installed by then.',
    remedy: 'If an upgrade did not restart the agent, restart it. Otherwise install it again.',
  },
  'agent.fault': {
    level: 'warn',
    meaning:
      'An error in the agent itself. Either an answer could not be read and counts as unknown, or a change in AWS counts as failed and is tried again. `question` says what the agent asked, and `stack` where the error is. Logged at most once an hour for each question.',
    remedy: 'Report it, with this line. The agent goes on as if nobody had answered.',
  },
  'config.warning': {
    level: 'warn',
    meaning:
      'Something in the configuration has no effect, or is unsafe. docs/configuration.md lists the options that have no effect without another option.',
    remedy: 'Correct or remove the name that the message gives, or set what it needs.',
  },
  'proxy.used': {
    level: 'info',
    meaning:
      'The agent reaches the AWS APIs through a proxy. It never uses the proxy for instance metadata and the ECS agent.',
    remedy: '',
  },
  'state.discarded': {
    level: 'warn',
    meaning:
      'The state file is unreadable, corrupt or of another instance, so the agent starts without it; a drain in progress goes on. Or a request to drain was made on another instance, so it does not count.',
    remedy: 'If the state is baked into the image, empty the state directory before you bake it.',
  },
  'state.unwritable': {
    level: 'warn',
    meaning:
      'The state file cannot be written. The agent goes on, but after a restart it does not know whether it had set DRAINING itself. If the file still describes a drain that is over, the agent removes the file.',
    remedy: 'Free the disk, or make the state directory writable for the agent’s user.',
  },
  'introspection.strange': {
    level: 'warn',
    meaning:
      'The answers at the ECS agent’s introspection URL are not those of an ECS agent; the message says why. The agent leaves out an entry that is not a task, and treats a list that cannot be right as unknown.',
    remedy:
      'Check that the ECS agent is what listens there (`ss -ltnp`): while it is down, any process on the host can take its port.',
  },
  'identity.changed': {
    level: 'error',
    meaning:
      'Instance metadata names a different instance than at the start. The agent changes nothing as long as it does.',
    remedy: 'Find out what answers at the metadata address, and fix it.',
  },
  'tag.source': {
    level: 'warn',
    meaning:
      'Instance metadata serves no tags, so the agent reads the tag with the EC2 API; or metadata serves tags again.',
    remedy:
      'Launch instances with InstanceMetadataTags=enabled: reading tags then costs no API request and no permission.',
  },
  'tag.past': {
    level: 'warn',
    meaning:
      'The terminate tag belongs to a lifecycle event that is over: the group says that the instance stays. The agent cancels the drain and ignores this tag until its value changes.',
    remedy: 'Remove the tag. Let nothing tag an instance for an event whose `Destination` is not `EC2`.',
  },
  'signals.unknown': {
    level: 'warn',
    meaning:
      'A source of signals does not answer, so the agent does not know whether this instance will be terminated. It changes nothing meanwhile.',
    remedy: 'If it lasts, look at the cause in the message.',
  },
  'signals.known': { level: 'info', meaning: 'All sources of signals answer again.', remedy: '' },
  'drain.signalled': {
    level: 'info',
    meaning: 'A signal says that this instance will be terminated: the drain begins.',
    remedy: '',
  },
  'drain.signal-joined': {
    level: 'info',
    meaning:
      'Another signal says the same: the drain ends only when all signals are withdrawn, or when it is done.',
    remedy: '',
  },
  'drain.draining': {
    level: 'info',
    meaning: 'The agent has set the container instance DRAINING: no new task is placed on it.',
    remedy: '',
  },
  'drain.progress': {
    level: 'info',
    meaning:
      'Tasks are left, and the agent waits for them. Logged once a minute, with up to five of the tasks.',
    remedy: '',
  },
  'drain.blocked': {
    level: 'info',
    meaning:
      'Why the drain still waits: for the task that has waited longest, or the service that blocks it.',
    remedy:
      'Usually none: the task ends by itself. If a service cannot place its replacement task, add capacity to the cluster. If the ECS agent is down, start it.',
  },
  'drain.unexplained': {
    level: 'info',
    meaning:
      'A policy forbids the agent to ask what blocks a drain; `iamAction` names the permission. The drain does not depend on it. The agent asks again an hour later.',
    remedy: 'Add the IAM action to the instance’s role if you want to see the reasons.',
  },
  'drain.waiting': {
    level: 'warn',
    meaning: 'The drain waits because something is unknown; the message says what.',
    remedy: 'If it lasts, look at the cause in the message.',
  },
  'drain.hook-unclear': {
    level: 'error',
    meaning:
      'The agent cannot tell which lifecycle hook it must complete, or the tag names a hook that the group does not have; the message says which.',
    remedy:
      'Set --lifecycle-hook (ECS_DRAIN_LIFECYCLE_HOOK) to one of the names given, or correct the name in the tag.',
  },
  'drain.timeout': {
    level: 'warn',
    meaning: 'The drain timeout has passed and tasks are left. `onTimeout` says what the agent does.',
    remedy: '',
  },
  'drain.limit-near': {
    level: 'warn',
    meaning:
      'The lifecycle hook’s global limit is less than an hour away and the group does not retain abandoned instances: AWS will terminate the instance then, with the tasks named.',
    remedy:
      'Set the group’s instance lifecycle policy to retain on TerminateHookAbandon, or stop the tasks yourself.',
  },
  'drain.other-hook': {
    level: 'warn',
    meaning:
      'A lifecycle hook of another owner will run into its heartbeat time-out at the time given. Its default result is ABANDON, which ends every hook of the instance: the group then terminates it, with the tasks that still run. Logged when it is known, and again in the last ten minutes.',
    remedy:
      'Let that hook’s owner complete or extend it, give it the default result CONTINUE, or let the group retain abandoned instances.',
  },
  'drain.cut-short': {
    level: 'error',
    meaning:
      'The group goes on although tasks still run: the lifecycle action was ended by somebody else, by a time-out, by another hook’s ABANDON, or because the notification target of a hook does not work. The tasks named are lost.',
    remedy:
      'Look for the hook in the group’s activities. Let the group retain abandoned instances: then this cannot happen.',
  },
  'drain.tasks-stopping': {
    level: 'warn',
    meaning:
      'The agent asked tasks to stop (StopTask); `why` says whether a limit was reached (`timeout`), a Spot interruption is near (`spot`), or no other tasks were left than those that `--ignore-tasks` names (`ignored`).',
    remedy: '',
  },
  'drain.refused': {
    level: 'info',
    meaning:
      'ECS refused to deregister the container instance, because tasks still run. The agent tries again.',
    remedy: '',
  },
  'drain.deregistered': {
    level: 'info',
    meaning: 'The container instance is deregistered from its cluster; no task was left.',
    remedy: '',
  },
  'drain.cancelled': {
    level: 'info',
    meaning: 'The signal is gone. The container instance is ACTIVE again.',
    remedy: '',
  },
  'drain.cancelled-too-late': {
    level: 'warn',
    meaning: 'The signal is gone, but the container instance had already been deregistered.',
    remedy:
      'To use the instance again, restart its ECS agent without a checkpoint, so that it registers again. Otherwise terminate the instance.',
  },
  'drain.not-ours': {
    level: 'info',
    meaning: 'The signal is gone. The container instance stays DRAINING, because this agent did not set it.',
    remedy: '',
  },
  'drain.done': { level: 'info', meaning: 'The drain has ended; `why` says how.', remedy: '' },
  'lifecycle.heartbeat': {
    level: 'info',
    meaning: 'A heartbeat was recorded: the lifecycle action keeps waiting.',
    remedy: '',
  },
  'lifecycle.nothing-waiting': {
    level: 'warn',
    meaning:
      'Auto Scaling says that no lifecycle action of the hook waits for this instance. The agent reads the state in the group again.',
    remedy: '',
  },
  'lifecycle.completed': {
    level: 'info',
    meaning: 'The lifecycle action is completed: the group may terminate the instance.',
    remedy: '',
  },
  'lifecycle.abandoned': {
    level: 'warn',
    meaning:
      'The lifecycle action was abandoned. A group that retains abandoned instances keeps this one until its tasks have ended.',
    remedy: '',
  },
  'instance.terminated': {
    level: 'info',
    meaning: 'The agent told the group to terminate this instance.',
    remedy: '',
  },
  'instance.retained-again': {
    level: 'warn',
    meaning:
      'Each time the agent asks the group to terminate this instance, one of the group’s hooks ends with ABANDON, and the group retains the instance again. The agent asks less and less often, down to every five minutes.',
    remedy:
      'Look for the hook in the group’s activities: its notification target may be broken (a hook whose target does not work ends with its default result at once), or its owner abandons it. No task is left: the instance can also be terminated with the EC2 API.',
  },
  'hook.finished': { level: 'info', meaning: 'One of the operator’s hooks has succeeded.', remedy: '' },
  'hook.output': { level: 'info', meaning: 'A line that one of the operator’s hooks wrote.', remedy: '' },
  'hook.failed': {
    level: 'warn',
    meaning:
      'One of the operator’s hooks could not be started, ended with an exit code other than 0, or took too long. With `--hook-failure ignore` the drain goes on without it.',
    remedy: 'Fix the hook; the lines that it wrote are in the log as `hook.output` events.',
  },
  'hook.holding': {
    level: 'warn',
    meaning:
      'Hooks of stage `drained` have failed and `--hook-failure` is `hold`: the agent keeps the instance and runs them again.',
    remedy:
      'Fix the hook in place, or remove it: the next attempt runs what it finds then. Heartbeats continue meanwhile, up to the lifecycle hook’s global limit.',
  },
  'hook.skipped': {
    level: 'warn',
    meaning: 'A file in a hooks directory is not run; the message says why.',
    remedy: 'Make it executable, or remove it.',
  },
  'hook.refused': {
    level: 'error',
    meaning:
      'A hook is not run, because somebody other than root could change it, a directory above it, or the file that it links to; the message says which. The hook counts as failed. Also logged at the agent’s start.',
    remedy:
      'Make root the owner and the only writer of the whole path: run chown root:root and chmod go-w on what the message names.',
  },
  'metrics.ready': { level: 'info', meaning: 'Metrics are served at this address.', remedy: '' },
  'metrics.unavailable': {
    level: 'warn',
    meaning:
      'The metrics cannot be served or written. The drain does not depend on them. The agent tries again.',
    remedy:
      'Free the port and let the unit listen on it, or make the directory writable for the agent’s user: docs/metrics.md shows the drop-ins for the unit.',
  },
  'metrics.emf': {
    level: 'info',
    meaning:
      'Metrics for CloudWatch, with `--metrics-emf log`: the line is a document in the embedded metric format.',
    remedy: '',
  },
  'dry-run.skipped': {
    level: 'info',
    meaning: 'A call that would change something was not made, because of --dry-run.',
    remedy: '',
  },
  'call.failed': {
    level: 'warn',
    meaning:
      'A call failed twice in a row, or was refused. The agent makes it again. Logged once until it succeeds.',
    remedy: 'If it lasts, look at the cause in the message.',
  },
  'call.forbidden': {
    level: 'error',
    meaning:
      'A policy forbids a call; `iamAction` names the permission. The agent tries again once a minute.',
    remedy: 'Add the IAM action to the instance’s role. It takes effect without a restart.',
  },
  'call.recovered': { level: 'info', meaning: 'A call that failed succeeds again.', remedy: '' },
} as const satisfies Record<string, EventDefinition>;

export type EventName = keyof typeof events;

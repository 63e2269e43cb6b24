export type Level = 'debug' | 'info' | 'warn' | 'error';

/** What an event is for those who read the log: docs/events.md is made of this. */
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
    remedy: 'End the agent that is not wanted, or give it a state directory of its own.',
  },
  'agent.waiting': {
    level: 'warn',
    meaning:
      'Something that the agent needs is not there yet; `for` says what. Normal in the first seconds after boot.',
    remedy: 'If it lasts longer than a few minutes: `ecs-drain-agent doctor` says what is wrong with it.',
  },
  'agent.ready': { level: 'info', meaning: 'What was waited for is there.', remedy: '' },
  'agent.watching': {
    level: 'info',
    meaning: 'Nothing asks for this instance to go. The signals are read at every poll.',
    remedy: '',
  },
  'debug.observed': {
    level: 'debug',
    meaning: 'What the agent knows has changed; `observed` holds the parts that have.',
    remedy: '',
  },
  'debug.decided': {
    level: 'debug',
    meaning: 'The agent has decided otherwise than before; `decision` says what.',
    remedy: '',
  },
  'agent.stopped': {
    level: 'info',
    meaning: 'The agent ends, as it was asked to. AWS stays as it is.',
    remedy: '',
  },
  'config.warning': {
    level: 'warn',
    meaning: 'Something in the configuration has no effect.',
    remedy: 'Mend or remove the name that the message gives.',
  },
  'state.discarded': {
    level: 'warn',
    meaning:
      'The state file was corrupt or of another instance, and was set aside. A drain in progress goes on all the same.',
    remedy: 'If an image was baked with a state file in it, remove that file before the image is taken.',
  },
  'state.unwritable': {
    level: 'warn',
    meaning:
      'The state file cannot be written. The agent works on; after a restart it will not know that it was it who set DRAINING.',
    remedy: 'Free the disk, or make the state directory writable for the agent’s user.',
  },
  'identity.changed': {
    level: 'error',
    meaning:
      'Instance metadata names another instance than at the start. The agent changes nothing while it does.',
    remedy: 'Find out what answers at the metadata address; restart the agent once it is mended.',
  },
  'tag.source': {
    level: 'warn',
    meaning: 'Instance metadata serves no tags, so the tag is read by the EC2 API; or it serves them again.',
    remedy:
      'Launch instances with InstanceMetadataTags=enabled: reading tags then costs no API request and no permission.',
  },
  'signals.unknown': {
    level: 'warn',
    meaning:
      'A source of signals does not answer, so it is not known whether this instance must go. Nothing changes meanwhile.',
    remedy: 'If it lasts, look at the cause that the message gives.',
  },
  'signals.known': { level: 'info', meaning: 'All sources of signals answer again.', remedy: '' },
  'drain.signalled': {
    level: 'info',
    meaning: 'A signal says that this instance must go: the drain begins.',
    remedy: '',
  },
  'drain.signal-joined': { level: 'info', meaning: 'One more signal says so.', remedy: '' },
  'drain.draining': {
    level: 'info',
    meaning: 'The agent has set the container instance DRAINING: no new task is placed on it.',
    remedy: '',
  },
  'drain.progress': {
    level: 'info',
    meaning: 'Tasks are left, and the instance waits for them. Once a minute, with up to five of the tasks.',
    remedy: '',
  },
  'drain.blocked': {
    level: 'info',
    meaning:
      'Why the drain still waits, in plain words, for the task that has waited longest or the service that blocks it.',
    remedy:
      'Usually none: the task ends by itself. Where a service cannot place its replacement, give its cluster room.',
  },
  'drain.unexplained': {
    level: 'info',
    meaning:
      'A policy does not let the agent ask what blocks a drain; `iamAction` names the permission. The drain itself needs it not. Asked again an hour later.',
    remedy: 'Add the IAM action to the instance’s role if you want to read the reasons.',
  },
  'drain.waiting': {
    level: 'warn',
    meaning: 'The drain waits for something that is not known; the message says for what.',
    remedy: 'If it lasts, look at the cause that the message gives.',
  },
  'drain.hook-unclear': {
    level: 'error',
    meaning: 'The instance could be released, but it cannot be told which lifecycle hook is ours.',
    remedy: 'Set --lifecycle-hook (ECS_DRAIN_LIFECYCLE_HOOK) to one of the names given.',
  },
  'drain.timeout': {
    level: 'warn',
    meaning: 'The drain timeout has passed and tasks are left. `onTimeout` says what happens.',
    remedy: '',
  },
  'drain.limit-near': {
    level: 'warn',
    meaning:
      'The lifecycle hook’s global limit is less than an hour away and the group does not retain abandoned instances: AWS will terminate the instance then, with the tasks named.',
    remedy:
      'Set the group’s instance lifecycle policy to retain on TerminateHookAbandon, or stop the tasks yourself.',
  },
  'drain.tasks-stopping': {
    level: 'warn',
    meaning: 'Tasks were asked to stop (StopTask), because a limit has come.',
    remedy: '',
  },
  'drain.refused': {
    level: 'info',
    meaning: 'ECS refused to deregister the container instance, because tasks still run. It is tried again.',
    remedy: '',
  },
  'drain.deregistered': {
    level: 'info',
    meaning: 'The container instance is out of its cluster; no task was left.',
    remedy: '',
  },
  'drain.cancelled': {
    level: 'info',
    meaning: 'The signal is gone. The container instance is ACTIVE again.',
    remedy: '',
  },
  'drain.cancelled-too-late': {
    level: 'warn',
    meaning: 'The signal is gone, but the container instance had been deregistered already.',
    remedy:
      'To use the instance again, restart its ECS agent without a checkpoint, so that it registers anew; else terminate it.',
  },
  'drain.not-ours': {
    level: 'info',
    meaning: 'The signal is gone. Somebody else had set the container instance DRAINING, so it stays so.',
    remedy: '',
  },
  'drain.done': { level: 'info', meaning: 'Nothing is left to do; `why` says which end it was.', remedy: '' },
  'lifecycle.heartbeat': {
    level: 'info',
    meaning: 'A heartbeat was recorded: the lifecycle action waits on.',
    remedy: '',
  },
  'lifecycle.nothing-waiting': {
    level: 'warn',
    meaning:
      'Auto Scaling says that no lifecycle action of the hook waits for this instance. Its state is read again.',
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
    meaning: 'The group was asked to terminate this instance.',
    remedy: '',
  },
  'hook.finished': { level: 'info', meaning: 'One of the operator’s hooks has succeeded.', remedy: '' },
  'hook.output': { level: 'info', meaning: 'A line that one of the operator’s hooks wrote.', remedy: '' },
  'hook.failed': {
    level: 'warn',
    meaning:
      'One of the operator’s hooks could not be started, ended with an exit code other than 0, or took too long. With `--hook-failure ignore` the drain goes on without it.',
    remedy: 'Mend the hook; the lines it wrote are in the log as `hook.output` events.',
  },
  'hook.holding': {
    level: 'warn',
    meaning:
      'Hooks of stage `drained` have failed and `--hook-failure` is `hold`: the instance is kept and they are tried again.',
    remedy:
      'Mend the hook in place, or remove it: what is there at the next try counts. The heartbeats go on meanwhile, up to the lifecycle hook’s global limit.',
  },
  'hook.skipped': {
    level: 'warn',
    meaning: 'A file in a directory of hooks is not run; the message says why.',
    remedy: 'Make it executable and writable for its owner alone, or remove it.',
  },
  'metrics.ready': { level: 'info', meaning: 'Metrics are served at this address.', remedy: '' },
  'metrics.unavailable': {
    level: 'warn',
    meaning:
      'The metrics cannot be served or written. The agent does its work all the same, and tries again.',
    remedy:
      'Free the port, or make the directory writable for the agent’s user (in the unit: ReadWritePaths=).',
  },
  'dry-run.skipped': {
    level: 'info',
    meaning: 'A call that would change something was not made, because of --dry-run.',
    remedy: '',
  },
  'call.failed': {
    level: 'warn',
    meaning: 'A call failed twice in a row, or was refused. It is made again. Logged once until it succeeds.',
    remedy: 'If it lasts, look at the cause that the message gives.',
  },
  'call.forbidden': {
    level: 'error',
    meaning: 'A policy forbids a call; `iamAction` names the permission. It is tried again once a minute.',
    remedy: 'Add the IAM action to the instance’s role: it takes effect without a restart.',
  },
  'call.recovered': { level: 'info', meaning: 'A call that failed succeeds again.', remedy: '' },
} as const satisfies Record<string, EventDefinition>;

export type EventName = keyof typeof events;

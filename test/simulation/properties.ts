import type { State } from '../../src/agent/state.ts';
import type { Input, Operation } from '../../src/aws/operations.ts';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { START, type VirtualClock } from '../virtual-clock.ts';
import { createCalm } from './calm.ts';
import type { Happening, Plan } from './plan.ts';
import { NEIGHBOUR_ID, type Stage } from './stage.ts';
import type { Truth } from './truth.ts';

export type Property =
  | 'S1'
  | 'S2'
  | 'S3'
  | 'S4'
  | 'S5'
  | 'S6'
  | 'L1'
  | 'L2'
  | 'L3'
  | 'L4'
  | 'Q1'
  | 'Q2'
  | 'X1';
export type Violation = { readonly property: Property; readonly at: number; readonly what: string };

/** Holds every promise of the agent against what it does and what becomes of it. Keeps the first violation. */
export type Checker = {
  onBoot(): void;
  onDeath(): void;
  onStateLost(): void;
  /** The state file holds this now. */
  onSaved(state: State): void;
  onCrash(error: unknown): void;
  onReport(state: string): void;
  /** The agent is about to make a call; it may be killed before it does. */
  onIntent(operation: Operation, input: unknown): void;
  onCall<O extends Operation>(operation: O, input: Input<O>): void;
  onAnswer(operation: Operation, output: unknown, input: unknown): void;
  onHostAnswer(url: string, status: number): void;
  onFault(fault: FaultKind): void;
  onHappening(happening: Happening): void;
  onEvent(event: TimelineEvent): void;
  /** Looks whether something is overdue. */
  probe(isAlive: boolean): void;
  atEnd(): void;
  violation(): Violation | undefined;
  /** Whether everything that could come has come. */
  isOver(): boolean;
  endState(): string;
  releasedAfter(): number | undefined;
  readonly faults: Map<string, number>;
  readonly checks: Map<string, number>;
};

/** Last task stopped, everything answers: released within this, in ms (L1). */
const RELEASE_MS = 5_000;
/** After the last trouble whatever is due is done within this, in ms (L1 after an outage, L3, L4). */
const RECOVERY_MS = 90_000;
/** A request that was begun while there was a signal can still be on its way, with its retries, in ms. */
const ON_ITS_WAY_MS = 150_000;

const MUTATING: ReadonlySet<Operation> = new Set<Operation>([
  'ecs:UpdateContainerInstancesState',
  'ecs:DeregisterContainerInstance',
  'ecs:StopTask',
  'autoscaling:RecordLifecycleActionHeartbeat',
  'autoscaling:CompleteLifecycleAction',
  'autoscaling:TerminateInstanceInAutoScalingGroup',
]);

export function createChecker(
  plan: Plan,
  stage: Stage,
  truth: Truth,
  clock: VirtualClock,
  manual: () => boolean,
): Checker {
  const { machine, fleet } = stage;
  const flag = (name: string) => plan.flags[plan.flags.indexOf(name) + 1];
  const has = (name: string) => plan.flags.includes(name);
  const isDrainMode = !has('--mode');
  const drainTimeout = has('--drain-timeout')
    ? Number.parseInt(flag('--drain-timeout') ?? '', 10) * 1_000
    : undefined;
  const onTimeout = has('--on-timeout') ? flag('--on-timeout') : 'wait';
  const readsTagByApi =
    !plan.machine.metadataTags ||
    flag('--tag-source') === 'ec2' ||
    plan.happenings.some(({ what }) => what === 'metadata-tags');
  const now = clock.trueNow;
  const calm = createCalm(now);
  const checks = new Map<string, number>();
  const faults = new Map<string, number>();
  const lastScripted =
    START +
    Math.max(
      0,
      ...plan.happenings.map(({ at }) => at),
      ...plan.faults.map(({ at, forMs = 0 }) => at + forMs),
      ...plan.kills.map((kill) => (kill.when === 'at' ? kill.at + kill.downMs : 0)),
      ...plan.tasks.map(({ at }) => at),
      ...(plan.elsewhere === 'full' ? plan.services.map(({ releasedAt }) => releasedAt) : []),
    );

  let found: Violation | undefined;
  let restarts = 0;
  let bornAt = -Infinity;
  let report = 'starting';
  let sent = new Map<string, number[]>();
  let drainSince: number | undefined;
  let goneAt = -Infinity;
  let isSignalled = false;
  let signalledSince = -Infinity;
  let agentSetDraining = false;
  let stateIsWhole = true;
  let stateWasLost = false;
  let hasRegistration = false;
  let frozen = false;
  let lifecycleKnown: string | undefined;
  let lifecycleKnownAt = -Infinity;
  let signalsReadAt = -Infinity;
  let listed = { running: false, stopped: false };
  let lastStopAt = -Infinity;
  let hostEmptyAt = -Infinity;
  let waitAt = -Infinity;
  let actionEndedAt = Infinity;
  let completedAt = Infinity;
  let lateHeartbeats = 0;
  let saidDoneByOthers = false;
  let jumped = false;
  let releasedAfter: number | undefined;
  let liedSince: number | undefined;
  let wasBornInLie = false;
  let drainingRequested = false;
  let externallyTerminated = false;
  let nextProbe = 0;
  let over = false;
  let pendingOf: string | undefined;
  let settledSince: number | undefined;

  function violate(property: Property, what: string) {
    found ??= { property, at: now(), what };
  }
  const count = (name: string) => checks.set(name, (checks.get(name) ?? 0) + 1);
  function check(property: Property, holds: boolean, what: () => string) {
    count(property);
    if (!holds) violate(property, what());
  }

  function updateSignals() {
    const signalled = truth.isSignalled();
    if (signalled === isSignalled) return;
    isSignalled = signalled;
    signalledSince = now();
    calm.change(false);
    if (signalled) {
      // One that was away too briefly to be seen goes on with the same drain.
      if (drainSince === undefined || (now() - goneAt > 15_000 && calm.troubleAt() < goneAt))
        drainSince = now();
    } else goneAt = now();
  }

  const wasSignalledLately = () => isSignalled || truth.isTerminating() || now() - goneAt <= ON_ITS_WAY_MS;

  /** Whether the operator allowed to let the instance go with its tasks. */
  function limitPassed(): boolean {
    if (drainTimeout === undefined || drainSince === undefined) return false;
    // Across a restart only the wall clock tells how long the process was down, and it may have been set.
    const slack = jumped ? restarts * 3_600_000 : 0;
    return now() >= drainSince + drainTimeout - slack;
  }

  function checkMutation<O extends Operation>(operation: O, input: Input<O>) {
    const named = namedBy(input);
    check(
      'S3',
      named.every(isOwn),
      () =>
        `${operation} names ${named.filter((one) => !isOwn(one)).join(', ')}, which is not this instance's`,
    );
    if (liedSince !== undefined && now() - liedSince > ON_ITS_WAY_MS)
      violate(
        'S3',
        `${operation} while instance metadata has named another instance for ${now() - liedSince} ms`,
      );
    const isGivingBack =
      operation === 'ecs:UpdateContainerInstancesState' && (input as { status?: string }).status === 'ACTIVE';
    if (isGivingBack) {
      check('S4', drainingRequested, () => 'sets ACTIVE what it did not set DRAINING');
      const signalledFor = isSignalled && truth.canTell() ? now() - signalledSince : 0;
      check(
        'L4',
        signalledFor <= 60_000,
        () => `sets ACTIVE what has to go, and had to for ${signalledFor} ms`,
      );
      return;
    }
    check(
      'S4',
      wasSignalledLately(),
      () => `${operation} though nothing has asked for this instance to go for ${now() - goneAt} ms`,
    );
  }

  function isOwn(name: string): boolean {
    // Metadata that lies from the process's start on cannot be told from the truth.
    if (wasBornInLie) return true;
    if (name === machine.id) return true;
    if (name === NEIGHBOUR_ID) return false;
    const id = name.slice(name.lastIndexOf('/') + 1);
    const { cluster } = fleet;
    const instance = cluster.containerInstances.get(id) ?? cluster.tasks.get(id)?.containerInstance;
    // What ECS has forgotten was checked when ECS knew it.
    return !instance || instance.machine === machine;
  }

  /** Whether letting go rests on answers: of this process, and since the last time that nothing answered. */
  function checkKnowledge(what: string) {
    const lostImds =
      !manual() && now() - signalsReadAt > 90_000 && !(lifecycleKnown?.startsWith('Terminat') ?? false);
    check(
      'S5',
      !lostImds,
      () => `${what} though instance metadata has not answered for ${now() - signalsReadAt} ms`,
    );
  }

  function checkIrreversible<O extends Operation>(operation: O, input: Input<O>) {
    if (operation === 'ecs:DeregisterContainerInstance') {
      const { force } = input as Input<'ecs:DeregisterContainerInstance'>;
      check('S2', force !== true, () => 'deregisters by force');
      if (isDrainMode) {
        check('S5', listed.running && listed.stopped, () => 'deregisters without having listed the tasks');
        checkKnowledge('deregisters');
      }
    }
    const isContinue =
      operation === 'autoscaling:CompleteLifecycleAction' &&
      (input as Input<'autoscaling:CompleteLifecycleAction'>).LifecycleActionResult === 'CONTINUE';
    if (isContinue || operation === 'autoscaling:TerminateInstanceInAutoScalingGroup') {
      const left = truth.tasksLeft();
      const allowed = limitPassed() && onTimeout === 'continue';
      check(
        'S1',
        left === 0 || allowed,
        () => `${operation} while ${left} tasks on the instance are not STOPPED`,
      );
      if (!allowed) {
        checkKnowledge(operation);
        check(
          'S5',
          lifecycleKnown !== undefined,
          () => `${operation} without knowing the instance's state in its group`,
        );
      }
    }
    if (operation === 'autoscaling:CompleteLifecycleAction' && !isContinue) checkAbandon();
    if (operation === 'ecs:StopTask') checkStop();
  }

  /** Nobody's task is asked to stop before the limit that the operator set, or the end that a Spot notice names. */
  function checkStop() {
    const isSpot = machine.imds.spotAction !== undefined;
    check(
      'S1',
      isSpot || (limitPassed() && onTimeout === 'stop-tasks'),
      () => 'asks a task to stop that may run on',
    );
  }

  function checkAbandon() {
    const left = truth.tasksLeft();
    const byOperator = limitPassed() && onTimeout === 'abandon';
    check(
      'S1',
      left === 0 || byOperator || plan.group?.retain === true,
      () => `abandons the lifecycle action in a group that does not retain, with ${left} tasks`,
    );
  }

  function checkHook<O extends Operation>(operation: O, input: Input<O>) {
    if (!operation.startsWith('autoscaling:RecordL') && !operation.startsWith('autoscaling:Complete')) return;
    const { LifecycleHookName: name } = input as Input<'autoscaling:CompleteLifecycleAction'>;
    check(
      'S6',
      name === truth.ours(),
      () => `${operation} for the hook ${name}, while ${truth.ours() ?? 'none'} is ours`,
    );
    if (operation === 'autoscaling:RecordLifecycleActionHeartbeat') checkHeartbeat();
  }

  /** Heartbeats end with the action: at once where we ended it, else as soon as it can be told from the answers. */
  function checkHeartbeat() {
    if (now() - completedAt > 30_000) {
      if (now() - calm.troubleAt() < 15_000) return;
      // AWS's word that it has ended may be put to the test, now and then.
      lateHeartbeats++;
      check('S4', lateHeartbeats <= 8, () => `${lateHeartbeats} heartbeats for an action that we completed`);
      return;
    }
    if (lifecycleKnownAt < actionEndedAt || now() - Math.max(actionEndedAt, bornAt) <= ON_ITS_WAY_MS) return;
    lateHeartbeats++;
    check('S4', lateHeartbeats <= 10, () => `${lateHeartbeats} heartbeats for an action that has ended`);
  }

  function checkRate(operation: Operation) {
    const times = sent.get(operation) ?? [];
    sent.set(operation, times);
    while (times.length > 0 && (times[0] as number) <= now() - 60_000) times.shift();
    times.push(now());
    const isUrgent = operation === 'ecs:StopTask' && machine.imds.spotAction !== undefined;
    check(
      'Q2',
      times.length <= 12 || isUrgent,
      () => `${times.length} requests to ${operation} within a minute`,
    );
    if (readsTagByApi || wasBornInLie || liedSince !== undefined) return;
    const quietFor = now() - Math.max(goneAt, calm.troubleAt());
    const atRest =
      !isSignalled &&
      quietFor > ON_ITS_WAY_MS + 60_000 &&
      !truth.isTerminating() &&
      !(agentSetDraining && stateWasLost);
    check('Q1', !atRest || drainingRequested, () => `${operation} at rest`);
  }

  /** What is due and not done, in words; undefined where nothing is. */
  function overdue(): string | undefined {
    const containerInstance = truth.containerInstance();
    const status = containerInstance?.status;
    const isRegistered = status === 'ACTIVE' || status === 'DRAINING';
    const state = truth.lifecycleState();
    if (liedSince !== undefined || wasBornInLie) return undefined;
    if (!isSignalled) {
      if (truth.isTerminating() || !truth.canTell()) return undefined;
      if (agentSetDraining && status === 'DRAINING' && stateIsWhole && !stateWasLost)
        return 'L4: the instance is still DRAINING, though the drain was cancelled';
      if (status === 'ACTIVE' && report !== 'watching')
        return `L4: the agent is ${report}, though the drain was cancelled`;
      return undefined;
    }
    // Without the ECS agent's word, or its earlier one, nothing says which container instance this host is.
    const isFindable =
      has('--cluster') || (machine.ecsAgent.up && machine.ecsAgent.containerInstance) || hasRegistration;
    if (!isFindable) return undefined;
    if (status === 'ACTIVE' && isDrainMode) return 'L1: the instance is still ACTIVE';
    if (truth.tasksLeft() > 0 || frozen) return undefined;
    if (isRegistered) return 'L1: no task is left, and the instance is still registered';
    if (truth.waitingForUs()) return 'L1: no task is left, and our lifecycle action still waits';
    if (state === 'Terminating:Retained')
      return 'L1: no task is left, and the retained instance is not terminated';
    return undefined;
  }

  /** Whether the five seconds of L1 apply to the release that is due. */
  function isPlain(): boolean {
    const stop = lastStopAt;
    return (
      isDrainMode &&
      !has('--poll-interval') &&
      isSignalled &&
      drainSince !== undefined &&
      drainSince < stop - 20_000 &&
      bornAt < stop - 60_000 &&
      waitAt < stop - 35_000 &&
      calm.troubleAt() < stop - 120_000 &&
      calm.changeAt() < stop - 60_000 &&
      stop - hostEmptyAt <= 30_000 &&
      machine.ecsAgent.up &&
      !frozen
    );
  }

  function probe(isAlive: boolean) {
    if (!isAlive || now() < nextProbe) return;
    nextProbe = now() + 1_000;
    updateSignals();
    const due = overdue();
    if (due !== pendingOf) {
      pendingOf = due;
      settledSince = now();
    }
    const kind = due?.slice(0, 2) as Property | undefined;
    if (due && kind) {
      count(restarts > 0 ? 'L3' : kind);
      const since = Math.max(calm.since(), lastStopAt, waitAt, bornAt);
      if (kind === 'L1' && due.includes('no task') && isPlain()) {
        count('L1 within 5 s');
        if (now() - lastStopAt > RELEASE_MS + 100)
          violate('L1', `${due.slice(4)} ${now() - lastStopAt} ms after its last task stopped`);
      }
      if (now() - since > RECOVERY_MS + patience())
        violate(
          restarts > 0 && kind !== 'L4' ? 'L3' : kind,
          `${due.slice(4)} ${now() - since} ms after everything was well`,
        );
      return;
    }
    const rest = now() - Math.max(calm.since(), settledSince ?? 0, lastStopAt, waitAt, bornAt);
    if (
      now() > lastScripted &&
      rest > 45_000 &&
      (!isSignalled || frozen || truth.tasksLeft() === 0 || nothingWillEnd())
    )
      over = true;
  }

  const nothingWillEnd = () => !machine.ecsAgent.tasks.some((task) => task.exit?.run || task.transition?.run);

  /** What else AWS makes one wait: the tag by the EC2 API, after that was throttled. */
  const patience = () => (readsTagByApi ? 400_000 : 0);

  return {
    onBoot: () => {
      bornAt = now();
      sent = new Map();
      completedAt = Infinity;
      lifecycleKnown = undefined;
      signalsReadAt = -Infinity;
      listed = { running: false, stopped: false };
      report = 'starting';
      wasBornInLie = false;
      calm.up();
    },
    onDeath: () => {
      restarts++;
      calm.down();
    },
    onStateLost: () => {
      stateWasLost = true;
      hasRegistration = false;
    },
    onSaved: ({ registration }) => {
      stateIsWhole = true;
      hasRegistration = registration !== undefined;
    },
    onCrash: (error) => violate('X1', `the agent ended: ${error instanceof Error ? error.stack : error}`),
    onReport: (state) => {
      report = state;
    },
    onIntent: (operation, input) => {
      // It has noted down by now that it is its own: killed, it cannot know that the call was never made.
      if (
        operation === 'ecs:UpdateContainerInstancesState' &&
        (input as { status?: string }).status === 'DRAINING'
      )
        drainingRequested = true;
    },
    onCall: (operation, input) => {
      updateSignals();
      checkRate(operation);
      if (!MUTATING.has(operation)) return;
      checkMutation(operation, input);
      checkHook(operation, input);
      checkIrreversible(operation, input);
      if (operation === 'ecs:UpdateContainerInstancesState') {
        const isDraining = (input as { status?: string }).status === 'DRAINING';
        if (isDraining && truth.containerInstance()?.status === 'ACTIVE') {
          agentSetDraining = true;
          stateWasLost = false;
        }
      }
    },
    onAnswer: (operation, output, input) => {
      if (operation === 'autoscaling:CompleteLifecycleAction' && actionEndedAt <= now()) completedAt = now();
      if (operation === 'ec2:DescribeTags' && (output as { Tags?: unknown }).Tags) signalsReadAt = now();
      if (operation === 'autoscaling:DescribeAutoScalingInstances') {
        const { AutoScalingInstances: members } = output as {
          AutoScalingInstances?: { LifecycleState?: string }[];
        };
        if (members) {
          lifecycleKnown = members[0]?.LifecycleState ?? 'none';
          lifecycleKnownAt = now();
        }
      }
      if (operation === 'ecs:ListTasks' && (output as { taskArns?: unknown }).taskArns) {
        // A page that names another one is not the list.
        const isWhole = (output as { nextToken?: unknown }).nextToken === undefined;
        if ((input as { desiredStatus?: string }).desiredStatus === 'STOPPED') listed.stopped = isWhole;
        else listed.running = isWhole;
      }
    },
    onHostAnswer: (url, status) => {
      if (status !== 200 && status !== 404) return;
      if (!url.includes(':51678')) {
        // It takes the first answer for the truth: who it is.
        if (report === 'starting' && liedSince !== undefined) wasBornInLie = true;
        signalsReadAt = now();
      }
    },
    onFault: (fault) => {
      const name = fault.what;
      faults.set(name, (faults.get(name) ?? 0) + 1);
      calm.trouble(lasting(fault));
    },
    onHappening: (happening) => {
      updateSignals();
      calm.change();
      if (happening.what === 'clock-jump') jumped = true;
      if (happening.what === 'claims-neighbour') liedSince = now();
      if (happening.what === 'claims-itself') liedSince = undefined;
      if (happening.what === 'ecs-agent') {
        frozen = machine.ecsAgent.frozen !== undefined;
        calm.trouble();
      }
      if (happening.what === 'disk') {
        stateIsWhole = false;
        calm.trouble();
      }
      if (happening.what === 'reboot') calm.trouble(happening.downMs);
      if (happening.what === 'other-completes') saidDoneByOthers = true;
      if (happening.what === 'other-drains') agentSetDraining = false;
      if (happening.what === 'ec2-terminates') externallyTerminated = true;
    },
    onEvent: (event) => {
      switch (event.type) {
        case 'task':
          if (event.instanceId !== machine.id) return;
          calm.change(false);
          if (event.to === 'STOPPED') lastStopAt = event.at;
          if (event.to === 'DEPROVISIONING')
            hostEmptyAt = event.at - fleet.world.options.timings.agentReportLag;
          return;
        case 'container-instance':
          if (event.instanceId !== machine.id) return;
          if (event.to === 'ACTIVE') {
            calm.change(false);
            agentSetDraining = false;
          }
          if (event.to === 'INACTIVE' && !truth.waitingForUs()) noteRelease(event.at);
          return;
        case 'lifecycle-state':
          if (event.instanceId !== machine.id) return;
          updateSignals();
          calm.change(false);
          waitAt = event.at;
          if (event.to === 'Terminating:Proceed' && event.from !== 'Terminating') noteRelease(event.at);
          if (event.to === 'Terminating:Wait') {
            actionEndedAt = Infinity;
            completedAt = Infinity;
            lateHeartbeats = 0;
          }
          return;
        case 'lifecycle-action-ended':
          if (event.instanceId !== machine.id || event.hook !== truth.ours()) return;
          actionEndedAt = event.at;
          if (event.by === 'heartbeat-timeout') checkMissedHeartbeat(event.hook, event.at);
          return;
        case 'task-interrupted':
          checkInterruption(event.interruption.cause);
          return;
      }
    },
    probe,
    atEnd: () => {
      if (machine.state === 'running' && !over && !found) count('cut off');
    },
    violation: () => found,
    isOver: () => over,
    endState: () => `${report}, ${truth.lifecycleState() ?? 'no group'}`,
    releasedAfter: () => releasedAfter,
    faults,
    checks,
  };

  function noteRelease(at: number) {
    if (truth.tasksLeft() > 0 || lastStopAt === -Infinity || !isPlain()) return;
    releasedAfter = at - lastStopAt;
    check(
      'L1',
      releasedAfter <= RELEASE_MS + 100,
      () => `released ${releasedAfter} ms after the last task stopped`,
    );
  }

  /** L2: the hook timed out though the outage was shorter than two thirds of its time-out. */
  function checkMissedHeartbeat(hookName: string, at: number) {
    const hook = plan.group?.hooks.find(({ name }) => name === hookName);
    if (!hook || liedSince !== undefined || wasBornInLie || !isSignalled || truth.tasksLeft() === 0) return;
    const timeout = hook.heartbeatTimeout * 1_000;
    const from = at - timeout;
    const span = calm.span(from, at);
    const signalledFor = drainSince === undefined ? 0 : at - drainSince;
    // Who looks for the signal as rarely as the hook times out has chosen so.
    if (Number.parseInt(flag('--poll-interval') ?? '5', 10) > 5 && has('--poll-interval')) return;
    if (signalledFor < timeout || (readsTagByApi && signalledFor < timeout + 400_000)) return;
    const allowed = bornAt > from ? span + 30_000 : span;
    check(
      'L2',
      allowed > (timeout * 2) / 3,
      () => `the hook ${hookName} timed out, with trouble for only ${span} ms of its ${timeout} ms`,
    );
  }

  /** The last word on S1: a machine went with a task on it, and nothing but the agent is to blame. */
  function checkInterruption(cause: string) {
    if (!cause.startsWith('the group')) return;
    const byOperator = limitPassed() && (onTimeout === 'continue' || onTimeout === 'abandon');
    const byAws = actionEndedAt < Infinity || truth.ours() === undefined || !plan.group?.hooks.length;
    check(
      'S1',
      byOperator || byAws || saidDoneByOthers || externallyTerminated,
      () => `a task was lost: ${cause}`,
    );
  }
}

/** For how long, in ms, a fault that hits a request keeps the agent from asking again. */
function lasting(fault: FaultKind): number {
  if (fault.what === 'delay' || fault.what === 'stall' || fault.what === 'drip') return 10_000;
  // What is forbidden is tried once a minute.
  return fault.what === 'error' && fault.name === 'AccessDeniedException' ? 60_000 : 0;
}

function namedBy(input: unknown): string[] {
  const { containerInstances, containerInstance, task, InstanceId } = input as {
    containerInstances?: string[];
    containerInstance?: string;
    task?: string;
    InstanceId?: string;
  };
  return [...(containerInstances ?? []), containerInstance, task, InstanceId].filter(
    (name) => name !== undefined,
  );
}

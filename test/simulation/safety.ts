import type { Input, Operation } from '../../src/aws/operations.ts';
import { type Facts, setsStatus } from './facts.ts';
import type { Scene } from './scene.ts';
import { NEIGHBOUR_ID } from './stage.ts';
import type { Verdict } from './verdict.ts';

/** A request that was begun while there was a signal can still be on its way, with its retries, in ms. */
const ON_ITS_WAY_MS = 150_000;
/** … and where all goes well, in ms. */
const SOON_THERE_MS = 500;

const MUTATING: ReadonlySet<Operation> = new Set<Operation>([
  'ecs:UpdateContainerInstancesState',
  'ecs:DeregisterContainerInstance',
  'ecs:StopTask',
  'autoscaling:RecordLifecycleActionHeartbeat',
  'autoscaling:CompleteLifecycleAction',
  'autoscaling:TerminateInstanceInAutoScalingGroup',
]);

/** What the agent must never do (S1 to S6), and how often it may ask (Q1, Q2): looked at with each call. */
export type Safety = {
  call<O extends Operation>(operation: O, input: Input<O>): void;
  /** A machine went with a task on it. */
  interruption(cause: string): void;
};

/** @param manual whether a request to drain lies on the host */
export function createSafety(
  scene: Scene,
  facts: Facts,
  { check, violate }: Verdict,
  manual: () => boolean,
): Safety {
  const { plan, stage, truth, settings, calm, now } = scene;
  const { machine, fleet } = stage;

  function isOwn(name: string): boolean {
    // Metadata that lies from the process's start on cannot be told from the truth.
    if (facts.wasBornInLie || name === machine.id) return true;
    if (name === NEIGHBOUR_ID) return false;
    const id = name.slice(name.lastIndexOf('/') + 1);
    for (const cluster of fleet.world.clusters.values()) {
      const instance = cluster.containerInstances.get(id) ?? cluster.tasks.get(id)?.containerInstance;
      if (instance && instance.machine !== machine) return false;
    }
    // What ECS has forgotten was checked when ECS knew it.
    return true;
  }

  function checkNames(operation: Operation, input: unknown) {
    const strangers = namedBy(input).filter((name) => !isOwn(name));
    check(
      'S3',
      strangers.length === 0,
      () => `${operation} names ${strangers.join(', ')}, which is not this instance's`,
    );
    if (!facts.wasBornInLie && facts.lieHeardAt !== undefined && now() - facts.lieHeardAt > ON_ITS_WAY_MS)
      violate(
        'S3',
        `${operation} ${now() - facts.lieHeardAt} ms after metadata had told that it is another instance`,
      );
    if (facts.wasBornInLie || facts.liedSince === undefined) return;
    const isLater = facts.signalledSince > facts.liedSince && now() - facts.liedSince > SOON_THERE_MS;
    check(
      'S3',
      !isLater || calm.troubleAt() > facts.liedSince,
      () => `${operation} on signals that came when metadata was another instance's`,
    );
  }

  function checkSignal(operation: Operation) {
    const holds = facts.isSignalled || truth.isTerminating() || now() - facts.goneAt <= ON_ITS_WAY_MS;
    check(
      'S4',
      holds,
      () => `${operation} though nothing has asked for this instance to go for ${now() - facts.goneAt} ms`,
    );
  }

  function checkGivingBack() {
    check('S4', facts.drainingRequested, () => 'sets ACTIVE what it did not set DRAINING');
    const signalledFor = facts.isSignalled && truth.canTell() ? now() - facts.signalledSince : 0;
    check(
      'L4',
      signalledFor <= 100_000,
      () => `sets ACTIVE what has to go, and had to for ${signalledFor} ms`,
    );
  }

  function checkHook(operation: Operation, input: unknown) {
    const { LifecycleHookName: name } = input as { LifecycleHookName?: string };
    if (name === undefined) return;
    check(
      'S6',
      name === truth.ours(),
      () => `${operation} for the hook ${name}, while ${truth.ours() ?? 'none'} is ours`,
    );
  }

  /** Heartbeats end with the action: at once where we ended it, else as soon as it can be told from the answers. */
  function checkHeartbeat() {
    const isCompleted = now() - facts.completedAt > 30_000;
    const isKnownToHaveEnded =
      facts.lifecycleKnownAt >= facts.actionEndedAt &&
      now() - Math.max(facts.actionEndedAt, facts.bornAt) > ON_ITS_WAY_MS;
    if (!isCompleted && !isKnownToHaveEnded) return;
    if (isCompleted && now() - calm.troubleAt() < 15_000) return;
    // AWS's word that it has ended may be put to the test, now and then.
    facts.lateHeartbeats++;
    const most = isCompleted ? 3 : 12;
    check(
      'S4',
      facts.lateHeartbeats <= most,
      () => `${facts.lateHeartbeats} heartbeats for an action that has ended`,
    );
  }

  /** Whether the operator allowed what a limit of his brings. */
  function limitPassed(): boolean {
    if (settings.drainTimeout === undefined || facts.drainSince === undefined) return false;
    return now() >= facts.drainSince + settings.drainTimeout;
  }

  const allows = (onTimeout: string) => settings.onTimeout === onTimeout && limitPassed();

  /** Whether letting go rests on answers that this process got, and not too long ago. */
  function checkKnowledge(what: string) {
    const since = now() - facts.signalsReadAt;
    const isDecided = facts.lifecycleKnown?.startsWith('Terminat') ?? false;
    check(
      'S5',
      manual() || isDecided || since <= 90_000,
      () => `${what} though metadata has not answered for ${since} ms`,
    );
  }

  function checkDeregistration({ force }: Input<'ecs:DeregisterContainerInstance'>) {
    check('S2', force !== true, () => 'deregisters by force');
    if (settings.mode !== 'drain') return;
    const { running, stopped } = facts.listed;
    check('S5', running && stopped, () => 'deregisters without having listed the tasks');
    checkKnowledge('deregisters');
  }

  function checkLettingGo(operation: Operation) {
    // An action that has ended already lets go of nothing any more.
    if (operation === 'autoscaling:CompleteLifecycleAction' && !truth.waitingForUs()) return;
    const left = truth.tasksLeft();
    const isAllowed = allows('continue');
    const containerInstance = truth.containerInstance();
    // One that was registered a moment ago could not be known: as long as a look takes, which is longer in trouble.
    const unseenMs = now() - calm.troubleAt() < 15_000 ? 15_000 : 1_000;
    const isNew = containerInstance !== undefined && now() - containerInstance.registeredAt < unseenMs;
    check(
      'S1',
      left === 0 || isAllowed || isNew,
      () => `${operation} while ${left} tasks on the instance are not STOPPED`,
    );
    if (isAllowed) return;
    const isRegistered = containerInstance?.status === 'ACTIVE' || containerInstance?.status === 'DRAINING';
    check('S1', !isRegistered || isNew, () => `${operation} while ECS can still place tasks on the instance`);
    checkKnowledge(operation);
    check(
      'S5',
      facts.lifecycleKnown !== undefined,
      () => `${operation} without knowing the instance's state in its group`,
    );
  }

  function checkAbandoning() {
    const left = truth.tasksLeft();
    const holds = left === 0 || plan.group?.retain === true || allows('abandon');
    check(
      'S1',
      holds,
      () => `abandons the lifecycle action in a group that does not retain, with ${left} tasks`,
    );
  }

  /** No task is asked to stop before the limit that the operator set, or the end that a Spot notice names. */
  function checkStopping() {
    const holds = machine.imds.spotAction !== undefined || allows('stop-tasks');
    check('S1', holds, () => 'asks a task to stop that may run on');
  }

  function checkRate(operation: Operation) {
    const times = facts.sent.get(operation) ?? [];
    facts.sent.set(operation, times);
    while (times.length > 0 && (times[0] as number) <= now() - 60_000) times.shift();
    times.push(now());
    const isUrgent = operation === 'ecs:StopTask' && machine.imds.spotAction !== undefined;
    check(
      'Q2',
      times.length <= 12 || isUrgent,
      () => `${times.length} requests to ${operation} within a minute`,
    );
  }

  function checkQuiet(operation: Operation) {
    if (settings.readsTagByApi || facts.wasBornInLie || facts.liedSince !== undefined) return;
    const quietFor = now() - Math.max(facts.goneAt, calm.troubleAt());
    const isAtRest = !facts.isSignalled && !truth.isTerminating() && quietFor > ON_ITS_WAY_MS + 60_000;
    // A drain that was cancelled where nothing can tell the signals is not over.
    check('Q1', !isAtRest || !truth.canTell(), () => `${operation} at rest`);
  }

  return {
    call: (operation, input) => {
      checkRate(operation);
      checkQuiet(operation);
      if (!MUTATING.has(operation)) return;
      checkNames(operation, input);
      checkHook(operation, input);
      if (setsStatus(operation, input, 'ACTIVE')) {
        checkGivingBack();
        return;
      }
      checkSignal(operation);
      switch (operation) {
        case 'ecs:DeregisterContainerInstance':
          return checkDeregistration(input as Input<'ecs:DeregisterContainerInstance'>);
        case 'ecs:StopTask':
          return checkStopping();
        case 'autoscaling:RecordLifecycleActionHeartbeat':
          return checkHeartbeat();
        case 'autoscaling:TerminateInstanceInAutoScalingGroup':
          return checkLettingGo(operation);
        case 'autoscaling:CompleteLifecycleAction': {
          const { LifecycleActionResult: result } = input as Input<'autoscaling:CompleteLifecycleAction'>;
          return result === 'CONTINUE' ? checkLettingGo(operation) : checkAbandoning();
        }
      }
    },
    interruption: (cause) => {
      if (!cause.startsWith('the group')) return;
      const byAws = facts.actionEndedAt < Infinity || truth.ours() === undefined || !plan.group?.hooks.length;
      const byOthers = facts.completedByOthers || facts.terminatedOutside;
      check(
        'S1',
        byAws || byOthers || allows('continue') || allows('abandon'),
        () => `a task was lost: ${cause}`,
      );
    },
  };
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

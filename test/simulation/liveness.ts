import type { Facts } from './facts.ts';
import type { Scene } from './scene.ts';
import type { Verdict } from './verdict.ts';

/** Last task stopped, everything answers: released within this, in ms (L1), and the tenth of a second that calls take. */
const RELEASE_MS = 5_100;
/** After the last trouble whatever is due is done within this, in ms (L1 after an outage, L3, L4). */
const RECOVERY_MS = 75_000;
/** What the EC2 API makes one wait that reads the tag there and was throttled, in ms. */
const EC2_PATIENCE_MS = 400_000;
/** A run in which nothing happens any more for so long, in ms, is over. */
const REST_MS = 45_000;
/** … where another owner's hook still holds the instance: whoever goes on with his own shows it by then. */
const HELD_REST_MS = 120_000;
/** A process that starts needs this long, in ms, to learn what it must keep alive. */
const START_MS = 30_000;

/** What the agent must get done (L1 to L4): looked at as time passes. */
export type Liveness = {
  /** Looks whether something is overdue. Call it often; it looks once a second. */
  probe(): void;
  /** The instance was released, at this time. */
  released(at: number): void;
  /** A lifecycle action of ours ran into its time-out, at this time. */
  timedOut(hook: string, at: number): void;
  releasedAfter(): number | undefined;
  /** Whether everything that could come has come. */
  isOver(): boolean;
};

/** Something that must be done: by which promise, and since nobody lets go, what is still the case. */
type Due = { readonly property: 'L1' | 'L4'; readonly what: string; readonly isRelease: boolean };

export function createLiveness(scene: Scene, facts: Facts, verdict: Verdict): Liveness {
  const { plan, stage, truth, settings, calm, now } = scene;
  const { machine } = stage;
  let nextProbe = 0;
  let over = false;
  let dueBefore: string | undefined;
  let settledSince = 0;
  let releasedAfter: number | undefined;

  const isFrozen = () => machine.ecsAgent.frozen !== undefined;

  function whatIsDue(): Due | undefined {
    if (facts.liedSince !== undefined || facts.wasBornInLie) return undefined;
    return facts.isSignalled ? dueInDrain() : dueAtRest();
  }

  function dueAtRest(): Due | undefined {
    if (truth.isTerminating() || !truth.canTell()) return undefined;
    const status = truth.containerInstance()?.status;
    const remembers = facts.stateIsWhole && !facts.stateWasLost;
    if (facts.agentSetDraining && status === 'DRAINING' && remembers)
      return {
        property: 'L4',
        what: 'the instance is still DRAINING, though the drain was cancelled',
        isRelease: false,
      };
    if (status === 'ACTIVE' && facts.report() !== 'watching')
      return {
        property: 'L4',
        what: `the agent is ${facts.report()}, though the drain was cancelled`,
        isRelease: false,
      };
    return undefined;
  }

  function dueInDrain(): Due | undefined {
    // Without the ECS agent's word, or its earlier one, nothing says which container instance this host is.
    const { up, containerInstance, cluster } = machine.ecsAgent;
    const registered = [...cluster.containerInstances.values()].filter(
      (one) => one.machine === machine && one.status !== 'INACTIVE',
    );
    if (!up && registered.length > 1) return undefined;
    if (!settings.namesCluster && !(up && containerInstance) && !facts.hasRegistration) return undefined;
    const status = containerInstance?.status;
    if (status === 'ACTIVE' && settings.mode === 'drain')
      return { property: 'L1', what: 'the instance is still ACTIVE', isRelease: false };
    if (truth.tasksLeft() > 0 || isFrozen()) return undefined;
    const due = (what: string): Due => ({
      property: 'L1',
      what: `no task is left, and ${what}`,
      isRelease: true,
    });
    if (status === 'ACTIVE' || status === 'DRAINING') return due('the instance is still registered');
    if (truth.waitingForUs()) return due('our lifecycle action still waits');
    if (truth.lifecycleState() === 'Terminating:Retained')
      return due('the retained instance is not terminated');
    return undefined;
  }

  /** Whether the five seconds of L1 apply: nothing has gone wrong, and the drain is well on its way. */
  function isPlain(): boolean {
    const stop = facts.lastStopAt;
    return (
      settings.mode === 'drain' &&
      settings.pollInterval === 5_000 &&
      facts.isSignalled &&
      facts.drainSince !== undefined &&
      facts.drainSince < stop - 20_000 &&
      facts.bornAt < stop - 60_000 &&
      facts.stateSince < stop - 35_000 &&
      calm.troubleAt() < stop - 120_000 &&
      calm.changeAt() < stop - 60_000 &&
      stop - facts.hostEmptyAt <= 30_000 &&
      machine.ecsAgent.up &&
      !isFrozen()
    );
  }

  const wellSince = () => Math.max(calm.since(), facts.lastStopAt, facts.stateSince, facts.bornAt);

  function checkDue({ property, what, isRelease }: Due) {
    const isAfterKill = facts.restarts > 0 && property === 'L1';
    verdict.count(isAfterKill ? 'L3' : property);
    if (isRelease && isPlain()) {
      verdict.count('L1 within 5 s');
      const late = now() - facts.lastStopAt;
      if (late > RELEASE_MS) verdict.violate('L1', `${what} ${late} ms after its last task stopped`);
    }
    const late = now() - wellSince();
    if (late > RECOVERY_MS + (settings.readsTagByApi ? EC2_PATIENCE_MS : 0))
      verdict.violate(isAfterKill ? 'L3' : property, `${what} ${late} ms after everything was well`);
  }

  function isAtItsEnd(): boolean {
    const rest = now() - Math.max(wellSince(), settledSince);
    const isHeld = truth.lifecycleState() === 'Terminating:Wait' && facts.actionEndedAt < Infinity;
    if (now() <= scene.lastScripted || rest <= (isHeld ? HELD_REST_MS : REST_MS)) return false;
    const isStuck = !machine.ecsAgent.tasks.some((task) => task.exit?.run || task.transition?.run);
    return !facts.isSignalled || isFrozen() || truth.tasksLeft() === 0 || isStuck;
  }

  return {
    probe: () => {
      if (now() < nextProbe) return;
      nextProbe = now() + 1_000;
      const due = whatIsDue();
      if (due?.what !== dueBefore) {
        dueBefore = due?.what;
        settledSince = now();
      }
      if (due) checkDue(due);
      else over = isAtItsEnd();
    },
    released: (at) => {
      if (truth.tasksLeft() > 0 || facts.lastStopAt === -Infinity || !isPlain()) return;
      const after = at - facts.lastStopAt;
      releasedAfter = after;
      verdict.check('L1', after <= RELEASE_MS, () => `released ${after} ms after the last task stopped`);
    },
    timedOut: (name, at) => {
      const hook = plan.group?.hooks.find((one) => one.name === name);
      if (!hook || facts.liedSince !== undefined || facts.wasBornInLie) return;
      if (!facts.isSignalled || truth.tasksLeft() === 0) return;
      const timeout = hook.heartbeatTimeout * 1_000;
      const signalledFor = facts.drainSince === undefined ? 0 : at - facts.drainSince;
      // Who looks for the signal as rarely as the hook times out has chosen so.
      if (settings.pollInterval > 5_000) return;
      if (signalledFor < timeout + (settings.readsTagByApi ? EC2_PATIENCE_MS : 0)) return;
      const span = calm.span(at - timeout, at);
      const starts = facts.bornAt > at - timeout ? START_MS : 0;
      // Without that signal the state in the group is looked at every half a minute.
      const notices = settings.heedsLifecycle ? 0 : 30_000;
      const outage = span + Math.max(starts, notices);
      verdict.check(
        'L2',
        outage > (timeout * 2) / 3,
        () => `the hook ${name} timed out, with trouble for only ${span} ms of its ${timeout} ms`,
      );
    },
    releasedAfter: () => releasedAfter,
    isOver: () => over,
  };
}

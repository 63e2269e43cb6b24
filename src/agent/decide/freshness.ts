import { ifKnown, type Reading } from '../../base/reading.ts';
import type { Registration } from '../../host/ecs-agent.ts';
import type { Action, Asked, EcsView, Mutation, Observation, Question } from '../model.ts';
import { demand, isHookWanted } from './facts.ts';

/** What was asked, and when. Times are in ms by the agent's clock. */
export type Freshness = {
  readonly now: number;
  readonly asked: Readonly<Record<Needed, Asked>>;
  readonly registration: Reading<Registration>;
  readonly ecsView: Reading<EcsView>;
  /** When an action of this kind was first decided on. */
  readonly decidedAt: number;
  /** When this try of it became due: it was decided on, nothing else was under way, and it had rested. */
  readonly dueAt: number;
  /** Since when the ECS agent has seen no task; undefined where it sees some, or is silent. */
  readonly emptySince: number | undefined;
  /** Since when the instance has to go; undefined where no signal is there. */
  readonly signalledAt: number | undefined;
  /** When a new signal came, or the last one went: what the group said before says nothing of that. -Infinity: unseen. */
  readonly signalsChangedAt: number;
  /** Until when it had rested since the try before; -Infinity before the first. */
  readonly restedUntil: number;
  /** The group was last known to replace the root volume of an instance that stays. */
  readonly isReplacing: boolean;
};

type Needed = Extract<
  Question,
  'identity' | 'registration' | 'localTasks' | 'ecsView' | 'lifecycle' | 'retention'
>;

/** What was asked this long before it became due is new enough to let an instance go, in ms. */
const LATELY_MS = 500;
/** … and what ECS said, where the ECS agent has just said once more that this host is what ECS was asked about. */
const LATELY_CONFIRMED_MS = 5_000;

/**
 * … and where ECS has let go of what the ECS agent has just said once more that this host is: nothing can be placed there any
 * more, and a host that registers anew says so first. A release that is throttled need not look again.
 */
const LATELY_LET_GO_MS = 60_000;

/** … and what is left in a cluster that an instance leaves, which has waited for its group for days. */
const LATELY_LISTED_MS = 20_000;

/** … and that the group keeps an instance that is given back. */
const LATELY_KEPT_MS = 30_000;

/** The group's state, where heartbeats have said so far that its hook still waits. */
const LATELY_IN_GROUP_MS = 120_000;

/** … and whether the group retains: an action that is abandoned in one that does no more ends the instance with its tasks. */
const LATELY_RETAINS_MS = 30_000;

/**
 * … and where ECS places the tasks that are asked to stop before a Spot interruption. A limit of the operator's is known long before,
 * and all is listed by then; an interruption that is past already by a clock that is wrong comes with its notice, in the middle of a
 * drain that looks at ECS once in five minutes.
 */
const LATELY_PLACED_MS = 120_000;
/** … for which so many ms are waited: a list of many pages can take minutes, and the tasks have less. */
const PLACED_PATIENCE_MS = 10_000;

/**
 * What must be asked anew before a mutation is made, because the mutation rests on it and it may have changed. A question
 * that was put since the try became due has been asked, whatever came of it: silence keeps nothing waiting for ever.
 */
export function outdated(mutation: Mutation, fresh: Freshness): readonly Needed[] {
  const { asked, decidedAt, dueAt } = fresh;
  const needed: Needed[] = [];
  const askedSince = (question: Needed, since: number) => asked[question].at >= since;
  // What asks for it was read from metadata that may have become another instance's since it last told its name.
  if (!askedSince('identity', decidedAt)) needed.push('identity');
  // A group may have begun to terminate it since it was last heard, or keep it by now.
  const restsOnGroup = mutation.kind === 'set-active' || mutation.kind === 'deregister';
  // A tag whose event is over says nothing of another one that has begun since.
  const groupHeardSince = mutation.kind === 'set-active' ? dueAt - LATELY_KEPT_MS : -Infinity;
  if (restsOnGroup && !askedSince('lifecycle', Math.max(groupHeardSince, fresh.signalsChangedAt)))
    needed.push('lifecycle');
  // What is ACTIVE is given tasks, and whether ECS refuses to let go of it for one on its way down is documented
  // nowhere: each try needs a list that is newer than the one before it.
  if (mutation.kind === 'deregister') {
    const isActive = mutation.containerInstance.status === 'ACTIVE';
    const isListed = ifKnown(fresh.ecsView)?.isListed === true;
    const isOld = isActive && !(isListed && askedSince('ecsView', fresh.restedUntil));
    // What was listed while the host had tasks, or for a signal that was withdrawn, was no list of what is left.
    const begunSince = Math.max(fresh.emptySince ?? -Infinity, fresh.signalledAt ?? -Infinity);
    const listedSince = Math.max(begunSince, dueAt - LATELY_LISTED_MS);
    if (isOld || !askedSince('ecsView', listedSince)) needed.push('ecsView');
    // ECS may have lost a task that the host runs: a drain that was done, and begins anew, has not asked the host since.
    for (const question of ['registration', 'localTasks'] as const)
      if (!askedSince(question, dueAt - LATELY_MS)) needed.push(question);
  }
  // That no other task is left takes a whole list.
  if (mutation.kind === 'stop-tasks' && mutation.why === 'ignored' && !ifKnown(fresh.ecsView)?.isListed)
    needed.push('ecsView');
  const mayWait =
    mutation.kind === 'stop-tasks' && mutation.why === 'spot' && fresh.now < dueAt + PLACED_PATIENCE_MS;
  if (mayWait && !askedSince('ecsView', dueAt - LATELY_PLACED_MS)) needed.push('ecsView');
  if (mutation.kind !== 'complete' && mutation.kind !== 'terminate') return needed;
  // A group that does not retain any more would terminate it with its tasks: what it said in a wait before this one is old.
  const isForHookLimit = mutation.kind === 'complete' && mutation.why === 'hook-limit';
  if (isForHookLimit && !askedSince('retention', dueAt - LATELY_RETAINS_MS)) needed.push('retention');
  const emptySince = letsGo(mutation) ? (fresh.emptySince ?? -Infinity) : -Infinity;
  // A replacement that another hook has ended is a termination by now: then it must not stay in its cluster.
  const inGroup = fresh.isReplacing ? LATELY_MS : LATELY_IN_GROUP_MS;
  // That it is retained may have been answered before it was terminated, or a moment after.
  const toldSince = mutation.kind === 'terminate' ? fresh.restedUntil : -Infinity;
  // What a new signal has made doubtful may have changed while a look at ECS waited for its turn.
  const isDoubted = fresh.isReplacing && asked.lifecycle.isStale;
  if (isDoubted || !askedSince('lifecycle', Math.max(emptySince, dueAt - inGroup, toldSince)))
    needed.push('lifecycle');
  if (!letsGo(mutation)) return needed;

  // A host that waited for its hook, or for an answer, may have been registered anew, and have tasks again.
  const registration = ifKnown(fresh.registration);
  const view = ifKnown(fresh.ecsView);
  const isAnother = registration !== undefined && view?.heard !== registration.containerInstanceArn;
  const isConfirmed = registration !== undefined && !isAnother;
  // A question can wait a minute for its requests, and what the host said before that says nothing of that minute.
  // A look at ECS asks the host too, which may take its time.
  const waitedUntil = isConfirmed
    ? Math.max(answeredLate(asked.ecsView, LATELY_CONFIRMED_MS), answeredLate(asked.lifecycle, LATELY_MS))
    : -Infinity;
  for (const question of ['registration', 'localTasks'] as const)
    if (!askedSince(question, Math.max(dueAt, waitedUntil) - LATELY_MS)) needed.push(question);
  const { containerInstance, tasks } = view ?? {};
  const isLetGo =
    containerInstance?.kind === 'deregistered' &&
    containerInstance.arn === registration?.containerInstanceArn &&
    tasks?.kind === 'known' &&
    tasks.value.length === 0;
  const lately = !isConfirmed ? LATELY_MS : isLetGo ? LATELY_LET_GO_MS : LATELY_CONFIRMED_MS;
  if (!askedSince('ecsView', dueAt - lately)) needed.push('ecsView');
  // What stays in its cluster can be set ACTIVE by others, and what is silent can register anew: then ECS is heard last, after all
  // that had to wait for its turn, or for a host that hangs.
  const mayChange = fresh.isReplacing || !isConfirmed;
  const isLong = mayChange && needed.length === 0 && fresh.now - asked.ecsView.answeredAt > LATELY_MS;
  if ((isAnother || isLong) && !needed.includes('ecsView')) needed.push('ecsView');
  return needed;
}

/** When it was answered, where that took longer than this, in ms. */
const answeredLate = ({ at, answeredAt }: Asked, ms: number): number =>
  answeredAt - at > ms ? answeredAt : -Infinity;

/**
 * Whether a mutation that waits for its share of requests, up to a minute, should still be sent. What lets go of the
 * instance needs the decision that it rests on to hold; what begins or ends a drain, or asks tasks to stop, the signals. Nothing
 * should where metadata names another instance.
 *
 * @param action what is decided on now
 */
export function isStillWanted(mutation: Mutation, observed: Observation, action: Action): boolean {
  // This may be another instance by now.
  if (action.kind === 'refuse') return false;
  const asked = demand(observed);
  const isOrMayBeAsked = asked === 'signalled' || asked === 'unknown';
  switch (mutation.kind) {
    case 'set-draining':
    case 'stop-tasks':
      return isOrMayBeAsked;
    // What asks for it beside may be a tag whose event is over.
    case 'set-active':
      return action.kind === 'set-active' || asked === 'withdrawn' || asked === 'unknown';
    case 'deregister':
      return action.kind === 'deregister' && action.containerInstance.arn === mutation.containerInstance.arn;
    case 'complete':
      return action.kind === 'complete' && action.hook === mutation.hook && action.result === mutation.result;
    case 'terminate':
      return action.kind === 'terminate';
  }
}

/** What was asked of what a heartbeat rests on, and when. Times are in ms by the agent's clock. */
export type HeartbeatFreshness = Pick<Freshness, 'now' | 'decidedAt'> & {
  /** Since when no source has a signal; undefined where one has, or may have. */
  readonly unsignalledSince: number | undefined;
  readonly asked: Readonly<Record<'identity' | 'signals' | 'lifecycle', Asked>>;
  /** Since when this heartbeat is due. */
  readonly dueAt: number;
};

/** So long a heartbeat waits to hear of signals and the group, in ms: the EC2 API can take its time, and a hook times out meanwhile. */
const HEARTBEAT_PATIENCE_MS = 5_000;

/**
 * What a heartbeat that is due still waits for; undefined where it is sent now. `answers`: a process that has just begun, or stood
 * still, hears first whether there is still a signal, and without one the group, whether it waits. That nobody answers is enough.
 * `identity`: the name must be asked again before anything is begun, heartbeats included: once, however often the decision changes.
 */
export function heartbeatWaitsFor(fresh: HeartbeatFreshness): 'answers' | 'identity' | undefined {
  const { now, asked, decidedAt, dueAt, unsignalledSince = -Infinity } = fresh;
  const { isStale, failure } = asked.signals;
  const isHeard = (!isStale || failure !== undefined) && asked.lifecycle.at >= unsignalledSince;
  if (!isHeard && now < dueAt + HEARTBEAT_PATIENCE_MS) return 'answers';
  return asked.identity.at < Math.min(decidedAt, dueAt) ? 'identity' : undefined;
}

/** Whether a heartbeat that waits for its share of requests should still be sent. */
export const isHeartbeatWanted = (observed: Observation): boolean =>
  observed.identity === 'confirmed' && isHookWanted(observed);

/**
 * How long, in ms, a mutation may wait for its share of requests. What lets go of the instance would rest on old answers: they are
 * asked anew. Undefined: as long as it takes.
 */
export const sentWithin = (mutation: Mutation): number | undefined =>
  letsGo(mutation) ? UNSENT_MS : undefined;

const UNSENT_MS = 5_000;

/** Whether it lets the instance go because nothing is left on it: at a limit, what is left does not count. */
function letsGo(mutation: Mutation): boolean {
  if (mutation.kind === 'terminate') return mutation.why !== 'timeout';
  return mutation.kind === 'deregister' || (mutation.kind === 'complete' && mutation.why === 'drained');
}

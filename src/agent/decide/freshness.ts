import { ifKnown, type Reading } from '../../base/reading.ts';
import type { Registration } from '../../host/ecs-agent.ts';
import type { Action, Asked, EcsView, Mutation, Observation, Question } from '../model.ts';
import { demand, isHookWanted } from './facts.ts';

/** What was asked, and when. Times are in ms by the agent's clock. */
export type Freshness = {
  readonly now: number;
  readonly asked: Readonly<Record<Needed, Asked>>;
  readonly registration: Reading<Registration>;
  /** What the ECS agent says that runs here. */
  readonly localTasks: Reading<unknown>;
  readonly ecsView: Reading<EcsView>;
  /** When an action of this kind was first decided on. */
  readonly decidedAt: number;
  /** When this try of it became due: it was decided on, nothing else was under way, and it had rested. */
  readonly dueAt: number;
  /** Since when the ECS agent has seen no task; undefined where it sees some, or is silent. */
  readonly emptySince: number | undefined;
  /** Since when the instance has to go; undefined where no signal is there. */
  readonly signalledAt: number | undefined;
  /** When a new signal came, or the last one went: what the group said before then does not count for that. -Infinity: not seen. */
  readonly signalsChangedAt: number;
  /** Until when it had rested since the try before; -Infinity before the first. */
  readonly restedUntil: number;
  /** The group was last known to replace the root volume of an instance that stays. */
  readonly isReplacing: boolean;
  /**
   * The group may replace the root volume by now, and a drained instance then stays in its cluster. False once it terminates the instance,
   * which it never takes back, and in mode `deregister`.
   */
  readonly mayReplace: boolean;
};

type Needed = Extract<
  Question,
  'identity' | 'signals' | 'registration' | 'localTasks' | 'ecsView' | 'lifecycle' | 'retention'
>;

/** An answer that was asked for at most this long, in ms, before the mutation became due is new enough to let an instance go. */
const LATELY_MS = 500;
/** The same for ECS's answer, if the ECS agent has just confirmed that this host is the container instance that ECS was asked about. */
const LATELY_CONFIRMED_MS = 5_000;

/**
 * The same, if ECS has let go of the container instance that the ECS agent has just named. Nothing can be placed there any more,
 * and a host that registers anew would name another one. So a release that is throttled need not ask again.
 */
const LATELY_LET_GO_MS = 60_000;

/** The same for the list of tasks before a deregistration: an instance may have waited for its group for days. */
const LATELY_LISTED_MS = 20_000;

/** The same for the signals before an instance is given back: it may have to go again, and one source can delay what another has said. */
const LATELY_SIGNALLED_MS = 1_000;

/** The same for the group's word that it keeps an instance that is given back, or does not replace the root volume of one that is deregistered. */
const LATELY_KEPT_MS = 30_000;

/** The same for the group's state: until then, heartbeats have shown that its hook still waits. */
const LATELY_IN_GROUP_MS = 120_000;

/** The same for whether the group retains: if it no longer does, abandoning the action ends the instance with its tasks. */
const LATELY_RETAINS_MS = 30_000;

/**
 * The same for where ECS places the tasks that are asked to stop before a Spot interruption. An operator's limit is known long
 * before, and everything is listed by then. But if the host's clock is wrong, an interruption can be past already when its notice
 * comes, in the middle of a drain that asks ECS once in five minutes.
 */
const LATELY_PLACED_MS = 120_000;
/** How long, in ms, StopTask waits for that answer: a list of many pages can take minutes, and the tasks have less. */
const PLACED_PATIENCE_MS = 10_000;

/**
 * What must be asked again before a mutation, because the mutation rests on it and it may have changed. A question that was asked
 * since the try became due counts as asked even if no answer came, so that silence never holds a mutation up for ever.
 */
export function outdated(mutation: Mutation, fresh: Freshness): readonly Needed[] {
  const { asked, decidedAt, dueAt } = fresh;
  const needed: Needed[] = [];
  const askedSince = (question: Needed, since: number) => asked[question].at >= since;
  // The signal was read from metadata, which may have become another instance's since it last gave its instance id.
  if (!askedSince('identity', decidedAt)) needed.push('identity');
  if (mutation.kind === 'set-active' && !askedSince('signals', dueAt - LATELY_SIGNALLED_MS))
    needed.push('signals');
  // Since it was last heard, the group may have begun to terminate the instance, or decided to keep it.
  const restsOnGroup = mutation.kind === 'set-active' || mutation.kind === 'deregister';
  // A tag whose event is over says nothing about another event that has begun since.
  const isDecided = mutation.kind === 'deregister' && !fresh.mayReplace;
  const groupHeardSince = isDecided ? -Infinity : dueAt - LATELY_KEPT_MS;
  if (restsOnGroup && !askedSince('lifecycle', Math.max(groupHeardSince, fresh.signalsChangedAt)))
    needed.push('lifecycle');
  // An ACTIVE instance is given tasks, and AWS does not document whether ECS refuses to deregister it while a task is stopping.
  // So each try needs a list that is newer than the previous try.
  if (mutation.kind === 'deregister') {
    const isActive = mutation.containerInstance.status === 'ACTIVE';
    const isHeard = fresh.registration.kind === 'known' && fresh.localTasks.kind === 'known';
    const isListed = ifKnown(fresh.ecsView)?.isListed === true;
    const isOld = (isActive || !isHeard) && !(isListed && askedSince('ecsView', fresh.restedUntil));
    // A list from while the host had tasks, or from before a signal was withdrawn, does not tell what is left.
    const begunSince = Math.max(fresh.emptySince ?? -Infinity, fresh.signalledAt ?? -Infinity);
    // Where the ECS agent does not answer, the lists alone tell that none is left: those of before the wait may have been old.
    const listedSince = Math.max(begunSince, dueAt - (isHeard ? LATELY_LISTED_MS : LATELY_CONFIRMED_MS));
    if (isOld || !askedSince('ecsView', listedSince)) needed.push('ecsView');
    // ECS may have lost a task that the host runs. A drain that was done and begins anew has not asked the host since.
    for (const question of ['registration', 'localTasks'] as const)
      if (!askedSince(question, dueAt - LATELY_MS)) needed.push(question);
  }
  // Only a full list of now can say that no other task is left: the host is not told of one at once.
  const isListedNow =
    ifKnown(fresh.ecsView)?.isListed === true && askedSince('ecsView', dueAt - LATELY_CONFIRMED_MS);
  if (mutation.kind === 'stop-tasks' && mutation.why === 'ignored' && !isListedNow) needed.push('ecsView');
  const mayWait =
    mutation.kind === 'stop-tasks' && mutation.why === 'spot' && fresh.now < dueAt + PLACED_PATIENCE_MS;
  if (mayWait && !askedSince('ecsView', dueAt - LATELY_PLACED_MS)) needed.push('ecsView');
  if (mutation.kind !== 'complete' && mutation.kind !== 'terminate') return needed;
  // If the group no longer retains, it would terminate the instance with its tasks. An answer from an earlier wait is too old.
  const isAbandoned = mutation.kind === 'complete' && mutation.result === 'ABANDON';
  if (isAbandoned && !askedSince('retention', dueAt - LATELY_RETAINS_MS)) needed.push('retention');
  const emptySince = letsGo(mutation) ? (fresh.emptySince ?? -Infinity) : -Infinity;
  // If another hook has ended the replacement, it is a termination by now, and the instance must not stay in its cluster.
  // Nor does a heartbeat show anything of an instance in service, and somebody may have put it in Standby since.
  const isInService = mutation.kind === 'terminate' && mutation.why === 'rebalance';
  const inGroup = fresh.isReplacing || isInService ? LATELY_MS : LATELY_IN_GROUP_MS;
  // An answer that the instance is retained may be from before the last call to terminate it, or from a moment after.
  const toldSince = mutation.kind === 'terminate' ? fresh.restedUntil : -Infinity;
  // A new signal has made the group's last answer doubtful, and it may have changed while a view of ECS waited for its turn.
  const isDoubted = fresh.isReplacing && asked.lifecycle.isStale;
  if (isDoubted || !askedSince('lifecycle', Math.max(emptySince, dueAt - inGroup, toldSince)))
    needed.push('lifecycle');
  if (!letsGo(mutation)) return needed;

  // A host that waited for its hook, or for an answer, may have registered anew, and have tasks again.
  const registration = ifKnown(fresh.registration);
  const view = ifKnown(fresh.ecsView);
  const isAnother = registration !== undefined && view?.heard !== registration.containerInstanceArn;
  const isConfirmed = registration !== undefined && !isAnother;
  // A question can wait a minute for its requests, and the host's last answer says nothing about that minute. A view of ECS also
  // asks the host, which may take its time.
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
  // Others can set an instance ACTIVE that stays in its cluster, and a host with a silent ECS agent can register anew. In these
  // cases ECS must be heard last, after everything that waited for its turn or for a host that hangs.
  const mayChange = fresh.isReplacing || !isConfirmed;
  const isLong = mayChange && needed.length === 0 && fresh.now - asked.ecsView.answeredAt > LATELY_MS;
  if ((isAnother || isLong) && !needed.includes('ecsView')) needed.push('ecsView');
  return needed;
}

/** When the question was answered, if that took longer than this, in ms; otherwise -Infinity. */
const answeredLate = ({ at, answeredAt }: Asked, ms: number): number =>
  answeredAt - at > ms ? answeredAt : -Infinity;

/**
 * Whether a mutation that waits for its share of requests, up to a minute, should still be sent. A mutation that lets the
 * instance go needs its decision to be unchanged. One that begins or ends a drain, or asks tasks to stop, needs only the signals.
 * Nothing is sent if metadata names another instance.
 *
 * @param action what is decided on now
 */
export function isStillWanted(mutation: Mutation, observed: Observation, action: Action): boolean {
  // Metadata names another instance.
  if (action.kind === 'refuse') return false;
  const asked = demand(observed);
  const isOrMayBeAsked = asked === 'signalled' || asked === 'unknown';
  switch (mutation.kind) {
    case 'set-draining':
    case 'stop-tasks':
      return isOrMayBeAsked;
    // The signal that is left may be a tag whose event is over.
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

/**
 * How long, in ms, a heartbeat waits for the signals and the group: the EC2 API can take its time, and the hook would time out
 * meanwhile.
 */
const HEARTBEAT_PATIENCE_MS = 5_000;

/**
 * What a heartbeat that is due still waits for; undefined if it is sent now.
 *
 * - `answers`: a process that has just started, or stood still, first asks whether there is still a signal, and if there is none,
 * asks the group whether it waits. It is enough that nobody answers.
 * - `identity`: the instance id must be read again before anything is begun, including heartbeats: once, however often the
 * decision changes.
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
 * How long, in ms, a mutation may wait for its share of requests; undefined: without a limit. One that cannot be undone would then rest on
 * old answers, so they are asked again.
 */
export const sentWithin = (mutation: Mutation): number | undefined =>
  mutation.kind === 'set-draining' || mutation.kind === 'set-active' ? undefined : UNSENT_MS;

const UNSENT_MS = 5_000;

/** Whether the mutation lets the instance go because nothing is left on it. At a limit, tasks that are left do not count. */
function letsGo(mutation: Extract<Mutation, { kind: 'complete' | 'terminate' }>): boolean {
  return mutation.kind === 'terminate' ? mutation.why !== 'timeout' : mutation.why === 'drained';
}

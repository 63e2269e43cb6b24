import type { Lifecycle } from '../../aws/auto-scaling.ts';
import { REQUESTS } from '../../aws/budget.ts';
import type { AwsErrorKind } from '../../aws/errors.ts';
import { ifKnown, type Reading } from '../../base/reading.ts';
import type { Asked, DrainQuestion, EcsView, Failure, Phase, WatchQuestion } from '../model.ts';
import { leaving } from './group-state.ts';

/** What the pace of the questions that are always asked depends on. */
export type WatchPace = {
  readonly phase: Phase;
  /** Of the signals, in ms. */
  readonly pollInterval: number;
  /** Uniform in [0, 1), drawn anew for each poll of the signals. */
  readonly jitter: number;
  readonly asked: Readonly<Record<WatchQuestion, Asked>>;
  readonly isRegistrationKnown: boolean;
  /** ECS has said that this host is registered nowhere: the ECS agent may be about to register it. */
  readonly seemsNeverRegistered: boolean;
};

/** What the pace of a drain's questions depends on. Times are by the agent's clock, in ms. */
export type DrainPace = {
  readonly now: number;
  readonly phase: Phase;
  readonly jitter: number;
  readonly asked: Readonly<Record<DrainQuestion, Asked>>;
  readonly ecsView: Reading<EcsView>;
  /** The ECS agent says since then that this host is another container instance than the view was asked for. */
  readonly registeredAnewAt: number | undefined;
  readonly lifecycle: Reading<Lifecycle>;
  /** Metadata says that the group is terminating the instance. */
  readonly isTermination: boolean;
  /** When the tasks were last listed in ECS. */
  readonly listedAt: number;
  /** Since when the group has the instance `Terminating`, without its hook waiting yet. */
  readonly terminatingSince: number | undefined;
  /** Since when the ECS agent has seen no task here that the drain waits for, and ECS does not say so yet. */
  readonly emptySince: number | undefined;
  /** Tasks that the ECS agent has listed, and that ECS has not called gone since. */
  readonly tasksSeenHere: number;
  /** Since when a service's tasks are waited for. */
  readonly servicesSince: number | undefined;
};

const LOCAL_TASKS_MS = 1_000;
const LOOK_MS = 15_000;
const LONGEST_LOOK_MS = 300_000;
const LOOK_RELEASED_MS = 60_000;
/** After the host's last task has ended, until ECS has noticed: so many ms after the last look, by how long that is. */
const QUICK_LOOKS_MS = [
  { until: 1_000, every: 1_000 },
  { until: 3_000, every: 2_000 },
  { until: 6_000, every: 3_000 },
  { until: 14_000, every: 4_000 },
] as const;
/** From `Terminating` to `Terminating:Wait` takes seconds. */
const TERMINATING_MS = [
  { until: 3_000, every: 3_000 },
  { until: 7_000, every: 4_000 },
] as const;
const LATER_MS = 5_000;
const LIFECYCLE_MS = 30_000;
const LIFECYCLE_DONE_MS = 60_000;
/** A drained instance that the group may still take: the shortest hook waits for 30 s. */
const LIFECYCLE_MAINTENANCE_MS = 15_000;
const GROUP_FACTS_MS = 600_000;
const REGISTRATION_MS = 15_000;
const SETTLED_REGISTRATION_MS = 600_000;
const SETTLED_IDENTITY_MS = 60_000;
/** Why a drain waits is asked once it has waited a while, and then at the pace of the progress line. */
const EXPLAIN_AFTER_MS = 20_000;
const EXPLAIN_MS = 60_000;
const FIRST_ANSWER_MS = 5_000;

/** When each question that is always asked is due next, in ms by the agent's clock. */
export function watchDue(pace: WatchPace): Record<WatchQuestion, number> {
  const { phase, asked, pollInterval, jitter } = pace;
  const isWatching = phase === 'watching';
  const registration = isWatching
    ? pace.isRegistrationKnown
      ? SETTLED_REGISTRATION_MS
      : FIRST_ANSWER_MS
    : pace.seemsNeverRegistered
      ? FIRST_ANSWER_MS
      : REGISTRATION_MS;
  return {
    signals: dueAfter(asked.signals, pollInterval * (0.8 + jitter * 0.4)),
    identity: dueAfter(asked.identity, isWatching ? SETTLED_IDENTITY_MS : pollInterval),
    registration: dueAfter(asked.registration, registration),
  };
}

/** When each question of a drain is due next, in ms by the agent's clock; Infinity where it need not be asked. */
export function drainDue(pace: DrainPace): Record<DrainQuestion, number> {
  const { asked, phase } = pace;
  return {
    localTasks: phase === 'draining' ? dueAfter(asked.localTasks, LOCAL_TASKS_MS) : Infinity,
    ecsView: ecsViewDue(pace),
    lifecycle: lifecycleDue(pace),
    hooks: groupFactDue(pace, asked.hooks),
    retention: groupFactDue(pace, asked.retention),
    explained: phase === 'draining' ? explainedDue(pace) : Infinity,
  };
}

/** Whether the next view of ECS must be a full one, or only of how the tasks of the last one are doing. */
export function nextViewKind(pace: DrainPace): 'full' | 'quick' {
  const { now, asked, ecsView, listedAt } = pace;
  const last = ifKnown(ecsView);
  if (asked.ecsView.isStale || last?.containerInstance.kind !== 'registered') return 'full';
  if (!isEndNear(pace, last)) return 'full';
  // However many quick views come in between, the list itself is renewed at its pace.
  return listedAt + viewInterval(pace, last) > now + LATER_MS ? 'quick' : 'full';
}

function ecsViewDue(pace: DrainPace): number {
  const asked = pace.asked.ecsView;
  const last = ifKnown(pace.ecsView);
  if (asked.isStale || !last) return dueAfter(asked, FIRST_ANSWER_MS);
  if (pace.registeredAnewAt !== undefined && asked.at < pace.registeredAnewAt) return dueAfter(asked, 0);
  if (last.containerInstance.kind !== 'registered') return releasedViewDue(pace);
  if (!isEndNear(pace, last)) return dueAfter(asked, viewInterval(pace, last));
  return quickViewDue(pace);
}

/** The host has no task any more, and ECS still lists some. */
const isEndNear = ({ emptySince, tasksSeenHere }: DrainPace, { tasks }: EcsView): boolean =>
  emptySince !== undefined && !(ifKnown(tasks)?.length === 0 && tasksSeenHere === 0);

function quickViewDue({ asked: { ecsView: asked }, emptySince = -Infinity }: DrainPace): number {
  if (asked.at < emptySince) return dueAfter(asked, 0);
  return dueAfter(asked, stepAfter(QUICK_LOOKS_MS, asked.at - emptySince));
}

/** Nothing new comes to a host that ECS has let go; what was seen on it must still be seen to end. */
function releasedViewDue({ asked: { ecsView: asked }, emptySince, tasksSeenHere }: DrainPace): number {
  if (tasksSeenHere === 0) return dueAfter(asked, LOOK_RELEASED_MS);
  if (emptySince === undefined) return dueAfter(asked, LOOK_MS);
  return dueAfter(asked, asked.at < emptySince ? 0 : LATER_MS);
}

/** More pages, fewer looks: what ListTasks may be asked in a minute must always leave room for one look more. */
const viewInterval = ({ jitter }: DrainPace, { requests }: EcsView): number =>
  listInterval(requests) * (1 + jitter * 0.2);

/** How often, in ms, a list that takes so many requests may be asked for: one more must always fit into the budget. */
export function listInterval(requests: number): number {
  const room = Math.max(1, REQUESTS - requests);
  return Math.min(LONGEST_LOOK_MS, Math.max(LOOK_MS, (requests * 60_000) / room));
}

function lifecycleDue(pace: DrainPace): number {
  const { phase, lifecycle, terminatingSince, isTermination } = pace;
  const asked = pace.asked.lifecycle;
  const last = ifKnown(lifecycle);
  // That it is in no group, or stays, contradicts a group that terminates it: a hook may time out on a wrong answer.
  const stays = last?.kind === 'no-group' || (last !== undefined && !leaving(last.state));
  const isContradicted = stays && isTermination;
  if (!last || isContradicted) return dueAfter(asked, FIRST_ANSWER_MS, HEARTBEAT_RESTS_MS);
  const every =
    terminatingSince !== undefined
      ? stepAfter(TERMINATING_MS, asked.at - terminatingSince)
      : phase !== 'done'
        ? LIFECYCLE_MS
        : last.kind === 'no-group' || leaving(last.state)
          ? LIFECYCLE_DONE_MS
          : LIFECYCLE_MAINTENANCE_MS;
  return dueAfter(asked, every, HEARTBEAT_RESTS_MS);
}

/** What the group says of its hooks and of retention matters once it terminates the instance. */
function groupFactDue({ lifecycle }: DrainPace, asked: Asked): number {
  const last = ifKnown(lifecycle);
  if (last?.kind !== 'in-group' || !leaving(last.state)) return Infinity;
  return dueAfter(asked, GROUP_FACTS_MS, HEARTBEAT_RESTS_MS);
}

function explainedDue({ servicesSince, asked: { explained: asked } }: DrainPace): number {
  if (servicesSince === undefined) return Infinity;
  return Math.max(servicesSince + EXPLAIN_AFTER_MS, asked.at + EXPLAIN_MS);
}

const stepAfter = (steps: readonly { until: number; every: number }[], elapsed: number): number =>
  steps.find(({ until }) => elapsed < until)?.every ?? LATER_MS;

/**
 * How long a call rests after it failed, in ms, by the kind of failure. Nothing is retried within a call: twelve requests
 * a minute are there for each API, and in an outage they must not be used up when it ends.
 */
export const REST_MS: Readonly<Record<AwsErrorKind, number>> = {
  transient: 5_000,
  credentials: 5_000,
  throttled: 15_000,
  permission: 60_000,
  rejected: 15_000,
  stopped: 0,
};

// The shortest heartbeat time-out is 30 s (API reference, PutLifecycleHook): what heartbeats rest on can't wait longer.
const HEARTBEAT_RESTS_MS: typeof REST_MS = { ...REST_MS, throttled: FIRST_ANSWER_MS };

/** … and how long after the first failure in a row, where nothing says that AWS has had too much. */
const FIRST_REST_MS = 1_000;

/** How long after the n-th failure in a row, in ms. @param times this one included */
export function restAfter(kind: AwsErrorKind, times: number, rests = REST_MS): number {
  return kind === 'transient' && times === 1 ? FIRST_REST_MS : rests[kind];
}

/** When a question is due that is asked every so many ms: at once where its answer no longer counts, never before it has rested. */
export function dueAfter({ at, isStale, failure }: Asked, every: number, rests = REST_MS): number {
  const restsUntil = failure ? restedAt(failure, rests) : -Infinity;
  return isStale ? restsUntil : Math.max(at + every, restsUntil);
}

function restedAt({ kind, times, at, jitter }: Failure, rests: typeof REST_MS): number {
  return at + restAfter(kind, times, rests) * (1 + jitter * 0.2);
}

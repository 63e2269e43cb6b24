import type { Asked, DrainQuestion, Phase, WatchQuestion } from '../model.ts';
import { type DrainPace, FIRST_ANSWER_MS } from './drain-pace.ts';
import { ecsViewDue } from './ecs-pace.ts';
import { hooksDue, lifecycleDue, retentionDue } from './group-pace.ts';
import { dueAfter } from './rest.ts';

/** What the pace of the questions that are always asked depends on. */
export type WatchPace = {
  readonly phase: Phase;
  /** Of the signals, in ms. */
  readonly pollInterval: number;
  /** Uniform in [0, 1), drawn anew for each poll of the signals. */
  readonly jitter: number;
  readonly asked: Readonly<Record<WatchQuestion, Asked>>;
  /** Metadata last named another instance: nothing is begun until it names this one again. */
  readonly isRenamed: boolean;
  readonly isRegistrationKnown: boolean;
  /** ECS has said that this host is registered nowhere, so the ECS agent may be about to register it. */
  readonly seemsNeverRegistered: boolean;
};

const LOCAL_TASKS_MS = 2_000;
/** The sooner the host is known to be empty, the later ECS can be asked first: a fleet that is throttled has requests for few looks. */
const LOCAL_TASKS_CROWDED_MS = 1_000;
const REGISTRATION_MS = 15_000;
const SETTLED_REGISTRATION_MS = 60_000;
const SETTLED_IDENTITY_MS = 60_000;
/** Why a drain waits is asked of two APIs, once it has waited for a while: soon once more, and then at the pace of the checks of ECS. */
const EXPLAIN_AFTER_MS = 20_000;
const EXPLAIN_SOON_MS = 60_000;
const EXPLAIN_MS = 300_000;

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
    signals: dueAfter(asked.signals, pollInterval * (0.8 + jitter * 0.4), 'release'),
    identity: dueAfter(
      asked.identity,
      isWatching && !pace.isRenamed ? SETTLED_IDENTITY_MS : pollInterval,
      'release',
    ),
    registration: dueAfter(asked.registration, registration, 'release'),
  };
}

/** When each question of a drain is due next, in ms by the agent's clock; Infinity where it need not be asked. */
export function drainDue(pace: DrainPace): Record<DrainQuestion, number> {
  const { asked, phase, isEcsCrowded } = pace;
  const tasksEvery = isEcsCrowded ? LOCAL_TASKS_CROWDED_MS : LOCAL_TASKS_MS;
  return {
    localTasks: phase === 'draining' ? dueAfter(asked.localTasks, tasksEvery, 'release') : Infinity,
    ecsView: ecsViewDue(pace),
    lifecycle: lifecycleDue(pace),
    hooks: hooksDue(pace),
    retention: retentionDue(pace),
    explained: phase === 'draining' ? explainedDue(pace) : Infinity,
  };
}

function explainedDue({ servicesSince, asked: { explained: asked } }: DrainPace): number {
  if (servicesSince === undefined) return Infinity;
  const every = asked.at < servicesSince + EXPLAIN_AFTER_MS + EXPLAIN_SOON_MS ? EXPLAIN_SOON_MS : EXPLAIN_MS;
  return Math.max(servicesSince + EXPLAIN_AFTER_MS, asked.at + every);
}

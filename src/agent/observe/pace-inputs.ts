import { ifKnown } from '../../base/reading.ts';
import type { DrainPace } from '../decide/drain-pace.ts';
import { leavingGroup } from '../decide/facts.ts';
import { isIgnored } from '../decide/ignored-tasks.ts';
import { paceFacts, UNOBSERVED } from '../decide/pace-facts.ts';
import { serviceName } from '../decide/services.ts';
import type { DrainState, Heartbeat, Memory, Observation, Phase, Policy } from '../model.ts';
import type { DrainPolls, SeenInDrain, WatchPolls } from '../polls.ts';
import { askedIn } from './drain-polls.ts';
import type { Observer } from './observation.ts';

/** What the pace of one drain's questions depends on: the current state, and what was seen over the drain. */
export type PaceObserver = {
  pace(): DrainPace;
  /** Notes what the pace depends on in an observation. */
  note(observed: Observation): void;
  /** Before anything is asked again: notes what the pace depends on in the current answers. */
  noteAnswers(): void;
};

export type PaceObserverPorts = {
  /** In ms by the agent's clock. */
  readonly now: () => number;
  readonly policy: Policy & { readonly dryRun: boolean };
  readonly polls: DrainPolls;
  readonly watch: Pick<WatchPolls, 'registration'>;
  readonly seenInDrain: () => SeenInDrain;
  readonly observer: Pick<Observer, 'lastView' | 'isHostBusy'>;
  readonly state: () => DrainState;
  readonly phase: () => Phase;
  /** When the group was first heard to say that the hook waits, in ms by the agent's clock; undefined where it was not. */
  readonly waitToldAt: () => number | undefined;
  /** Uniform in [0, 1), drawn anew now and then. */
  readonly jitter: () => number;
  /** Uniform in [0, 1), drawn once for the drain. */
  readonly spread: number;
  /** Whether somebody can be asked why a drain waits. */
  readonly canExplain: boolean;
  /** When a drain was taken up that an earlier process had begun, or after a standstill; undefined where nothing has interrupted it. */
  readonly resumedAt: () => number | undefined;
};

export function createPaceObserver(ports: PaceObserverPorts): PaceObserver {
  const { now, policy, polls, watch, seenInDrain, observer, spread } = ports;
  /** What the pace depends on of what was last observed. */
  let facts = UNOBSERVED;
  let servicesSince: number | undefined;
  let isEcsCrowded = false;
  let queuedAt: number | undefined;
  let unclearSince: number | undefined;
  let contradictedSince: number | undefined;
  let terminationSince: number | undefined;
  /** What the ECS agent last said that this host is, and since when. */
  let said: { readonly arn: string | undefined; readonly since: number } = {
    arn: undefined,
    since: -Infinity,
  };

  function note(observed: Observation) {
    facts = paceFacts(observed, policy);
    terminationSince = facts.isTermination ? (terminationSince ?? now()) : undefined;
    if (observed.lifecycle.kind === 'known') {
      const isContradicted = facts.isTermination && !leavingGroup(observed);
      contradictedSince = isContradicted ? (contradictedSince ?? now()) : undefined;
    }
    servicesSince = ports.canExplain && waitsForServices(observed) ? (servicesSince ?? now()) : undefined;
  }

  function pace(): DrainPace {
    const {
      onHost,
      gone,
      emptySince,
      onlyIgnoredSince,
      terminatingSince,
      notWaitingAt = -Infinity,
    } = seenInDrain();
    const { memory, heartbeat } = ports.state();
    const { completed, terminatedAt } = memory;
    const view = observer.lastView();
    const seenHere = [...onHost.keys()].filter((arn) => !gone.has(arn));
    const described = (view && ifKnown(view.tasks)) ?? [];
    const told = new Set(
      described.filter((one) => one.containerInstanceArn !== undefined).map(({ arn }) => arn),
    );
    const waitsForOthers = (view && ifKnown(view.tasks))?.some((task) => !isIgnored(task, policy)) ?? true;
    return {
      ...facts,
      now: now(),
      phase: ports.phase(),
      jitter: ports.jitter(),
      asked: askedIn(polls),
      spread,
      ecsView: view,
      unclearSince,
      contradictedSince,
      terminationSince,
      signalledAt: memory.signalledAt,
      foundDrainingSince: foundDrainingSince(memory, ports.resumedAt()),
      isEcsCrowded,
      isQueued: queuedAt !== undefined,
      queuedAt,
      mustDescribe: policy.ignoreTasks.length > 0,
      isReplacing: memory.isReplacing === true,
      listsWhileActive: policy.mode === 'deregister' || policy.dryRun,
      registeredAnewAt: registeredAnewAt(),
      isRegistrationTold: watch.registration.reading().kind === 'known',
      lifecycle: polls.lifecycle.reading(),
      hearsOfTermination: policy.signals.includes('lifecycle'),
      // A completed action gets no more heartbeats, so the last one says nothing about it any more, nor once the group says that none waits.
      heldAt:
        heartbeat?.outcome === 'recorded' && completed === undefined && heartbeat.at >= notWaitingAt
          ? heartbeat.at
          : undefined,
      waitToldAt: ports.waitToldAt(),
      strain: heartbeat?.strain ?? 0,
      heartbeatFailed: failureOf(heartbeat),
      completedAt: completed?.result === 'CONTINUE' ? completed.at : undefined,
      terminatedAt,
      terminatingSince,
      emptySince: emptySince ?? (waitsForOthers ? onlyIgnoredSince : undefined),
      isHostBusy: observer.isHostBusy(),
      tasksSeenHere: seenHere.length,
      areTasksTold: seenHere.every((arn) => told.has(arn)),
      servicesSince,
    };
  }

  function noteAnswers() {
    const { failure, isStale, at } = polls.ecsView.asked();
    isEcsCrowded ||= failure?.kind === 'throttled';
    if (failure?.kind === 'throttled' && failure.times >= QUEUED_AFTER) queuedAt = failure.at;
    // A question that failed says nothing either way.
    if (polls.ecsView.reading().kind === 'known') unclearSince = undefined;
    else if (!isStale) unclearSince ??= at;
    const arn = ifKnown(watch.registration.reading())?.containerInstanceArn;
    if (arn !== said.arn) said = { arn, since: watch.registration.asked().at };
  }

  function registeredAnewAt(): number | undefined {
    const { arn } = said;
    if (arn === undefined) return undefined;
    const view = polls.ecsView.lastKnown();
    const listed = view && ('arn' in view.containerInstance ? view.containerInstance.arn : undefined);
    // If the ECS agent was silent when the view was asked for, the view was about what ECS knew.
    const askedFor = view?.heard ?? listed;
    // A host that had never registered may do so late, and is given tasks at once.
    const isAnother = view !== undefined && arn !== askedFor;
    const isNews = unclearSince !== undefined && said.since > polls.ecsView.asked().at;
    return isAnother || isNews ? said.since : undefined;
  }

  return { pace, note, noteAnswers };
}

/**
 * What the previous drain had set DRAINING may have been given back since, although ECS does not describe it so yet. And while no process
 * ran, or the host stood still, others may have set ACTIVE what the one before had set DRAINING.
 */
function foundDrainingSince(
  { signalledAt, drainingSetAt = -Infinity }: Memory,
  resumedAt: number | undefined,
): number | undefined {
  const foundAt = resumedAt ?? signalledAt;
  const isFound = foundAt !== undefined && drainingSetAt < foundAt;
  return isFound && signalledAt !== undefined ? foundAt : undefined;
}

/** This many throttled views in a row are hardly chance: others of a fleet ask at the same time. */
const QUEUED_AFTER = 2;

const waitsForServices = ({ containerInstance, tasks }: Observation): boolean =>
  containerInstance.kind === 'known' &&
  containerInstance.value.kind === 'registered' &&
  tasks.kind === 'known' &&
  tasks.value.some(({ group }) => serviceName(group) !== undefined);

function failureOf(last: Heartbeat | undefined): DrainPace['heartbeatFailed'] {
  if (last?.outcome !== 'failed') return undefined;
  return last.jitter === undefined ? 'unclear' : 'throttled';
}

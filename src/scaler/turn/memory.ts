import type { Received } from '../aws/demand-queue.ts';
import type { SeenTask } from '../aws/tasks.ts';
import { type FreshInstance, type History, noHistory, type Snapshot } from '../plan/model.ts';
import { type NeedMemory, noNeed } from './need.ts';

/** What one turn leaves to the next in the same process. A turn does without it. */
export type Memory = {
  readonly lastTaskEndedAt: ReadonlyMap<string, number>;
  readonly runTimes: ReadonlyMap<string, readonly number[]>;
  readonly shortSince: number | undefined;
  /** What a new instance had that was seen last. */
  readonly fresh: FreshInstance | undefined;
  /** By key, what was said last. */
  readonly demand: ReadonlyMap<string, Received>;
  readonly need: NeedMemory;
  /** The tasks whose run times are among those above. */
  readonly counted: ReadonlySet<string>;
};

export const emptyMemory: Memory = {
  lastTaskEndedAt: new Map(),
  runTimes: new Map(),
  shortSince: undefined,
  fresh: undefined,
  demand: new Map(),
  need: noNeed,
  counted: new Set(),
};

/** Run times kept of a family: enough for a 90th percentile. */
const MOST_RUN_TIMES = 200;

/** With what was seen in this turn. */
export function remember(memory: Memory, snapshot: Snapshot, tasks: readonly SeenTask[]): Memory {
  const there = new Set(snapshot.containerInstances.map(({ arn }) => arn));
  const ended = new Map([...memory.lastTaskEndedAt].filter(([arn]) => there.has(arn)));
  const runTimes = new Map(memory.runTimes);
  const counted = new Set<string>();
  for (const { arn: task, containerInstanceArn: arn, stoppedAt, startedAt, family, kind } of tasks) {
    if (stoppedAt === undefined || kind === 'daemon') continue;
    if (arn !== undefined && there.has(arn)) ended.set(arn, Math.max(ended.get(arn) ?? 0, stoppedAt));
    counted.add(task);
    // ECS lists it for an hour, turn after turn.
    if (startedAt === undefined || memory.counted.has(task)) continue;
    runTimes.set(family, [...(runTimes.get(family) ?? []), stoppedAt - startedAt].slice(-MOST_RUN_TIMES));
  }
  const { group, at } = snapshot;
  const listed = group.instances.filter(({ state }) => /^(InService|Pending)/.test(state)).length;
  return {
    ...memory,
    lastTaskEndedAt: ended,
    runTimes,
    counted,
    shortSince: group.desired > listed ? (memory.shortSince ?? at) : undefined,
    fresh: snapshot.fresh?.isGuess ? memory.fresh : (snapshot.fresh ?? memory.fresh),
  };
}

export const historyOf = ({ lastTaskEndedAt, runTimes, shortSince, need }: Memory): History => ({
  ...noHistory,
  lastTaskEndedAt,
  runTimes,
  shortSince,
  needByHour: need.byHour,
});

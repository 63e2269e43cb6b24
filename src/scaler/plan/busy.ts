import { quantile } from './forecast.ts';
import type { Config, History, Job, Snapshot, Task } from './model.ts';
import { largestFirst, pack, type Room, roomOf } from './pack.ts';
import { isForTaking, type Place } from './rooms.ts';
import type { Surveyed } from './survey.ts';

export type BusyCordon = { readonly instance: Surveyed; readonly tasks: number; readonly endsAt: number };

/** Run times that must be known of a family before its end is foreseen. */
const LEAST_RUN_TIMES = 5;

/**
 * The instances that are to take no new tasks, the first those whose tasks end soonest: what runs on them would fit into the free room
 * of the others, so new tasks will find room there too. None with a task that is protected, or whose end nobody can foresee.
 *
 * @param rooms the room of those that stay @param most how many at most
 */
export function busyCordons(
  { at, fresh }: Snapshot,
  surveyed: readonly Surveyed[],
  rooms: readonly Room<Place>[],
  { runTimes }: History,
  { cordonBusy }: Config,
  most: number,
): readonly BusyCordon[] {
  if (cordonBusy === 'off' || most <= 0) return [];
  const candidates = surveyed
    // One that was given back before its cordon ended is left alone until then.
    .filter(
      (one) => one.standing.kind === 'busy' && isForTaking(one) && one.registered?.cordon?.kind !== 'read',
    )
    .flatMap((instance) => {
      const ends = instance.tasks.map((task) => endOf(task, at, runTimes, cordonBusy));
      return ends.every((end) => end !== undefined)
        ? [{ instance, tasks: instance.tasks.length, endsAt: Math.max(...ends) }]
        : [];
    })
    .sort((a, b) => a.endsAt - b.endsAt || (a.instance.id < b.instance.id ? -1 : 1));
  const chosen: BusyCordon[] = [];
  let left = rooms;
  for (const candidate of candidates) {
    if (chosen.length >= most) break;
    const others = left.filter(({ of }) => of.kind !== 'instance' || of.instance !== candidate.instance);
    const copies = others.map((room) => {
      const copy = roomOf(room.of, room, room.ports, room.attributes, room.taskGroups, room);
      copy.jobs.push(...room.jobs);
      return copy;
    });
    // With its own tasks go those of an earlier one that were to find room on it.
    const own = left.find(({ of }) => of.kind === 'instance' && of.instance === candidate.instance);
    const moving = [...candidate.instance.tasks.map(asJob), ...(own?.jobs ?? [])];
    if (pack(largestFirst(moving, fresh?.total), copies).length > 0) continue;
    // What these tasks would take is taken for the next candidate too.
    left = copies;
    chosen.push(candidate);
  }
  return chosen;
}

/** When a task has ended as a rule; undefined where it must not be waited for, or moved. */
function endOf(
  { kind, startedAt, family, isProtected }: Task,
  now: number,
  runTimes: History['runTimes'],
  cordonBusy: Config['cordonBusy'],
): number | undefined {
  if (isProtected) return undefined;
  // ECS moves it as soon as the instance is DRAINING.
  if (kind === 'service') return cordonBusy === 'services' ? now : undefined;
  const times = runTimes.get(family) ?? [];
  if (startedAt === undefined || times.length < LEAST_RUN_TIMES) return undefined;
  const end = startedAt + quantile(times);
  // It has run for longer than nine of ten: its end is anybody's guess.
  return end >= now ? end : undefined;
}

const asJob = ({ arn, needs }: Task): Job => ({
  key: arn,
  since: undefined,
  ...needs,
  ports: [],
  constraints: [],
});

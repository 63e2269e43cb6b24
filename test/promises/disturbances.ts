/** What has gone wrong around one agent, and what has changed. Times are in ms since the Unix epoch. */
export type Disturbances = {
  /** Something between the agent and what it asks went wrong, from here to there. @param api where it is one API alone that fails */
  trouble(from: number, to?: number, api?: string): void;
  /** There is no agent, until it starts again. */
  down(at: number): void;
  up(at: number): void;
  /** Somebody, or a task, changed something. @param byPerson false for what happens in every drain */
  change(at: number, byPerson: boolean): void;
  /** When the last trouble ended, or will end; `now` while there is no agent. */
  troubleAt(now: number): number;
  /** When somebody last changed something. */
  changeAt(): number;
  /** Since when nothing has gone wrong and nothing has changed. */
  since(now: number): number;
  /** From the first trouble within these times to the last, in ms. @param counts whether it matters that this API alone fails */
  span(from: number, to: number, counts?: Counts): number;
  /** The longest time within these times in which nothing went wrong, in ms. @param counts as above */
  longestCalm(from: number, to: number, counts?: Counts): number;
};

type Counts = (api: string) => boolean;

/** One outage is many requests that failed: those so close together count as one, in ms. */
const ONE_OUTAGE_MS = 1_000;

export function createDisturbances(): Disturbances {
  const troubles: { from: number; to: number; api: string | undefined }[] = [];
  let downSince: number | undefined;
  let lastTroubleAt = -Infinity;
  let changeAt = -Infinity;
  let anyChangeAt = -Infinity;

  function trouble(from: number, to = from, api?: string) {
    lastTroubleAt = Math.max(lastTroubleAt, to);
    const last = troubles.at(-1);
    const isSoon = last !== undefined && from >= last.from && from <= last.to + ONE_OUTAGE_MS;
    if (isSoon && last.api === api) last.to = Math.max(last.to, to);
    else troubles.push({ from, to, api });
  }

  const troubleAt = (now: number) => (downSince === undefined ? lastTroubleAt : now);

  function within(from: number, to: number, counts: Counts = () => true) {
    const found = troubles.filter(
      (one) => one.to >= from && one.from <= to && (one.api === undefined || counts(one.api)),
    );
    if (downSince !== undefined && downSince < to) found.push({ from: downSince, to, api: undefined });
    return found;
  }

  return {
    trouble,
    down: (at) => {
      downSince ??= at;
    },
    up: (at) => {
      if (downSince !== undefined) trouble(downSince, at);
      downSince = undefined;
    },
    change: (at, byPerson) => {
      anyChangeAt = at;
      if (byPerson) changeAt = at;
    },
    troubleAt,
    changeAt: () => changeAt,
    since: (now) => Math.max(troubleAt(now), anyChangeAt),
    span: (from, to, counts) => {
      const found = within(from, to, counts);
      if (found.length === 0) return 0;
      const begin = Math.max(from, Math.min(...found.map((one) => one.from)));
      return Math.min(to, Math.max(...found.map((one) => one.to))) - begin;
    },
    longestCalm: (from, to, counts) => {
      let longest = 0;
      let calmSince = from;
      for (const one of within(from, to, counts).sort((a, b) => a.from - b.from)) {
        longest = Math.max(longest, one.from - calmSince);
        calmSince = Math.max(calmSince, one.to);
      }
      return Math.max(longest, to - calmSince);
    },
  };
}

/** Since when all has been well, and when it was not. Times are in ms since the Unix epoch. */
export type Calm = {
  /** Something between the agent and what it asks went wrong, and goes on for `ms`. */
  trouble(ms?: number): void;
  /** An outage of which something was noticed goes, or will have gone, from here to there. */
  outage(from: number, to: number): void;
  /** There is no agent, until it starts again. */
  down(): void;
  up(): void;
  /** Somebody, or a task, changed something. @param byPerson false for what happens in every drain */
  change(byPerson?: boolean): void;
  troubleAt(): number;
  changeAt(): number;
  since(): number;
  /** From the first trouble within these times to the last, in ms. */
  span(from: number, to: number): number;
};

export function createCalm(now: () => number): Calm {
  const troubles: { from: number; to: number }[] = [];
  let downSince: number | undefined = now();
  let troubleAt = -Infinity;
  let changeAt = -Infinity;
  let anyChangeAt = -Infinity;

  function add(from: number, to: number) {
    troubleAt = Math.max(troubleAt, to);
    const last = troubles.at(-1);
    // One outage is many requests that failed.
    if (last && from >= last.from && from <= last.to + 1_000) last.to = Math.max(last.to, to);
    else troubles.push({ from, to });
  }

  return {
    trouble: (ms = 0) => add(now(), now() + ms),
    outage: add,
    down: () => {
      downSince ??= now();
    },
    up: () => {
      if (downSince !== undefined) add(downSince, now());
      downSince = undefined;
    },
    change: (byPerson = true) => {
      anyChangeAt = now();
      if (byPerson) changeAt = anyChangeAt;
    },
    troubleAt: () => (downSince === undefined ? troubleAt : now()),
    changeAt: () => changeAt,
    since: () => Math.max(troubleAt, anyChangeAt),
    span: (from, to) => {
      const within = troubles.filter((one) => one.to >= from && one.from <= to);
      if (downSince !== undefined && downSince < to) within.push({ from: downSince, to });
      if (within.length === 0) return 0;
      const begin = Math.max(from, Math.min(...within.map((one) => one.from)));
      return Math.min(to, Math.max(...within.map((one) => one.to))) - begin;
    },
  };
}

import type { Violation } from '../promises/verdict.ts';
import type { Plan } from './plan.ts';
import type { Run } from './simulate.ts';
import { traitsOf } from './traits.ts';

/** What many runs came to. Plain data, so that workers can send it. */
export type Summary = {
  runs: number;
  calls: number;
  virtualMs: number;
  /** Runs by what was in their world; one counts for each. */
  worlds: Map<string, number>;
  ends: Map<string, number>;
  faults: Map<string, number>;
  checks: Map<string, number>;
  violations: { seed: number; violation: Violation }[];
  /** The slowest releases first, in ms after the last task's end. */
  slowest: { seed: number; releasedAfter: number }[];
};

const SLOWEST_KEPT = 10;

export function createSummary() {
  const data: Summary = {
    runs: 0,
    calls: 0,
    virtualMs: 0,
    worlds: new Map(),
    ends: new Map(),
    faults: new Map(),
    checks: new Map(),
    violations: [],
    slowest: [],
  };
  return {
    data,
    add: (plan: Plan, run: Run) => {
      const { seed } = plan;
      data.runs++;
      for (const trait of traitsOf(plan)) addTo(data.worlds, trait, 1);
      data.calls += run.calls;
      data.virtualMs += run.virtualMs;
      addTo(data.ends, run.end, 1);
      for (const [kind, hits] of run.faults) addTo(data.faults, kind, hits);
      for (const [property, times] of run.checks) addTo(data.checks, property, times);
      if (run.violation) data.violations.push({ seed, violation: run.violation });
      if (run.releasedAfter !== undefined) keepSlowest(data, [{ seed, releasedAfter: run.releasedAfter }]);
    },
  };
}

/** Adds one summary to another. */
export function merge(into: Summary, more: Summary): void {
  into.runs += more.runs;
  into.calls += more.calls;
  into.virtualMs += more.virtualMs;
  for (const name of ['worlds', 'ends', 'faults', 'checks'] as const)
    for (const [key, times] of more[name]) addTo(into[name], key, times);
  into.violations.push(...more.violations);
  keepSlowest(into, more.slowest);
}

function keepSlowest(data: Summary, more: Summary['slowest']): void {
  data.slowest.push(...more);
  data.slowest.sort((a, b) => b.releasedAfter - a.releasedAfter);
  data.slowest.length = Math.min(data.slowest.length, SLOWEST_KEPT);
}

function addTo(counts: Map<string, number>, key: string, times: number): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}

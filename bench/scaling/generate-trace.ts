import { createRandom, type Random } from '../../test/simulation/random.ts';
import type { Trace } from './model.ts';
import { jobsOf, type LoggedJob } from './read-trace.ts';

const DAYS = 30;
const DAY_S = 86_400;
const HOUR_S = 3_600;

/** Traces that need no file: the shapes of load that a group of batch instances sees, 30 days of each, from a seed. */
export const generators = {
  /** Short jobs, ten times as many at noon as at night, few at the weekend. */
  daily: (random: Random) =>
    arrivals(random, HOUR_S / 110, rhythm, () => ({
      run: logNormal(random, 240, 1.4),
      cpus: random.pick([1, 1, 2, 2, 4, 8]),
    })),
  /** A scheduler's full hours: crowds of jobs at once, and little between them. */
  bursts: (random: Random) => [
    ...arrivals(
      random,
      600,
      () => 1,
      () => ({ run: logNormal(random, 300, 1), cpus: random.pick([1, 2, 4]) }),
    ),
    ...Array.from({ length: DAYS * 24 }, (_, hour) => burst(random, hour)).flat(),
  ],
  /** Most jobs take minutes, some take days, and those hold most of the CPU time. */
  'long-tail': (random: Random) =>
    arrivals(
      random,
      90,
      () => 1,
      () => ({
        run: random.chance(0.03) ? random.spread(6 * HOUR_S, 5 * DAY_S) : logNormal(random, 300, 1.5),
        cpus: random.pick([1, 1, 1, 2, 4]),
      }),
    ),
} as const satisfies Record<string, (random: Random) => readonly LoggedJob[]>;

export type GeneratorName = keyof typeof generators;

export const isGenerator = (name: string): name is GeneratorName => name in generators;

export function generateTrace(name: GeneratorName, instanceCpu: number, seed: number): Trace {
  const logged = generators[name](createRandom(seed));
  return { name, source: undefined, jobs: jobsOf(logged, instanceCpu, seed) };
}

type Size = { readonly run: number; readonly cpus: number };

/** A Poisson process: `everyS` apart on average where `rate` is 1, its largest value. */
function arrivals(
  random: Random,
  everyS: number,
  rate: (second: number) => number,
  size: () => Size,
): readonly LoggedJob[] {
  const jobs: LoggedJob[] = [];
  const pause = () => -Math.log(1 - random.next()) * everyS;
  for (let at = 0; at < DAYS * DAY_S; at += pause())
    if (random.chance(rate(at))) jobs.push({ submit: Math.floor(at), ...size() });
  return jobs;
}

function rhythm(second: number): number {
  const isWeekend = Math.floor(second / DAY_S) % 7 >= 5;
  const ofDay = 0.55 - 0.45 * Math.cos((2 * Math.PI * (second % DAY_S)) / DAY_S);
  return isWeekend ? ofDay * 0.3 : ofDay;
}

function burst(random: Random, hour: number): readonly LoggedJob[] {
  const count = hour % 24 === 2 ? 120 : random.chance(0.5) ? random.integer(5, 40) : 0;
  return Array.from({ length: count }, () => ({
    submit: hour * HOUR_S + random.integer(0, 5),
    run: logNormal(random, 900, 0.8),
    cpus: random.pick([1, 2, 4]),
  }));
}

/** In whole s, with this median; `sigma` is that of its logarithm. */
function logNormal(random: Random, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.max(1, Math.round(median * Math.exp(sigma * normal)));
}

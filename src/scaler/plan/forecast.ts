import type { Forecast, HourOfNeed } from './model.ts';

export const HOUR_MS = 3_600_000;
const WEEK_HOURS = 168;
/** Two weeks to learn from, and one to be tested on. */
const LEAST_HOURS = 3 * WEEK_HOURS;
/** Weeks further back say less and less of the next one. */
export const MOST_WEEKS = 9;
/** The share of hours in which the need is to stay within the floor. */
const QUANTILE = 0.9;

/**
 * How many instances an hour of the week has needed, as the 90th percentile of the weeks before, and how good that was in the last
 * week. Only a forecast that was better than one level for all hours is used.
 *
 * @param needs in order of time @param at the time that is asked for, in ms since the Unix epoch
 */
export function forecast(needs: readonly HourOfNeed[] | undefined, at: number): Forecast {
  if (!needs) return { kind: 'unknown' };
  const hour = Math.floor(at / HOUR_MS);
  const known = memo.get(needs) ?? new Map<number, Forecast>();
  memo.set(needs, known);
  const found = known.get(hour) ?? forecastHour(needs, hour);
  known.set(hour, found);
  return found.kind === 'known' ? { ...found, at } : found;
}

/** A turn comes every few seconds, what it is decided from changes once an hour. */
const memo = new WeakMap<readonly HourOfNeed[], Map<number, Forecast>>();

function forecastHour(needs: readonly HourOfNeed[], hour: number): Forecast {
  const past = needs
    .map(({ from, instances }) => ({ hour: Math.floor(from / HOUR_MS), instances }))
    .filter((one) => one.hour < hour && one.hour >= hour - MOST_WEEKS * WEEK_HOURS);
  if (past.length < LEAST_HOURS) return { kind: 'too-short', hours: past.length, needed: LEAST_HOURS };
  const instances = quantile(valuesAt(past, hour));
  const skill = backTest(past);
  return { kind: 'known', instances, at: hour * HOUR_MS, skill, isUsed: skill > 0 };
}

type Hour = { readonly hour: number; readonly instances: number };

/** The last week, forecast from the weeks before it, against one level for all hours. By the loss that a quantile has. */
function backTest(past: readonly Hour[]): number {
  const last = past.at(-1)?.hour ?? 0;
  const tested = past.filter(({ hour }) => hour > last - WEEK_HOURS);
  const learned = past.filter(({ hour }) => hour <= last - WEEK_HOURS);
  const level = quantile(learned.map(({ instances }) => instances));
  let own = 0;
  let flat = 0;
  for (const { hour, instances } of tested) {
    const values = valuesAt(learned, hour);
    own += loss(instances, values.length > 0 ? quantile(values) : level);
    flat += loss(instances, level);
  }
  return flat === 0 ? (own === 0 ? 0 : -1) : 1 - own / flat;
}

const valuesAt = (hours: readonly Hour[], hour: number): readonly number[] =>
  hours.filter((one) => (hour - one.hour) % WEEK_HOURS === 0).map(({ instances }) => instances);

/** The pinball loss: too few weighs nine times as much as too many. */
const loss = (actual: number, said: number) =>
  actual > said ? QUANTILE * (actual - said) : (1 - QUANTILE) * (said - actual);

/** By the nearest rank; 0 of none. */
export function quantile(values: readonly number[], share = QUANTILE): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

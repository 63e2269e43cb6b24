import { AwsError } from '../../aws/errors.ts';
import type { Clock } from '../../base/clock.ts';
import type { NeedMetric } from '../aws/need-metric.ts';
import { HOUR_MS } from '../plan/forecast.ts';
import type { HourOfNeed } from '../plan/model.ts';

/** What a process keeps of the metric between turns. Times are in ms since the Unix epoch. */
export type NeedMemory = {
  /** What past hours have needed, as it was read last; undefined: it has not been read yet. */
  readonly byHour: readonly HourOfNeed[] | undefined;
  /** In which hour since the Unix epoch that was. */
  readonly readInHour: number | undefined;
  /** When it was tried last, however that ended. */
  readonly triedAt: number | undefined;
  readonly publishedAt: number | undefined;
};

export const noNeed: NeedMemory = {
  byHour: undefined,
  readInHour: undefined,
  triedAt: undefined,
  publishedAt: undefined,
};

/** A metric's finest period, in ms. What has failed is tried again as often: while CloudWatch is away, turns must not wait for it. */
const MINUTE_MS = 60_000;

/** How long a turn waits for CloudWatch at most, in ms. */
const PATIENCE_MS = 3_000;

export type NeedPorts = { readonly clock: Clock; readonly need?: NeedMetric | undefined };

export type NeedStep = { readonly need: NeedMemory; readonly warnings: readonly string[] };

/** Reads what past hours have needed, once an hour. Whatever becomes of it, the turn goes on: jobs do not wait for it. */
export async function recallNeed({ clock, need: metric }: NeedPorts, before: NeedMemory): Promise<NeedStep> {
  const now = clock.now();
  const hour = Math.floor(now / HOUR_MS);
  const { readInHour, triedAt = -Infinity } = before;
  if (!metric || readInHour === hour || now - triedAt < MINUTE_MS) return { need: before, warnings: [] };
  const need = { ...before, triedAt: now };
  try {
    const byHour = await inTime(metric.read(now), clock);
    return { need: { ...need, byHour, readInHour: hour }, warnings: [] };
  } catch (error) {
    return failed('what past hours have needed could not be read', error, need);
  }
}

/** Publishes what is needed now, once a minute at most. */
export async function publishNeed(
  { clock, need: metric }: NeedPorts,
  before: NeedMemory,
  now: number,
  instances: number,
): Promise<NeedStep> {
  if (!metric || now - (before.publishedAt ?? -Infinity) < MINUTE_MS) return { need: before, warnings: [] };
  const need = { ...before, publishedAt: now };
  try {
    await inTime(metric.publish(now, instances), clock);
    return { need, warnings: [] };
  } catch (error) {
    return failed('what is needed could not be published', error, need);
  }
}

async function inTime<T>(answer: Promise<T>, clock: Clock): Promise<T> {
  const timer = new AbortController();
  const late = clock.sleep(PATIENCE_MS, { signal: timer.signal }).then(() => {
    throw new AwsError('cloudwatch', 'transient', 'TimeoutError', `no answer in ${PATIENCE_MS} ms`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort('answered');
  }
}

function failed(what: string, error: unknown, need: NeedMemory): NeedStep {
  if (!(error instanceof AwsError)) throw error;
  return { need, warnings: [`${what}: ${error.message}`] };
}

import { AwsError } from '../../aws/errors.ts';
import type { NeedMetric } from '../aws/need-metric.ts';
import { HOUR_MS } from '../plan/forecast.ts';
import type { Memory } from './memory.ts';

/** A metric's finest period, in ms. */
const PUBLISH_MS = 60_000;

export type NeedStep = { readonly memory: Memory; readonly warnings: readonly string[] };

/** Reads what past hours have needed, once an hour. Whatever becomes of it, the turn goes on: it does without a floor. */
export async function recallNeed(
  metric: NeedMetric | undefined,
  memory: Memory,
  now: number,
): Promise<NeedStep> {
  const hour = Math.floor(now / HOUR_MS);
  if (!metric || memory.needReadInHour === hour) return { memory, warnings: [] };
  try {
    const needByHour = await metric.read(now);
    return { memory: { ...memory, needByHour, needReadInHour: hour }, warnings: [] };
  } catch (error) {
    return failed('what past hours have needed could not be read', error, memory);
  }
}

/** Publishes what is needed now, once a minute at most. */
export async function publishNeed(
  metric: NeedMetric | undefined,
  memory: Memory,
  now: number,
  instances: number,
): Promise<NeedStep> {
  if (!metric || now - (memory.needPublishedAt ?? 0) < PUBLISH_MS) return { memory, warnings: [] };
  try {
    await metric.publish(now, instances);
    return { memory: { ...memory, needPublishedAt: now }, warnings: [] };
  } catch (error) {
    return failed('what is needed could not be published', error, memory);
  }
}

function failed(what: string, error: unknown, memory: Memory): NeedStep {
  if (!(error instanceof AwsError)) throw error;
  return { memory, warnings: [`${what}: ${error.message}`] };
}

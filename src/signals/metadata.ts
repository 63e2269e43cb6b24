import type { Imds } from '../aws/imds.ts';
import { parseTime } from '../clock.ts';
import { known, type Reading, unknown } from '../reading.ts';
import type { Signal } from './signal.ts';

/** Reads one signal: known undefined means that there is none. */
export type ReadSignal = () => Promise<Reading<Signal | undefined>>;

/**
 * The state that the Auto Scaling group wants the instance in. It turns `Terminated` as soon as the group
 * begins to terminate the instance (Auto Scaling user guide, "Retrieve the target lifecycle state").
 */
export const lifecycleSignal =
  (imds: Imds): ReadSignal =>
  async () => {
    const state = await imds.get('meta-data/autoscaling/target-lifecycle-state');
    if (state.kind === 'unknown') return state;
    return known(state.value?.trim() === 'Terminated' ? { source: 'lifecycle' } : undefined);
  };

/** A Spot interruption, announced about two minutes ahead (EC2 user guide, "Spot instance interruption notices"). */
export const spotSignal =
  (imds: Imds): ReadSignal =>
  async () => {
    const notice = await readNotice(imds, 'meta-data/spot/instance-action', 'time');
    if (notice.kind === 'unknown' || !notice.value) return notice as Reading<undefined>;
    const { time: interruptionAt, fields } = notice.value;
    return known({ source: 'spot', action: String(fields.action ?? 'terminate'), interruptionAt });
  };

/** EC2 recommends to replace the Spot instance (EC2 user guide, "EC2 instance rebalance recommendations"). */
export const rebalanceSignal =
  (imds: Imds): ReadSignal =>
  async () => {
    const notice = await readNotice(imds, 'meta-data/events/recommendations/rebalance', 'noticeTime');
    if (notice.kind === 'unknown' || !notice.value) return notice as Reading<undefined>;
    return known({ source: 'rebalance', noticeAt: notice.value.time });
  };

async function readNotice(imds: Imds, path: string, timeField: string) {
  const notice = await imds.get(path);
  if (notice.kind === 'unknown' || notice.value === undefined) return notice as Reading<undefined>;
  try {
    const fields = JSON.parse(notice.value) as Record<string, unknown>;
    const time = parseTime(String(fields[timeField]));
    if (time === undefined) return unknown(`IMDS gave a notice without ${timeField} for ${path}`);
    return known({ time, fields });
  } catch {
    return unknown(`IMDS gave something that is not JSON for ${path}`);
  }
}

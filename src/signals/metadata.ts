import type { Imds } from '../aws/imds.ts';
import { parseUtcTime } from '../base/clock.ts';
import { ifKnown, known, type Reading, unknown } from '../base/reading.ts';
import type { ReadSignal } from './signal.ts';

/** The group wants the instance to leave. */
export const lifecycleSignal =
  (imds: Imds): ReadSignal =>
  async () => {
    const state = await readTargetState(imds);
    const value = ifKnown(state);
    if (value === undefined) return state as Reading<undefined>;
    if (LEAVING_STATES.has(value)) return known({ source: 'lifecycle' });
    // Anything else would end a drain: a page, or half of a word, does not say that the group wants the instance back.
    if (OTHER_TARGET_STATES.has(value)) return known(undefined);
    return unknown('IMDS gave something that is no target lifecycle state');
  };

/**
 * The state that the Auto Scaling group wants the instance in, as metadata gives it. It turns `Terminated` as soon as the group
 * begins to terminate the instance (Auto Scaling user guide, "Retrieve the target lifecycle state").
 */
export async function readTargetState(imds: Imds): Promise<Reading<string | undefined>> {
  const state = await imds.get('meta-data/autoscaling/target-lifecycle-state');
  return state.kind === 'unknown' ? state : known(state.value?.trim());
}

/**
 * The first two are documented ("Retrieve the target lifecycle state"). What metadata says while an instance refresh replaces the
 * root volume is not: the third would say that it does.
 */
const LEAVING_STATES = new Set(['Terminated', 'Warmed:Terminated', 'ReplacingRootVolume']);

const OTHER_TARGET_STATES = new Set([
  'InService',
  'Detached',
  'Standby',
  'Warmed:Running',
  'Warmed:Stopped',
  'Warmed:Hibernated',
  'RootVolumeReplaced',
]);

/** A Spot interruption, announced about two minutes ahead (EC2 user guide, "Spot instance interruption notices"). */
export const spotSignal =
  (imds: Imds): ReadSignal =>
  async () => {
    const notice = await readNotice(imds, 'meta-data/spot/instance-action', 'time');
    const value = ifKnown(notice);
    if (!value) return notice as Reading<undefined>;
    const { time: interruptionAt, fields } = value;
    const action = typeof fields.action === 'string' ? fields.action : 'terminate';
    return known({ source: 'spot', action, interruptionAt });
  };

/** EC2 recommends to replace the Spot instance (EC2 user guide, "EC2 instance rebalance recommendations"). */
export const rebalanceSignal =
  (imds: Imds): ReadSignal =>
  async () => {
    const notice = await readNotice(imds, 'meta-data/events/recommendations/rebalance', 'noticeTime');
    const value = ifKnown(notice);
    return value ? known({ source: 'rebalance', noticeAt: value.time }) : (notice as Reading<undefined>);
  };

async function readNotice(imds: Imds, path: string, timeField: string) {
  const notice = await imds.get(path);
  const body = ifKnown(notice);
  if (body === undefined) return notice as Reading<undefined>;
  try {
    const fields = JSON.parse(body) as Record<string, unknown>;
    const text = fields[timeField];
    const time = typeof text === 'string' ? parseUtcTime(text) : undefined;
    if (time === undefined) return unknown(`IMDS gave a notice without ${timeField} for ${path}`);
    return known({ time, fields });
  } catch {
    return unknown(`IMDS gave something that is not JSON for ${path}`);
  }
}

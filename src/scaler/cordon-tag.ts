import { isoTime, parseTime } from '../base/clock.ts';
import { clip } from '../base/text.ts';
import type { CordonTag } from './plan/model.ts';

/**
 * A cordon is an ECS tag of the container instance. It comes with the same answer as the status, so the two cannot contradict each
 * other; nothing is placed by it, as it is by an attribute; and its ARN names the cluster, so that a policy can bind the call to it.
 */
export const CORDON_KEY = 'ecs-scaler:cordon';

/** What a cordon's tag says: `nightly since 2026-11-26T05:00:00.000Z until 2026-11-26T05:15:00.000Z`. */
export function cordonText(by: string, since: number, until: number): string {
  return `${by} since ${isoTime(since)} until ${isoTime(until)}`;
}

export function readCordon(text: string): CordonTag {
  const [, by, from = '', to = ''] = /^([\w.-]{1,60}) since (\S{20,30}) until (\S{20,30})$/.exec(text) ?? [];
  const since = parseTime(from);
  const until = parseTime(to);
  if (by === undefined || since === undefined || until === undefined)
    return { kind: 'unreadable', text: clip(text, 100) };
  return { kind: 'read', by, since, until };
}

import type { TimelineEvent } from '../../src/sandbox/index.ts';
import type { HookSetting } from './entry.ts';

/** The truth about an Auto Scaling group. Times are in ms. */
export type Group = {
  /** Its terminating hooks by name; undefined where nothing tells of them. */
  hooks: Map<string, GroupHook> | undefined;
  /** Those that it had, and until when. */
  readonly deletedHooks: Map<string, number>;
  /** Whether it keeps an instance whose hook was abandoned; undefined where nothing tells. */
  retains: boolean | undefined;
  /** Until when it did. */
  retainedUntil: number;
  /** When somebody last changed either. */
  changedAt: number;
  /** … or the hooks alone, or the policy. */
  hooksChangedAt: number;
  policyChangedAt: number;
};

/** A terminating hook; its time-outs are undefined where nobody noted them. */
export type GroupHook = {
  readonly name: string;
  readonly globalTimeout: number | undefined;
  /** Since when the group has it: what waited before waits without it. -Infinity where nobody noted it. */
  readonly since: number;
};

export const createGroup = (): Group => ({
  hooks: undefined,
  deletedHooks: new Map(),
  retains: undefined,
  retainedUntil: -Infinity,
  changedAt: -Infinity,
  hooksChangedAt: -Infinity,
  policyChangedAt: -Infinity,
});

/** EC2 Auto Scaling user guide, "lifecycle hooks": 48 hours or 100 times the heartbeat time-out, whichever is less. */
const LONGEST_WAIT_MS = 48 * 3_600_000;

export function hookOf({ name, heartbeatTimeout: seconds }: HookSetting): GroupHook {
  const globalTimeout = seconds === undefined ? undefined : Math.min(LONGEST_WAIT_MS, 100_000 * seconds);
  return { name, globalTimeout, since: -Infinity };
}

/** Brings the truth about a group up to date. */
export function followGroup(group: Group, event: TimelineEvent): void {
  switch (event.type) {
    case 'hook-put':
      group.hooks ??= new Map();
      if (!event.transition.endsWith('TERMINATING')) return;
      group.deletedHooks.delete(event.hook);
      group.hooks.set(event.hook, {
        name: event.hook,
        globalTimeout: event.globalTimeout,
        since: group.hooks.get(event.hook)?.since ?? event.at,
      });
      break;
    case 'hook-deleted':
      group.hooks?.delete(event.hook);
      group.deletedHooks.set(event.hook, event.at);
      break;
    case 'retention':
      if (group.retains && !event.to) group.retainedUntil = event.at;
      group.retains = event.to;
      break;
    default:
      return;
  }
  group.changedAt = event.at;
  if (event.type === 'retention') group.policyChangedAt = event.at;
  else group.hooksChangedAt = event.at;
}

import type { Hook } from '../../aws/auto-scaling.ts';
import type { Reading } from '../../base/reading.ts';
import { MANAGED_DRAINING_HOOK } from '../../config/options.ts';
import type { Signal } from '../../signals/signal.ts';

/** Which lifecycle hook is ours to keep alive and to complete. */
export type HookChoice =
  | { readonly kind: 'ours'; readonly hook: Hook }
  | { readonly kind: 'unknown'; readonly cause: string }
  /** The group has no terminating hook that could be ours. */
  | { readonly kind: 'none' }
  /** Several could be ours, and nothing says which. */
  | { readonly kind: 'ambiguous'; readonly names: readonly string[] }
  /** The hook that was asked for is not there. */
  | { readonly kind: 'missing'; readonly wanted: string; readonly names: readonly string[] };

/**
 * The hook that the option names; else the one that the tag's value names; else the group's only one. A tag
 * only ever chooses among the hooks that the group has, and never the one of ECS managed draining.
 */
export function chooseHook(
  hooks: Reading<readonly Hook[]>,
  wantedByOption: string | undefined,
  signals: readonly Signal[],
): HookChoice {
  if (hooks.kind === 'unknown') {
    if (!wantedByOption) return hooks;
    return {
      kind: 'ours',
      hook: { name: wantedByOption, heartbeatTimeout: undefined, globalTimeout: undefined },
    };
  }
  const candidates = hooks.value.filter(({ name }) => name !== MANAGED_DRAINING_HOOK);
  const names = candidates.map(({ name }) => name);
  const wanted = wantedByOption ?? signals.find((signal) => signal.source === 'tag')?.hook;
  if (wanted) {
    const hook = candidates.find(({ name }) => name === wanted);
    return hook ? { kind: 'ours', hook } : { kind: 'missing', wanted, names };
  }
  const [only, ...others] = candidates;
  if (!only) return { kind: 'none' };
  return others.length === 0 ? { kind: 'ours', hook: only } : { kind: 'ambiguous', names };
}

import type { Hook } from '../../aws/auto-scaling.ts';
import type { Reading } from '../../base/reading.ts';
import { MANAGED_DRAINING_HOOK } from '../../config/options.ts';
import type { Signal } from '../../signals/signal.ts';
import type { HookChoice } from '../model.ts';

/**
 * The hook that the option names; else the one that the tag's value names; else the group's only one; else the one that was ours
 * before. Others write the tag, so it can only choose among the hooks that the group has, and a name that the group does not have
 * chooses nothing. The hook of ECS managed draining is never ours.
 *
 * @param before the hook of the lifecycle action that already waits for us: a hook that is added later changes nothing
 */
export function chooseHook(
  hooks: Reading<readonly Hook[]>,
  wantedByOption: string | undefined,
  signals: readonly Signal[],
  before?: Hook,
): HookChoice {
  if (hooks.kind === 'unknown') {
    if (!wantedByOption) return hooks;
    const { name, ...numbers } = before ?? {
      heartbeatTimeout: undefined,
      globalTimeout: undefined,
      name: '',
    };
    const known =
      name === wantedByOption ? numbers : { heartbeatTimeout: undefined, globalTimeout: undefined };
    return { kind: 'ours', hook: { name: wantedByOption, ...known } };
  }
  const candidates = hooks.value.filter(({ name }) => name !== MANAGED_DRAINING_HOOK);
  const names = candidates.map(({ name }) => name);
  const named = (wanted: string | undefined) => candidates.find(({ name }) => name === wanted);
  if (wantedByOption) {
    const hook = named(wantedByOption);
    return hook ? { kind: 'ours', hook } : { kind: 'missing', wanted: wantedByOption, names };
  }
  const wantedByTag = signals.find((signal) => signal.source === 'tag')?.hook;
  const byTag = wantedByTag === undefined ? undefined : named(wantedByTag);
  if (byTag) return { kind: 'ours', hook: byTag };
  const [only, ...others] = candidates;
  if (!only) return { kind: 'none' };
  const hook = others.length === 0 ? only : before && named(before.name);
  if (!hook) return { kind: 'ambiguous', names };
  return wantedByTag === undefined ? { kind: 'ours', hook } : { kind: 'ours', hook, ignored: wantedByTag };
}

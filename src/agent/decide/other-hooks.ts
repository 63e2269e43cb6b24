import type { Hook } from '../../aws/auto-scaling.ts';
import { ifKnown } from '../../base/reading.ts';
import type { Observation, Policy } from '../model.ts';
import { hookChoice, leavingGroup } from './facts.ts';

/** Another owner's hook that will end all hooks, and when, in ms by the agent's clock, unless its owner prevents that. */
export type OtherEnd = { readonly hook: string; readonly at: number };

/** Auto Scaling API reference, PutLifecycleHook: HeartbeatTimeout is an hour unless set. */
const DEFAULT_TIMEOUT_MS = 3_600_000;

/**
 * The first hook of another owner whose time-out will end ours as well, with the tasks that still run: an ABANDON ends all hooks
 * (Auto Scaling user guide, "Lifecycle hooks"). Undefined if there is none, if its time has passed because its owner has extended
 * it, or if the group retains the instance then.
 */
export function otherEnd(observed: Observation, policy: Pick<Policy, 'lifecycleHook'>): OtherEnd | undefined {
  const { memory, now, hooks } = observed;
  const where = leavingGroup(observed);
  if (where?.stage !== 'waiting' || !memory.waiting) return undefined;
  if (where.aim === 'termination' && ifKnown(observed.retainsAbandoned)) return undefined;
  const choice = hookChoice(observed, policy);
  const ours = choice.kind === 'ours' ? choice.hook.name : undefined;
  const { since } = memory.waiting;
  return othersThatAbandon(ifKnown(hooks) ?? [], ours)
    .map((hook) => ({ hook: hook.name, at: since + (hook.heartbeatTimeout ?? DEFAULT_TIMEOUT_MS) }))
    .filter(({ at }) => at > now)
    .sort((a, b) => a.at - b.at)[0];
}

/** The hooks of other owners whose time-out ends all hooks. */
export const othersThatAbandon = (all: readonly Hook[], ours: string | undefined): readonly Hook[] =>
  all.filter(({ name, defaultResult }) => name !== ours && defaultResult !== 'CONTINUE');

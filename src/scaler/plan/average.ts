import type { Config, History, Snapshot } from './model.ts';

/** How long after the beginning of a period its instances are chosen, in ms. */
const WINDOW_MS = 600_000;

/**
 * How many instances `--policy average` takes away: as many as may go while the use stays below a share of what remains,
 * use < (N − n) · 100 / N · share. It gives the same in the whole window, since what has gone is no longer in N.
 */
export function averageGoes(
  { at, containerInstances }: Snapshot,
  { usedPercent }: History,
  { policy }: Config,
): { readonly count: number; readonly usedPercent: number } {
  const own = containerInstances.filter(({ status }) => status === 'ACTIVE' || status === 'DRAINING');
  const used = usedPercent ?? reservedPercent(own);
  if (policy.kind !== 'average' || at % policy.everyMs >= Math.min(policy.everyMs, WINDOW_MS))
    return { count: 0, usedPercent: used };
  const kept = (used * own.length) / (100 * policy.share);
  const count = Math.max(0, Math.ceil(own.length - kept) - 1);
  return { count, usedPercent: used };
}

/** As CloudWatch has it: of ACTIVE and DRAINING instances, whichever of CPU and memory is more. */
function reservedPercent(own: Snapshot['containerInstances']): number {
  const of = (name: 'cpu' | 'memory') => {
    const total = own.reduce((sum, one) => sum + one.total[name], 0);
    const remaining = own.reduce((sum, one) => sum + one.remaining[name], 0);
    return total === 0 ? 0 : (100 * (total - remaining)) / total;
  };
  return Math.max(of('cpu'), of('memory'));
}

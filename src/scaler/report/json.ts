import { escaped } from '../../base/text.ts';
import type { Turn } from '../turn/turn.ts';

/** A turn as one line of JSON: what was decided, why, and what came of it. Times are in ms since the Unix epoch. */
export function turnJson({ snapshot, plan, outcomes, warnings, code }: Turn & { kind: 'planned' }): string {
  const { at, cluster, group } = snapshot;
  const { name, min, max, desired } = group;
  return escaped(
    JSON.stringify({
      at,
      cluster,
      group: { name, min, max, desired },
      ...plan,
      outcomes: outcomes.map(({ action, kind, ...rest }) => ({
        action: action.kind,
        ...('instance' in action ? { instanceId: action.instance.instanceId } : { count: action.count }),
        kind,
        ...('why' in rest ? { why: rest.why } : {}),
        ...('instanceIds' in rest && rest.instanceIds ? { instanceIds: rest.instanceIds } : {}),
      })),
      warnings,
      code,
    }),
  );
}

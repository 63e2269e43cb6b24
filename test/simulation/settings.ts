import type { Setting } from '../promises/entry.ts';
import { hasEcsConfig, type Plan } from './plan.ts';
import { TAG_KEY } from './stage.ts';

/** What the agent of a plan is told, and what it is in, as far as promises depend on it. */
export function settingOf(plan: Plan): Partial<Setting> {
  const { flags, group, machine, happenings } = plan;
  const valueAt = (flag: string) => {
    const index = flags.indexOf(flag);
    return index < 0 ? undefined : flags[index + 1];
  };
  const after = milliseconds(valueAt('--drain-timeout'));
  const onTimeout = (valueAt('--on-timeout') ?? 'wait') as NonNullable<Setting['limit']>['onTimeout'];
  return {
    tagKey: TAG_KEY,
    signals: (valueAt('--signals') ?? 'tag,lifecycle,spot').split(','),
    tagSource: (valueAt('--tag-source') ?? 'auto') as Setting['tagSource'],
    mode: valueAt('--mode') === 'deregister' ? 'deregister' : 'drain',
    pollInterval: milliseconds(valueAt('--poll-interval')) ?? 3_000,
    limit: after === undefined ? undefined : { after, onTimeout },
    spotStopTasks: valueAt('--spot-stop-tasks') !== 'false',
    hookStages: Object.keys(plan.operatorHooks?.stages ?? {}),
    ignores: valueAt('--ignore-tasks')?.split(',') ?? [],
    rebalanceTerminate: flags.includes('--rebalance-terminate'),
    dryRun: flags.includes('--dry-run'),
    hasSmallPages: plan.world.pageSize !== undefined,
    namesCluster: flags.includes('--cluster') || hasEcsConfig(plan),
    lifecycleHook: valueAt('--lifecycle-hook'),
    terminatesWarmRetained: plan.world.terminatesWarmRetained === 'accepted',
    hooks: group?.hooks ?? [],
    retains: group?.retain ?? false,
    tagsInMetadata: hasTagFolder(plan) && !happenings.some(({ what }) => what === 'metadata-tags'),
    tagsServed: machine.metadataTags,
    clockAheadMs: machine.clockAhead ?? 0,
    // What calls take.
    slack: 100,
  };
}

/** Whether metadata serves tags: where there is none at all, it may look as if it did not. */
function hasTagFolder({ machine, group }: Plan): boolean {
  return machine.metadataTags && !(machine.untagged && !group);
}

const milliseconds = (text: string | undefined) =>
  text === undefined ? undefined : Number.parseInt(text, 10) * 1_000;

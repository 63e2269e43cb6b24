import { formatDuration } from '../../base/duration.ts';
import { oneLine } from '../../base/text.ts';
import type { Turn } from '../turn/turn.ts';
import {
  actionWords,
  forecastWords,
  groupWords,
  instanceWords,
  jobWords,
  needsText,
  outcomeWords,
  standingWord,
} from './words.ts';

type Planned = Turn & { kind: 'planned' };

/** What `ecs-scaler plan` prints. */
export function turnTable({ snapshot, plan }: Planned): string {
  const { group, at, demand } = snapshot;
  const { reasons, standing, actions } = plan;
  const forecast = forecastWords(reasons.forecast);
  const lines = [
    `cluster ${snapshot.cluster}, group ${group.name}: ${group.desired} wanted of ${group.min} to ${group.max}, ${plan.needed} needed, ${demand.length} waiting`,
    '',
    standing.kind === 'advises'
      ? `Advice only: ECS managed scaling sizes the group (capacity provider ${standing.capacityProvider}).`
      : 'It would',
    ...(actions.length > 0 ? actions.map((action) => `  ${actionWords(action, at)}`) : ['  do nothing']),
    ...section(
      'Instances',
      reasons.instances.map((one) => [
        one.instanceId,
        one.zone,
        standingWord(one),
        instanceWords(one.why, at),
      ]),
    ),
    ...section(
      'Waiting jobs',
      reasons.jobs.map((job) => [
        job.key,
        needsText(job.needs),
        job.since === undefined ? '' : `for ${formatDuration(at - job.since)}`,
        jobWords(job.why),
      ]),
    ),
    ...section(
      'The group',
      [...reasons.group.map((reason) => groupWords(reason, at)), ...(forecast ? [forecast] : [])].map(
        (text) => [text],
      ),
    ),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/**
 * What `once` and `run` print of a turn: what was done, and how the group is that somebody should look at. The second goes on from
 * turn to turn, and is news only once.
 */
export function newsOf({ snapshot, plan, outcomes }: Planned): {
  readonly done: readonly string[];
  readonly state: readonly string[];
} {
  const { at } = snapshot;
  const { standing, actions, reasons } = plan;
  const advice =
    standing.kind === 'advises'
      ? [
          `advice only, as ECS managed scaling sizes the group (capacity provider ${standing.capacityProvider})`,
          ...actions.map((action) => `advice: ${actionWords(action, at)}`),
        ]
      : [];
  return {
    done: outcomes.map((outcome) => oneLine(outcomeWords(outcome, at))),
    // A setting of the group is for `plan` to tell: a timer would say it once a minute.
    state: [
      ...advice,
      ...reasons.group
        .filter(({ kind }) => kind !== 'zones-rebalanced')
        .map((reason) => groupWords(reason, at)),
    ].map(oneLine),
  };
}

function section(title: string, rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return [];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return [
    '',
    title,
    ...rows.map(
      (row) => `  ${row.map((cell, column) => oneLine(cell).padEnd(widths[column] ?? 0)).join('  ')}`,
    ),
  ];
}

import { type ReportedTask, shortId } from '../agent/report/report.ts';
import { parseTime, systemClock } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import type { Environment } from '../base/environment.ts';
import { escaped, oneLine } from '../base/text.ts';
import type { Config } from '../config/options.ts';
import { findAgent, type Status } from './status-file.ts';

/** What the exit code of `status` tells. */
export const STATUS_EXIT_CODES = {
  watching: 0,
  draining: 10,
  released: 11,
  starting: 12,
  'not-running': 3,
  unknown: 4,
} as const;

export type StatusOptions = {
  readonly asJson: boolean;
  /** The exit code tells only whether an agent runs, as a container's health check wants it. */
  readonly isHealthCheck: boolean;
};

/** `ecs-drain-agent status`: what the agent on this host is doing. Resolves with the exit code. */
export async function status(
  config: Config,
  environment: Environment,
  { asJson, isHealthCheck }: StatusOptions,
): Promise<number> {
  const found = findAgent(config.stateDir, environment);
  const state =
    found.kind === 'running' ? found.status.state : found.kind === 'unreadable' ? 'unknown' : found.kind;
  if (asJson) {
    const facts = found.kind === 'running' ? found.status : {};
    process.stdout.write(`${escaped(JSON.stringify({ ...facts, state }))}\n`);
  } else if (found.kind === 'running') {
    process.stdout.write(forPeople(found.status));
  } else if (found.kind === 'unreadable') {
    process.stdout.write(`not known: ${oneLine(found.why)}\n`);
  } else {
    process.stdout.write('not running: no agent runs on this host (systemctl status ecs-drain-agent)\n');
  }
  if (isHealthCheck) return found.kind === 'running' ? 0 : 1;
  return STATUS_EXIT_CODES[state];
}

function forPeople(found: Status): string {
  const rows: [string, string | undefined][] = [
    ['state', found.summary],
    ['because of', found.signals.join(', ') || undefined],
    ['container instance', found.containerInstance && shortId(found.containerInstance)],
    ['cluster', found.cluster],
    ['Auto Scaling group', found.group && `${found.group} (${found.lifecycleState})`],
    ['waited', found.waitedSeconds === undefined ? undefined : formatDuration(found.waitedSeconds * 1_000)],
    ['limit', found.deadline],
    [
      'other hook',
      found.otherHook &&
        `${found.otherHook.name} ends the wait at ${found.otherHook.endsAt}, unless its owner extends it`,
    ],
    [found.state === 'draining' ? 'as of' : 'since', timeAndAge(found.updatedAt)],
  ];
  const lines = rows
    .filter((row): row is [string, string] => row[1] !== undefined)
    .map(([name, value]) => `${name.padEnd(20)}${oneLine(value)}\n`);
  const tasks = found.state === 'draining' ? (found.tasks ?? []) : [];
  const unnamed = (found.tasksLeft ?? 0) - tasks.length;
  const more = tasks.length > 0 && unnamed > 0 ? [`  and ${unnamed} more\n`] : [];
  const reasons = found.state === 'draining' ? (found.blockedBy ?? []) : [];
  const why = reasons.map((reason) => `${'still there because'.padEnd(20)}${oneLine(reason.why)}\n`);
  return [...lines, ...tasks.map((task) => `  ${oneLine(taskLine(task))}\n`), ...more, ...why].join('');
}

function timeAndAge(time: string): string {
  const at = parseTime(time);
  return at === undefined ? time : `${time} (${formatDuration(systemClock.now() - at)} ago)`;
}

function taskLine({ group, id, status: taskStatus, ageSeconds }: ReportedTask): string {
  const age = ageSeconds === undefined ? '' : `, ${formatDuration(ageSeconds * 1_000)} old`;
  return `task ${id} of ${group}: ${taskStatus}${age}`;
}

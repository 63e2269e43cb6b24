import type { Problem } from '../agent/report/problems.ts';
import type { ReportedTask } from '../agent/report/report.ts';
import { shortId } from '../agent/report/words.ts';
import { parseTime, systemClock } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';
import type { Environment } from '../base/environment.ts';
import { escaped, oneLine } from '../base/text.ts';
import { version } from '../base/version.ts';
import { columnsOf, wrapBehind } from '../base/wrap.ts';
import type { Config } from '../config/options.ts';
import { type Found, findAgent } from './find-agent.ts';
import { JSON_VERSION } from './json-version.ts';
import { STATUS_EXIT_CODES } from './status-exit-codes.ts';
import { isFresh, type Status } from './status-file.ts';

const COLUMN = 20;

export type StatusOptions = {
  readonly asJson: boolean;
  /** The exit code tells only whether an agent runs and does not hang, as a container's health check wants it. */
  readonly isHealthCheck: boolean;
};

/** `ecs-drain-agent status`: what the agent on this host is doing. Resolves with the exit code. */
export async function status(
  config: Config,
  environment: Environment,
  { asJson, isHealthCheck }: StatusOptions,
): Promise<number> {
  const found = findAgent(config.stateDir, environment);
  if (asJson) {
    process.stdout.write(`${escaped(JSON.stringify(forPrograms(found)))}\n`);
  } else if (found.kind === 'running') {
    process.stdout.write(forPeople(found.status, columnsOf(process.stdout)));
  } else if (found.kind === 'unreadable') {
    process.stdout.write(`not known: ${oneLine(found.why)}\n`);
  } else {
    process.stdout.write('not running: no agent runs on this host (systemctl status ecs-drain-agent)\n');
  }
  if (isHealthCheck) return found.kind === 'running' && isFresh(found.path, systemClock) ? 0 : 1;
  return STATUS_EXIT_CODES[found.kind === 'running' && isBlocked(found.status) ? 'blocked' : stateOf(found)];
}

/** Whether somebody must fix something before a drain can go on, or begin. An agent that starts has a code of its own. */
export const isBlocked = ({ state, problems = [] }: Status): boolean =>
  problems.length > 0 && (state === 'watching' || state === 'draining');

function stateOf(found: Found): Exclude<keyof typeof STATUS_EXIT_CODES, 'blocked'> {
  return found.kind === 'running' ? found.status.state : found.kind === 'unreadable' ? 'unknown' : found.kind;
}

/** As status-schema.ts says. */
function forPrograms(found: Found): object {
  const facts =
    found.kind === 'running'
      ? { ...found.status, problems: found.status.problems ?? [] }
      : found.kind === 'unreadable'
        ? { summary: found.why }
        : {};
  return { ...facts, schemaVersion: JSON_VERSION, state: stateOf(found) };
}

/** @param width of the terminal, in columns */
function forPeople(found: Status, width: number): string {
  const row = (name: string, value: string) =>
    `${name.padEnd(COLUMN)}${wrapBehind(oneLine(value), width, ' '.repeat(COLUMN))}\n`;
  const rows: [string, string | undefined][] = [
    ['state', found.summary],
    ...(found.problems ?? []).flatMap(problemRows),
    ['because of', found.signals.join(', ') || undefined],
    ['instance', found.instanceId && `${found.instanceId}${found.region ? ` in ${found.region}` : ''}`],
    ['container instance', found.containerInstance && shortId(found.containerInstance)],
    ['cluster', found.cluster],
    [
      'Auto Scaling group',
      found.group && `${found.group}${found.lifecycleState ? ` (${found.lifecycleState})` : ''}`,
    ],
    ['waited', found.waitedSeconds === undefined ? undefined : formatDuration(found.waitedSeconds * 1_000)],
    ['limit', found.deadline && timeAndDistance(found.deadline)],
    [
      'other hook',
      found.otherHook &&
        `${found.otherHook.name} ends the wait at ${found.otherHook.endsAt}, unless its owner extends it`,
    ],
    ['version', found.version && versions(found.version)],
    [found.state === 'draining' ? 'as of' : 'since', timeAndDistance(found.updatedAt)],
  ];
  const lines = rows
    .filter((row): row is [string, string] => row[1] !== undefined)
    .map(([name, value]) => row(name, value));
  const tasks = found.state === 'draining' ? (found.tasks ?? []) : [];
  const unnamed = (found.tasksLeft ?? 0) - tasks.length;
  const more = tasks.length > 0 && unnamed > 0 ? [`  and ${unnamed} more\n`] : [];
  const reasons = found.state === 'draining' ? (found.blockedBy ?? []) : [];
  const problems = new Set((found.problems ?? []).map(({ why }) => why));
  const why = reasons
    .filter((reason) => !problems.has(reason.why))
    .map((reason) => row('still there because', reason.why));
  return [
    ...lines,
    ...tasks.map((task) => `  ${wrapBehind(oneLine(taskLine(task)), width, '    ', 2)}\n`),
    ...more,
    ...why,
  ].join('');
}

function problemRows({ why, fix, since }: Problem): [string, string][] {
  return [
    ['problem', `${why}${since ? `, since ${timeAndDistance(since)}` : ''}`],
    ['fix', fix],
  ];
}

function versions(running: string): string {
  if (running === version) return running;
  return `${running}; ${version} is installed, and runs after systemctl restart ecs-drain-agent (safe at any time)`;
}

function timeAndDistance(time: string): string {
  const at = parseTime(time);
  if (at === undefined) return time;
  const distance = systemClock.now() - at;
  return `${time} (${distance < 0 ? `in ${formatDuration(-distance)}` : `${formatDuration(distance)} ago`})`;
}

function taskLine({ group, id, status: taskStatus, ageSeconds }: ReportedTask): string {
  const age = ageSeconds === undefined ? '' : `, ${formatDuration(ageSeconds * 1_000)} old`;
  return `task ${id} of ${group}: ${taskStatus}${age}`;
}

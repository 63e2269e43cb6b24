import { type ReportedTask, shortId } from '../agent/report.ts';
import { formatDuration } from '../duration.ts';
import { printable } from '../host/output.ts';
import type { Config } from '../options.ts';
import { readStatus, type Status, statusPath } from './status-file.ts';

/** What the exit code of `status` tells. */
export const STATUS_EXIT_CODES = {
  watching: 0,
  draining: 10,
  released: 11,
  starting: 12,
  'not-running': 3,
} as const;

/** systemd's runtime directory for the agent, where `status` looks when it is not told of another. */
const RUNTIME_DIRECTORY = '/run/ecs-drain-agent';

/** `ecs-drain-agent status`: what the agent on this host is doing. Resolves with the exit code. */
export async function status(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  asJson: boolean,
): Promise<number> {
  const found = findStatus(config, environment);
  const state = found && isAlive(found.pid) ? found.state : 'not-running';
  if (asJson) {
    const { state: _, ...facts } = found ?? { state };
    process.stdout.write(`${JSON.stringify(state === 'not-running' ? { state } : { state, ...facts })}\n`);
  } else if (state === 'not-running' || !found) {
    process.stdout.write(
      'not running: no agent on this host says otherwise (systemctl status ecs-drain-agent)\n',
    );
  } else {
    process.stdout.write(forPeople(found));
  }
  return STATUS_EXIT_CODES[state];
}

function findStatus(config: Config, environment: Readonly<Record<string, string | undefined>>) {
  const places = environment.RUNTIME_DIRECTORY ? [environment] : [environment, { RUNTIME_DIRECTORY }];
  for (const place of places) {
    const found = readStatus(statusPath(config.stateDir, place));
    if (found) return found;
  }
  return undefined;
}

/** Whether that process is there. Another user's process is there too, though we may not signal it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function forPeople(found: Status): string {
  const rows: [string, string | undefined][] = [
    ['state', found.summary],
    ['because of', found.signals.join(', ') || undefined],
    ['container instance', found.containerInstance && shortId(found.containerInstance)],
    ['cluster', found.cluster],
    ['Auto Scaling group', found.group && `${found.group} (${found.lifecycleState})`],
    [
      'waiting for',
      found.waitedSeconds === undefined ? undefined : formatDuration(found.waitedSeconds * 1_000),
    ],
    ['limit', found.deadline],
    ['as of', found.updatedAt],
  ];
  const lines = rows
    .filter((row): row is [string, string] => row[1] !== undefined)
    .map(([name, value]) => `${name.padEnd(20)}${printable(value)}\n`);
  const tasks = found.state === 'draining' ? (found.tasks ?? []) : [];
  return [...lines, ...tasks.map((task) => `  ${printable(taskLine(task))}\n`)].join('');
}

function taskLine({ group, id, status: taskStatus, ageSeconds }: ReportedTask): string {
  const age = ageSeconds === undefined ? '' : `, ${formatDuration(ageSeconds * 1_000)} old`;
  return `task ${id} of ${group}: ${taskStatus}${age}`;
}

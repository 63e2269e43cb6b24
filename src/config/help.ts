import { helpRow as row } from './help-row.ts';
import { optionList } from './options.ts';

export const commands = {
  run: 'Watch, and drain this instance when its termination has been decided. The systemd unit starts this.',
  status:
    'Show what the agent on this host is doing, and what it waits for. --json for machines. Exit code: 0 watching, 10 draining, 11 released, 12 starting, 13 something must be fixed first, 3 not running, 4 not known; with --health 0 while an agent runs, else 1.',
  doctor:
    'Check that the agent can work on this host: one line per check, with the fix. Changes nothing. --json for machines. Exit code: 0 ready, 1 something must be fixed, 13 the same, and a drain waits for it.',
  drain: 'Drain this instance now, by hand. --cancel withdraws the request.',
  sandbox: 'Start a simulated AWS on loopback, to try the agent.',
} as const;

export type CommandName = keyof typeof commands;

/** `ecs-drain-agent --help`. */
export function help(): string {
  return `Drains this Amazon ECS container instance before it is terminated, however long its tasks take.

Usage: ecs-drain-agent COMMAND [options]

Commands
${Object.entries(commands)
  .map(([name, text]) => row(name, text))
  .join('')}
Options of run, status, doctor and drain, each with its environment variable
${optionList.map(optionRow).join('')}${row('--config PATH', 'The configuration file: the same variables, one a line. ECS_DRAIN_CONFIG. Default: /etc/ecs-drain-agent/agent.conf')}
Other
${row('--version', 'Print the version.')}${row('--help', 'Print this help.')}
Write times with a unit: 500ms, 90s, 5m, 1h30m, 2d.
Flags override the environment; the environment overrides the file.
`;
}

function optionRow(option: (typeof optionList)[number]): string {
  const name = `--${option.flag}${option.placeholder ? ` ${option.placeholder}` : ''}`;
  return row(name, `${option.help} ${option.env}. Default: ${option.defaultShown ?? option.default}`);
}

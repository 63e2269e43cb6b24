import { helpRow as row } from '../../config/help-row.ts';
import { optionList } from './options.ts';

export const commands = {
  run: 'Run one task to its end, and exit with its exit code.',
  status:
    'Say how the task of a key is. --json for machines. Exit code: 0 it runs or has ended, 1 there is none.',
  stop: 'Stop the task of a key, and wait until it has stopped. Exit code: 0 none runs any more.',
} as const;

/** `ecs-oneshot --help`. */
export function help(): string {
  return `Runs one Amazon ECS task to its end, once, and exits with its exit code.

Usage: ecs-oneshot run [JOB.yml] [options] [-- COMMAND…]
       ecs-oneshot status --cluster NAME --key KEY
       ecs-oneshot stop --cluster NAME --key KEY

Commands
${Object.entries(commands)
  .map(([name, text]) => row(name, text))
  .join('')}
Options
${optionList
  .map(({ flag, placeholder, help: text, defaultShown, default: given }) =>
    row(`--${flag}${placeholder ? ` ${placeholder}` : ''}`, `${text} Default: ${defaultShown ?? given}`),
  )
  .join(
    '',
  )}${row('--env NAME[=VALUE]', "Adds to the container's environment; without a value that of this process. May be given several times.")}
Other
${row('--version', 'Print the version.')}${row('--help', 'Print this help.')}
A job file is YAML: the flags' names are its keys, with env as a map and command as a list. Flags win.
Write times with a unit: 500ms, 90s, 5m, 1h30m, 2d.

Exit codes of run
${row('0–255', "the container's own")}${row('64', 'the command line or the job file is wrong')}${row('65', 'the key was used with other parameters; nothing was started')}${row('69', 'the task could not be started')}${row('71', 'it ended without an exit code: host lost, Spot')}${row('75', 'no room in time; nothing was started, safe to try again')}${row('76', 'lost track of the task: it may still run')}${row('77', 'permission or credentials are missing')}${row('124', 'the time limit passed (--timeout)')}${row('130, 143', 'cancelled by SIGINT, SIGTERM: the task has been stopped, or none was started')}
The last line on standard error says whether a code is the container's or the launcher's.
`;
}

import { helpRow as row } from '../../config/help-row.ts';
import { optionList } from './options.ts';

export const commands = {
  plan: 'Print what it would do, and why each instance stays or goes and each job waits. Changes nothing.',
  once: 'Take one turn: for a timer.',
  run: 'Take turn after turn, and at once when a launcher says that it waits.',
} as const;

export type CommandName = keyof typeof commands;

/** `ecs-scaler --help`. */
export function help(): string {
  return `Adds the instances that jobs of an Amazon ECS cluster wait for, and takes away those that nobody needs.

Usage: ecs-scaler plan|once|run --cluster NAME --group NAME [options]

Commands
${Object.entries(commands)
  .map(([name, text]) => row(name, text))
  .join('')}
Options
${optionList
  .map(({ flag, placeholder, help: text, defaultShown, default: given }) =>
    row(`--${flag}${placeholder ? ` ${placeholder}` : ''}`, `${text} Default: ${defaultShown ?? given}`),
  )
  .join('')}
Other
${row('--version', 'Print the version.')}${row('--help', 'Print this help.')}
Each option is an environment variable too: --empty-for is ECS_SCALER_EMPTY_FOR. Flags win.
Write times with a unit: 500ms, 90s, 5m, 1h30m, 2d.

Exit codes
${row('0', 'the turn was taken, whether there was something to do or not')}${row('64', 'the command line is wrong')}${row('69', 'there is no such cluster or group')}${row('75', 'something could not be read, so there is no plan; safe to try again')}${row('76', 'some action could not be carried out; the next turn decides anew')}${row('77', 'permission or credentials are missing')}`;
}

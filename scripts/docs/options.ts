import type { OptionText } from '../../src/config/option.ts';
import { optionList as oneshotOptions } from '../../src/oneshot/config/options.ts';
import { program as oneshot } from '../../src/oneshot/program.ts';
import { optionList as scalerOptions } from '../../src/scaler/config/options.ts';
import { code, table } from './markdown.ts';

const BEGIN = '<!-- From here to the end mark: `npm run docs`. -->';
const END = '<!-- The end of what `npm run docs` makes. -->';

/** A page with its tables of options made anew: what stands between its marks. @throws where a mark is missing */
export function withOptions(page: string, tables: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page must have ${BEGIN} and, below it, ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${tables}\n\n${page.slice(end)}`;
}

/** Every option of `ecs-oneshot`, and the exit codes of the commands that do not run a task. */
export function oneshotTables(): string {
  return [
    table(
      ['option', 'default', 'meaning', 'allowed'],
      oneshotOptions.map((option) => [flagOf(option), shownDefault(option), option.help, option.allowed]),
    ),
    table(
      ['command', 'code', 'meaning'],
      (['status', 'stop'] as const).flatMap((name) =>
        oneshot.commands[name].exitCodes.map(([exitCode, meaning]) => [code(name), exitCode, meaning]),
      ),
    ),
  ].join('\n\n');
}

/** Every option of `ecs-scaler`, with its environment variable. */
export function scalerTables(): string {
  return table(
    ['option', 'environment', 'default', 'meaning', 'allowed'],
    scalerOptions.map((option) => [
      flagOf(option),
      code(option.variable),
      shownDefault(option),
      option.help,
      option.allowed,
    ]),
  );
}

const flagOf = ({ flag }: OptionText<unknown>) => code(`--${flag}`);

const shownDefault = ({ default: text, defaultShown }: OptionText<unknown>): string =>
  text === '' ? (defaultShown ?? 'none') : code(text);

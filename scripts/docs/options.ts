import type { OptionText } from '../../src/config/option.ts';
import { optionList as oneshotOptions } from '../../src/oneshot/config/options.ts';
import { program as oneshot } from '../../src/oneshot/program.ts';
import { optionList as scalerOptions } from '../../src/scaler/config/options.ts';
import { program as scaler } from '../../src/scaler/program.ts';
import { code, table } from './markdown.ts';

const BEGIN = '<!-- From here to the end mark: `npm run docs`. -->';
const END = '<!-- The end of what `npm run docs` makes. -->';

/** A page with its tables made anew, one for each pair of marks, in order. @throws where the marks are others */
export function withTables(page: string, tables: readonly string[]): string {
  const [before = '', ...parts] = page.split(BEGIN);
  const ends = parts.map((part) => part.split(END));
  if (parts.length !== tables.length || ends.some((halves) => halves.length !== 2))
    throw new Error(
      `the page must have ${BEGIN} and, below it, ${END}, for each of its tables (${tables.length})`,
    );
  return [before, ...ends.map(([, after], index) => `${BEGIN}\n\n${tables[index]}\n\n${END}${after}`)].join(
    '',
  );
}

/** The exit codes of `ecs-oneshot run`; every option, and the exit codes of the commands that do not run a task. */
export function oneshotTables(): readonly string[] {
  const { run } = oneshot.commands;
  const options = [
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
  ];
  return [exitCodes([...run.exitCodes, ...oneshot.exitCodes]), options.join('\n\n')];
}

/** The exit codes of `ecs-scaler`; every option, with its environment variable. */
export function scalerTables(): readonly string[] {
  const options = table(
    ['option', 'environment', 'default', 'meaning', 'allowed'],
    scalerOptions.map((option) => [
      flagOf(option),
      code(option.variable),
      shownDefault(option),
      option.help,
      option.allowed,
    ]),
  );
  return [exitCodes(scaler.exitCodes), options];
}

/** In the order of the codes. */
function exitCodes(codes: readonly (readonly [code: string, meaning: string])[]): string {
  const inOrder = [...codes].sort(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  return table(
    ['exit code', 'meaning'],
    inOrder.map(([exitCode, meaning]) => [exitCode, meaning]),
  );
}

const flagOf = ({ flag }: OptionText<unknown>) => code(`--${flag}`);

const shownDefault = ({ default: text, defaultShown }: OptionText<unknown>): string =>
  text === '' ? (defaultShown ?? 'none') : code(text);

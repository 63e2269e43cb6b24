import { wrap } from '../base/wrap.ts';
import { COMMON_COMMANDS, type Command, type FlagText, flagSyntax, type Program } from './program.ts';

const COLUMN = 30;

/** A name, and what it is. */
type Row = readonly [name: string, text: string];

/** `PROGRAM --help`. @param width in columns */
export function programHelp(program: Program, width: number): string {
  const { name, about, commands, options, optionsTitle, exitCodes, notes } = program;
  const own = Object.entries(commands).map(([command, { summary }]): Row => [command, summary]);
  const write = writer(width);
  return write.all([
    write.paragraph(about),
    `Usage: ${name} COMMAND [options]`,
    write.section('Commands', [...own, ...Object.entries(COMMON_COMMANDS)]),
    write.section(optionsTitle, options.map(optionRow)),
    write.section('Other', [
      ['-h, --help', 'Print this help; behind a command, that of the command.'],
      ['-V, --version', 'Print the version.'],
    ]),
    write.section('Exit codes of every command', exitCodes),
    notes.map(write.paragraph).join('\n'),
  ]);
}

/** `PROGRAM COMMAND --help`. @param width in columns */
export function commandHelp(program: Program, name: string, command: Command, width: number): string {
  const { flags, options, summary, usage, details = [] } = command;
  const hasOthers = options.length > 0 && options.length < program.options.length;
  const others = `It takes the other options of ${program.name} too: ${program.name} --help lists them.`;
  const write = writer(width);
  return write.all([
    write.paragraph(summary),
    `Usage: ${program.name} ${name}${usage ? ` ${usage}` : ''}`,
    ...details.map(write.paragraph),
    write.section('Options', [...flags, ...options].map(optionRow)),
    hasOthers ? write.paragraph(others) : '',
    write.section('Exit codes', [...command.exitCodes, ...program.exitCodes]),
    program.notes.map(write.paragraph).join('\n'),
  ]);
}

function optionRow(option: FlagText): Row {
  const { help, env, default: given, defaultShown } = option;
  const shown = defaultShown ?? given;
  const more = [...(env ? [`${env}.`] : []), ...(shown === undefined ? [] : [`Default: ${shown}`])];
  return [flagSyntax(option), [help, ...more].join(' ')];
}

/** Puts texts into lines of this width, in columns. */
function writer(width: number) {
  const column = width >= 2 * COLUMN ? COLUMN : 6;
  const indent = ' '.repeat(column);
  const paragraph = (text: string) => wrap(text, width).join('\n');
  /** The text stands beside its name; below it where the name is long or the terminal narrow. */
  const row = ([name, text]: Row) => {
    const first = name.length + 4 > column ? `  ${name}\n${indent}` : `  ${name}`.padEnd(column);
    return `${first}${wrap(text, width - column).join(`\n${indent}`)}`;
  };
  return {
    paragraph,
    section: (title: string, rows: readonly Row[]) =>
      rows.length === 0 ? '' : [paragraph(title), ...rows.map(row)].join('\n'),
    all: (parts: readonly string[]) => parts.filter((part) => part !== '').join('\n\n'),
  };
}

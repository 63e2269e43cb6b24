import { COMMON_COMMANDS, type FlagText, flagSyntax, type Program } from './program.ts';

/** The manual page, for man(1): roff in the macros of man(7). */
export function manPage(program: Program, version: string): string {
  const { name, section, about, commands, options, optionsTitle, exitCodes, notes, files } = program;
  const title = `${name.toUpperCase()} ${section}`;
  return `${[
    `.\\" Made from the program's own table of options.`,
    `.TH ${title} "" "${name} ${version}" ""`,
    '.SH NAME',
    `${text(name)} \\- ${text(lower(about))}`,
    '.SH SYNOPSIS',
    ...Object.entries(commands).flatMap(([command, { usage }]) => [
      `.B ${text(`${name} ${command}`)}`,
      ...(usage ? [text(usage)] : []),
      '.br',
    ]),
    '.SH DESCRIPTION',
    text(about),
    ...notes.flatMap((note) => ['.PP', text(note)]),
    '.SH COMMANDS',
    ...Object.entries(commands).flatMap(([command, { summary, details = [], flags, exitCodes: own }]) => [
      `.SS ${text(command)}`,
      text(summary),
      ...details.flatMap((one) => ['.PP', text(one)]),
      ...flags.flatMap(flag),
      ...(own.length === 0 ? [] : ['.PP', 'Exit codes:', ...own.flatMap(code)]),
    ]),
    `.SS ${text(Object.keys(COMMON_COMMANDS).join(', '))}`,
    text(Object.values(COMMON_COMMANDS).join(' ')),
    '.SH OPTIONS',
    `${text(optionsTitle)}:`,
    ...options.flatMap(flag),
    '.SH EXIT STATUS',
    'Of every command:',
    ...exitCodes.flatMap(code),
    ...(files.length === 0 ? [] : ['.SH FILES', ...files.flatMap(code)]),
  ].join('\n')}\n`;
}

function flag(option: FlagText): readonly string[] {
  const { help, env, default: given, defaultShown, allowed } = option;
  const shown = defaultShown ?? given;
  return [
    '.TP',
    `.B ${text(flagSyntax(option))}`,
    text(help),
    ...(env ? ['.br', `Environment: ${text(env)}`] : []),
    ...(allowed ? ['.br', `Allowed: ${text(allowed)}`] : []),
    ...(shown ? ['.br', `Default: ${text(shown)}`] : []),
  ];
}

const code = ([name, meaning]: readonly [string, string]): readonly string[] => [
  '.TP',
  `.B ${text(name)}`,
  text(meaning),
];

const lower = (sentence: string) =>
  `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`.replace(/[.]$/, '');

/** roff obeys a backslash, and a period or an apostrophe at the start of a line; its hyphen is no minus. */
function text(plain: string): string {
  return plain
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', "'")
    .replaceAll('…', '...')
    .replaceAll('–', '\\(en')
    .replace(/^[.']/, '\\&$&');
}

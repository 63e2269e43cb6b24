import { nearest } from '../base/nearest.ts';
import { quote } from '../base/text.ts';
import { version } from '../base/version.ts';
import { columnsOf } from '../base/wrap.ts';
import { EX_USAGE } from '../config/exit-codes.ts';
import { COMMON_COMMANDS, type Program } from './program.ts';

/** Of `process` each is made when it is first asked for, which a service that logs otherwise never needs. */
export type Streams = {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
};

/** What is left to do: a command of the program's own, or nothing but to end. */
export type Chosen =
  | { readonly kind: 'command'; readonly name: string; readonly argv: readonly string[] }
  | { readonly kind: 'answered'; readonly code: number };

/** Answers what every program is asked alike (help, version, completion, what it does not know), and else says what to run. */
export async function choose(
  program: Program,
  [first, ...rest]: readonly string[],
  streams: Streams,
): Promise<Chosen> {
  const { commands } = program;
  if (first === undefined) return complain(`${await help(program, widthOf(streams.stderr))}\n`);
  if (first === '--version' || first === '-V' || first === 'version') return say(version);
  if (first === '--help' || first === '-h' || first === 'help') {
    const [about] = first === 'help' ? rest : [];
    if (about === undefined || Object.hasOwn(COMMON_COMMANDS, about))
      return say(await help(program, widthOf(streams.stdout)));
    return Object.hasOwn(commands, about) ? say(await helpOf(about)) : unknownCommand(about);
  }
  if (first === 'completion' && !rest.includes('--help') && !rest.includes('-h')) return completion(rest[0]);
  if (first === 'completion') return say(await help(program, widthOf(streams.stdout)));
  if (!Object.hasOwn(commands, first)) return unknownCommand(first);
  const end = rest.indexOf('--');
  const own = end < 0 ? rest : rest.slice(0, end);
  if (own.includes('--help') || own.includes('-h')) return say(await helpOf(first));
  return { kind: 'command', name: first, argv: rest };

  async function helpOf(name: string): Promise<string> {
    const command = commands[name];
    if (!command) return help(program, widthOf(streams.stdout));
    return (await import('./help.ts')).commandHelp(program, name, command, widthOf(streams.stdout));
  }

  async function completion(shell: string | undefined): Promise<Chosen> {
    const shells = await import('./completion.ts');
    if (shell === 'bash') return say(shells.bashCompletion(program).trimEnd());
    if (shell === 'zsh') return say(shells.zshCompletion(program).trimEnd());
    return complain(
      usageError(program.name, 'completion', [
        `${shell === undefined ? 'a shell is missing' : `${quote(shell)} is not a shell that it knows`}. Allowed: bash, zsh.`,
      ]),
    );
  }

  function unknownCommand(name: string): Chosen {
    const names = [...Object.keys(commands), ...Object.keys(COMMON_COMMANDS)];
    const isFlag = name.startsWith('-');
    const near = nearest(name, isFlag ? ['--help', '--version'] : names);
    const hint = near
      ? ` Did you mean ${near}?`
      : isFlag
        ? ` Options come after the command: ${program.name} COMMAND ${quoteless(name)}.`
        : ` The commands are ${names.join(', ')}.`;
    return complain(usageError(program.name, undefined, [`${quote(name)} is not a command.${hint}`]));
  }

  function say(text: string): Chosen {
    streams.stdout.write(`${text.trimEnd()}\n`);
    return { kind: 'answered', code: 0 };
  }

  function complain(text: string): Chosen {
    streams.stderr.write(text);
    return { kind: 'answered', code: EX_USAGE };
  }
}

/** No text is easier to read for longer lines. */
const widthOf = (stream: Streams['stdout']) => Math.min(100, columnsOf(stream));

const quoteless = (flag: string) => quote(flag).slice(1, -1);

const help = async (program: Program, width: number) =>
  (await import('./help.ts')).programHelp(program, width);

/** How every program says that its command line is wrong, with one line for each mistake. Its exit code is 64. */
export const usageError = (
  program: string,
  command: string | undefined,
  problems: readonly string[],
): string =>
  `${program}: the command line is wrong.\n${lines(problems)}Try: ${program} ${command ? `${command} ` : ''}--help\n`;

/** How every program says that its environment or a file is wrong. Its exit code is 78. */
export const configurationError = (program: string, problems: readonly string[]): string =>
  `${program}: the configuration is wrong.\n${lines(problems)}`;

/** The same of files that cannot be read at this moment. Whoever starts it again later can succeed. */
export const unreadableError = (program: string, problems: readonly string[]): string =>
  `${program}: the configuration cannot be read.\n${lines(problems)}`;

const lines = (problems: readonly string[]) => problems.map((problem) => `  ${problem}\n`).join('');

import type { OptionText } from '../config/option.ts';

/** A flag as help, completion and the man page show it. */
export type FlagText = Pick<OptionText<unknown>, 'flag' | 'help'> &
  Partial<Pick<OptionText<unknown>, 'placeholder' | 'default' | 'defaultShown' | 'allowed'>> & {
    /** The environment variable that gives it too. */
    readonly env?: string | undefined;
  };

export type Command = {
  /** One sentence. */
  readonly summary: string;
  /** More about it, a paragraph each. */
  readonly details?: readonly string[];
  /** What follows `PROGRAM COMMAND`. */
  readonly usage: string;
  /** Its own, which no other command takes. */
  readonly flags: readonly FlagText[];
  /** Of the options that all commands share, those that matter to it. */
  readonly options: readonly FlagText[];
  /** Its exit codes, beside those of the program. */
  readonly exitCodes: readonly (readonly [code: string, meaning: string])[];
};

/** A program's command line. Its help, its completion and its man page are made from this. */
export type Program = {
  readonly name: string;
  /** The section of the manual that it belongs to. */
  readonly section: 1 | 8;
  /** One sentence: what it is for. */
  readonly about: string;
  readonly commands: Readonly<Record<string, Command>>;
  /** Headed `Options`: those that the commands share. */
  readonly options: readonly FlagText[];
  readonly optionsTitle: string;
  /** Exit codes that every command can have. */
  readonly exitCodes: readonly (readonly [code: string, meaning: string])[];
  /** Sentences for the end of the help. */
  readonly notes: readonly string[];
  /** Files that it reads or writes, for the man page. */
  readonly files: readonly (readonly [path: string, meaning: string])[];
};

/** What every program of this repository takes beside its own commands. */
export const COMMON_COMMANDS = {
  help: 'Print this help, or that of a command: help COMMAND.',
  version: 'Print the version.',
  completion: 'Print the shell completion: completion bash, or completion zsh.',
} as const;

/** The flag with what it takes: `--mode MODE`. */
export const flagSyntax = ({ flag, placeholder }: FlagText): string =>
  `--${flag}${placeholder ? ` ${placeholder}` : ''}`;

/** The values that can be chosen from; undefined where it takes any, or none. */
export function choicesOf({ placeholder, allowed = '' }: FlagText): readonly string[] | undefined {
  if (placeholder === undefined) return undefined;
  return /^[a-z0-9-]+(, [a-z0-9-]+)+$/.test(allowed) ? allowed.split(', ') : undefined;
}

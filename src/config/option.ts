import { formatDuration, parseDuration } from '../base/duration.ts';
import { nearest } from '../base/nearest.ts';
import { quote } from '../base/text.ts';
import { parsed as ok, type Parsed, wrong } from './parsed.ts';

/** One option of a program: its flag, help text and error messages. */
export type OptionText<T> = {
  readonly flag: string;
  /** Undefined for a switch, which takes no value. */
  readonly placeholder?: string;
  readonly default: string;
  /** What `--help` shows as the default where the text itself is empty. */
  readonly defaultShown?: string;
  readonly help: string;
  readonly allowed: string;
  readonly parse: (text: string) => Parsed<T>;
};

/** A program's options, by the names that its code has for them. */
type Schema = Readonly<Record<string, OptionText<unknown>>>;

/** Every option's value. */
export type ValuesOf<S extends Schema> = {
  readonly [K in keyof S]: S[K] extends { parse(text: string): infer P }
    ? Extract<P, { kind: 'ok' }> extends { value: infer V }
      ? V
      : never
    : never;
};

/** The same schema as a list, for what treats all options alike. */
export function listOf<S extends Schema>(
  schema: S,
): readonly (S[keyof S] & { readonly name: keyof S & string })[] {
  return Object.keys(schema).map((name) => ({ name, ...(schema[name] as S[keyof S]) }));
}

/** Reads one of these names. */
export function oneOf<const T extends string>(names: readonly T[]) {
  return (text: string): Parsed<T> => {
    const name = names.find((candidate) => candidate === text);
    return name === undefined ? wrong(`is not one of the allowed values${meant(text, names)}`) : ok(name);
  };
}

/** Reads some of these names, separated by commas; they come in the order in which they are listed here. */
export function list<const T extends string>(names: readonly T[]) {
  return (text: string): Parsed<readonly T[]> => {
    const given = text.split(',').map((name) => name.trim());
    const strange = given.find((name) => !(names as readonly string[]).includes(name));
    if (strange === '') return wrong('has an empty name before or after a comma');
    if (strange !== undefined) return wrong(`contains ${quote(strange)}${meant(strange, names)}`);
    return ok(names.filter((name) => given.includes(name)));
  };
}

function meant(text: string, names: readonly string[]): string {
  const near = nearest(text, names);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

/** Reads `true` or `false`. */
export function boolean(text: string): Parsed<boolean> {
  if (text === 'true' || text === 'false') return ok(text === 'true');
  return wrong('is neither true nor false');
}

/** Reads a text that may be empty: nothing given is nothing. */
export function optional<T>(parse: (text: string) => Parsed<T>) {
  return (text: string): Parsed<T | undefined> => (text === '' ? ok(undefined) : parse(text));
}

/** Reads a whole number between two bounds. */
export function wholeNumber(least: number, most: number) {
  return (text: string): Parsed<number> => {
    const value = Number(text);
    return /^\d{1,7}$/.test(text) && value >= least && value <= most
      ? ok(value)
      : wrong(`is not a whole number from ${least} to ${most}`);
  };
}

/** Reads a time with its unit, in ms, between two bounds. */
export function duration(least: number, most: number) {
  return (text: string): Parsed<number> => {
    const ms = parseDuration(text);
    if (ms === undefined) {
      return wrong(
        /^\d+$/.test(text)
          ? `has no unit; write a number with ms, s, m, h or d, for example ${text}s`
          : 'is not a time; write a number with ms, s, m, h or d, for example 90s or 1h30m',
      );
    }
    if (ms < least) return wrong(`is less than ${formatDuration(least)}`);
    if (ms > most) return wrong(`is more than ${formatDuration(most)}`);
    return ok(ms);
  };
}

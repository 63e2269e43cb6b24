import { parseArgs } from 'node:util';
import { nearest } from '../base/nearest.ts';
import { clip, quote } from '../base/text.ts';

/** A flag: a switch without a placeholder, else it takes a value. */
export type Flag = {
  readonly flag: string;
  readonly placeholder?: string | undefined;
  /** A switch that has one is true or false, and can be told so by a word of its own: `--spot-stop-tasks false`. */
  readonly default?: string | undefined;
};

export type FlagsOptions = {
  /** What is wrong with a word that is no option. */
  readonly noWords?: string | undefined;
  /** Which commands take a flag that this one does not. */
  readonly elsewhere?: ((flag: string) => readonly string[]) | undefined;
  /** Why a flag that one would expect is none. */
  readonly notFlags?: ReadonlyMap<string, string> | undefined;
};

/**
 * The texts that flags were given on a command line, and one line for each mistake in it. Of several the last counts in
 * `values`; `every` has them all, in their order.
 */
export function readFlags(
  argv: readonly string[],
  flags: readonly Flag[],
  { noWords = 'this command takes options only', elsewhere, notFlags }: FlagsOptions = {},
) {
  const flagNames = flags.map(({ flag }) => flag);
  const known = new Map(flags.map((flag) => [flag.flag, flag]));
  const isSwitch = (name: string) => known.has(name) && known.get(name)?.placeholder === undefined;
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      flagNames.map((flag) => [flag, { type: isSwitch(flag) ? 'boolean' : 'string' } as const]),
    ),
  });
  const values = new Map<string, string>();
  const every: { readonly flag: string; readonly text: string }[] = [];
  const problems: string[] = [];
  let isAfterUnknown = false;
  /** The switch right before, which a word can still tell what it is. */
  let before: string | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      // What follows an unknown option is most likely its value: one mistake, one problem.
      if (before !== undefined) values.set(before, token.value);
      else if (!isAfterUnknown) problems.push(`${quote(token.value)}: ${noWords}.`);
    }
    isAfterUnknown = false;
    before = undefined;
    if (token.kind !== 'option') continue;
    const { name, value } = token;
    if (!known.has(name)) {
      isAfterUnknown = value === undefined;
      problems.push(unknownFlag(token.rawName, name));
    } else if (isSwitch(name) && known.get(name)?.default === undefined && value !== undefined) {
      problems.push(`--${name}: it takes no value.`);
    } else if (value === undefined && !isSwitch(name)) {
      problems.push(`--${name}: a value is missing.`);
    } else if (!isSwitch(name) && token.inlineValue === false && value?.startsWith('--')) {
      // As where the shell's variable is empty: what follows must not be swallowed.
      isAfterUnknown = true;
      const next = clip(value, 200);
      problems.push(
        `--${name}: a value is missing: ${next} behind it is an option. If it is the value, write --${name}=${next}.`,
      );
    } else {
      if (value === undefined && known.get(name)?.default !== undefined) before = name;
      values.set(name, value ?? 'true');
      every.push({ flag: name, text: value ?? 'true' });
    }
  }
  return { values, every, problems };

  function unknownFlag(rawName: string, name: string): string {
    const others = elsewhere?.(name) ?? [];
    if (others.length > 0) return `${rawName}: an option of ${others.join(' and ')}, not of this command.`;
    const why = notFlags?.get(name);
    if (why !== undefined) return `${rawName}: no option: ${why}.`;
    const near = nearest(name, [...flagNames, 'help']);
    const hint = near ? ` Did you mean --${near}?` : ' --help lists the options.';
    return `${clip(rawName, 200)}: unknown option.${hint}`;
  }
}

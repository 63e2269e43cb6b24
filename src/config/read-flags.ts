import { parseArgs } from 'node:util';
import { nearest } from '../base/nearest.ts';
import { clip, escaped } from '../base/text.ts';

/** A flag: a switch without a placeholder, else it takes a value. */
export type Flag = { readonly flag: string; readonly placeholder?: string };

/**
 * The texts that flags were given on a command line, and one line for each mistake in it. Of several the last counts in
 * `values`; `every` has them all, in their order.
 *
 * @param noWords what is wrong with a word that is no option
 */
export function readFlags(
  argv: readonly string[],
  flags: readonly Flag[],
  noWords = 'this command takes options only',
) {
  const flagNames = flags.map(({ flag }) => flag);
  const isSwitch = (name: string) =>
    flags.some(({ flag, placeholder }) => flag === name && placeholder === undefined);
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
  for (const token of tokens) {
    // What follows an unknown option is most likely its value: one mistake, one problem.
    if (token.kind === 'positional' && !isAfterUnknown) problems.push(`${quote(token.value)}: ${noWords}.`);
    isAfterUnknown = false;
    if (token.kind !== 'option') continue;
    if (!flagNames.includes(token.name)) {
      isAfterUnknown = token.value === undefined;
      const near = nearest(token.name, flagNames);
      const hint = near ? ` Did you mean --${near}?` : ' --help lists the options.';
      problems.push(`${token.rawName}: unknown option.${hint}`);
    } else if (token.value === undefined && !isSwitch(token.name)) {
      problems.push(`--${token.name}: a value is missing.`);
    } else {
      values.set(token.name, token.value ?? 'true');
      every.push({ flag: token.name, text: token.value ?? 'true' });
    }
  }
  return { values, every, problems };
}

/** A text from outside as messages show it: JSON shows what a terminal would not, control characters, spaces at the end. */
export const quote = (text: string) => escaped(JSON.stringify(clip(text, 200)));

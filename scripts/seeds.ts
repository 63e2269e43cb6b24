import { parseArgs } from 'node:util';
import { messageOf } from '../src/base/text.ts';
import type { Asked } from './start.ts';

/** Which of the drawn clusters are simulated: one, whose course is told, or many. */
export type Seeds = { readonly kind: 'run' } & (
  | { readonly seed: number }
  | { readonly seed: undefined; readonly first: number; readonly clusters: number }
);

/** Reads `--seed`, or `--first` and `--clusters`. @param clusters how many, unless told */
export function readSeeds(argv: readonly string[], clusters: number): Asked<Seeds> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        first: { type: 'string', default: '1' },
        clusters: { type: 'string', default: String(clusters) },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return { kind: 'help' };
    if (values.seed !== undefined) return { kind: 'run', seed: wholeNumber('--seed', values.seed) };
    return {
      kind: 'run',
      seed: undefined,
      first: wholeNumber('--first', values.first),
      clusters: wholeNumber('--clusters', values.clusters),
    };
  } catch (error) {
    return { kind: 'wrong', problem: messageOf(error) };
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`${option} is ${JSON.stringify(text)}, and must be a whole number.`);
  return Number(text);
}

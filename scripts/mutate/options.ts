import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { STAGES, type Stage } from './stages.ts';

export const USAGE = `npm run mutate -- [OPTIONS]   makes small bugs, one at a time, and runs the tests that could see them

  --sample N           how many mutants (600)
  --seed N             which ones are drawn (1)
  --file PATH          only in this file, or below this folder; more than once for more
  --only ID,ID         only these, whatever is drawn
  --changed [BASE]     only in lines changed since BASE (main), committed or not
  --drains N           drains to simulate for each that the unit tests let pass (1500)
  --stages A,B         of unit, simulation, prior art (all): to see fast what the unit tests hold
  --minutes N          begin none after so many minutes (60)
  --workers N          at the same time (one for each core)
  --equivalents        the equivalent ones as well, to see whether a test kills one
  --list               only list them
  --out FILE           write the results there too, as JSON, one a line`;

export type Options = {
  readonly sample: number;
  readonly seed: number;
  /** What their paths begin with; none for all. */
  readonly files: readonly string[];
  readonly only: readonly string[];
  /** A commit: only what was changed since. */
  readonly changedSince: string | undefined;
  readonly drains: number;
  readonly stages: readonly Stage[];
  readonly minutes: number;
  readonly workers: number;
  readonly equivalents: boolean;
  readonly list: boolean;
  readonly out: string | undefined;
};

/** Reads the command line; undefined where only help is wanted. Throws on what it does not know. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      sample: { type: 'string', default: '600' },
      seed: { type: 'string', default: '1' },
      file: { type: 'string', multiple: true, default: [] },
      only: { type: 'string', default: '' },
      changed: { type: 'boolean', default: false },
      drains: { type: 'string', default: '1500' },
      stages: { type: 'string', default: STAGES.join() },
      minutes: { type: 'string', default: '60' },
      workers: { type: 'string', default: String(availableParallelism()) },
      equivalents: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const [base = 'main', ...rest] = positionals;
  const [unknown] = values.changed ? rest : positionals;
  if (unknown !== undefined) throw new Error(`There is no option ${unknown}.\n\n${USAGE}`);
  const number = (name: 'sample' | 'seed' | 'drains' | 'minutes' | 'workers') => {
    const value = Number(values[name]);
    if (!(value >= 0)) throw new Error(`--${name} takes a number, not ${values[name]}.`);
    return value;
  };
  return {
    sample: number('sample'),
    seed: number('seed'),
    files: values.file,
    only: values.only.split(',').filter(Boolean),
    changedSince: values.changed ? base : undefined,
    drains: number('drains'),
    stages: STAGES.filter((stage) => values.stages.split(',').includes(stage)),
    minutes: number('minutes'),
    workers: number('workers'),
    equivalents: values.equivalents,
    list: values.list,
    out: values.out,
  };
}

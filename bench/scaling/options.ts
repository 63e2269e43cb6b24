import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BOOTS_MS, type Choice } from './scenarios.ts';

export const USAGE = `Usage: npm run bench:scaling -- [options]

Replays job traces through a simulated group of instances under each scaling policy.

  --trace FILE    a trace to replay, CSV with submit_s,run_s,cpus,… (or .csv.gz); can be given several times
                  (default: those in the folder ECS_TRACES, where that is set, and the generated ones)
  --generated     the generated ones beside --trace
  --boot S        boot time in s; can be given several times (default: 60, 180 and 300)
  --vcpus N       vCPUs of an instance (default: 32)
  --seed N        of the generated traces, and of everything left to chance (default: 1)
  --workers N     replays at a time (default: one a core)
  --write         writes the tables into docs/scaling.md and the charts into docs/images`;

export type BenchOptions =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly problem: string }
  | ({ readonly kind: 'run'; readonly workers: number; readonly writes: boolean } & Choice);

export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): BenchOptions {
  try {
    return read(args, env);
  } catch (error) {
    return {
      kind: 'wrong',
      problem: `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`,
    };
  }
}

function read(args: readonly string[], env: Readonly<Record<string, string | undefined>>): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h' },
      trace: { type: 'string', multiple: true, default: [] },
      generated: { type: 'boolean', default: false },
      boot: { type: 'string', multiple: true, default: [] },
      vcpus: { type: 'string', default: '32' },
      seed: { type: 'string', default: '1' },
      workers: { type: 'string', default: String(availableParallelism()) },
      write: { type: 'boolean', default: false },
    },
  });
  if (values.help) return { kind: 'help' };
  const hasTrace = values.trace.length > 0;
  const boots = values.boot.map((text) => 1_000 * whole('boot', text));
  return {
    kind: 'run',
    traces: hasTrace ? values.trace : tracesIn(env.ECS_TRACES),
    generated: values.generated || !hasTrace,
    bootsMs: boots.length > 0 ? boots : BOOTS_MS,
    vcpus: whole('vcpus', values.vcpus),
    seed: whole('seed', values.seed),
    workers: whole('workers', values.workers),
    writes: values.write,
  };
}

function tracesIn(folder: string | undefined): readonly string[] {
  if (!folder) return [];
  const files = globSync(['*.csv', '*.csv.gz'], { cwd: folder }).sort();
  if (files.length === 0) throw new Error(`ECS_TRACES is ${folder}, which holds no .csv or .csv.gz file.`);
  return files.map((file) => join(folder, file));
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} is ${text}: a whole number from 1 is expected.`);
  return value;
}

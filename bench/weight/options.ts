import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `npm run bench [-- OPTIONS]

Measures what the agent takes beside a bare Node process, a bare poller on Node and a shell poller, and writes
bench/results.md. Takes about ten minutes. Uses only the loopback address.

  --rounds N          how often everything is measured, in turns (4)
  --before DIR        the build of another checkout (its dist/), measured beside this one
  --lifecycled PATH   a binary of lifecycled
  --nth PATH          a binary of aws-node-termination-handler; needs unshare(1), and user namespaces or root
  --no-write          print only`;

export type BenchOptions = {
  readonly kind: 'run';
  readonly rounds: number;
  readonly before: string | undefined;
  /** Peers' binaries. */
  readonly lifecycled: string | undefined;
  readonly nth: string | undefined;
  readonly writes: boolean;
};

export function readOptions(argv: readonly string[]): BenchOptions | { kind: 'help' } | Wrong {
  let values: ReturnType<typeof parse>['values'];
  try {
    ({ values } = parse(argv));
  } catch (error) {
    return wrong((error as Error).message);
  }
  if (values.help) return { kind: 'help' };
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20)
    return wrong(`--rounds must be a whole number from 1 to 20, not ${values.rounds}`);
  const { before, lifecycled, nth } = values;
  if (before !== undefined && !existsSync(join(before, 'cli.js')))
    return wrong(`--before must name a build: ${before} has no cli.js`);
  for (const [name, path] of Object.entries({ lifecycled, nth }))
    if (path !== undefined && !isExecutable(path))
      return wrong(`--${name} must name a binary: ${path} is none that can be executed`);
  return { kind: 'run', rounds, before, lifecycled, nth, writes: values['no-write'] !== true };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '4' },
      before: { type: 'string' },
      lifecycled: { type: 'string' },
      nth: { type: 'string' },
      'no-write': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

type Wrong = { readonly kind: 'wrong'; readonly problem: string };

const wrong = (problem: string): Wrong => ({ kind: 'wrong', problem: `${problem}\n\n${USAGE}` });

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

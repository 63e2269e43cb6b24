import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { formatDuration } from '../src/base/duration.ts';
import { loadAgent } from '../test/simulation/load-agent.ts';
import { tellSeed } from '../test/simulation/replay.ts';
import type { Summary } from '../test/simulation/summary.ts';
import { runSeeds } from '../test/simulation/worker-pool.ts';

const USAGE = `npm run simulate -- [--drains N] [--first SEED] [--workers N]   simulate N drains (1,000,000)
npm run simulate -- --seed SEED                                 print the timeline of one, made smaller if it fails
--plain                                                         leave out rare disturbances: force, lies and lags
--source DIR                                                    run the agent of another checkout in this one's World`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    first: { type: 'string', default: '1' },
    drains: { type: 'string', default: '1000000' },
    source: { type: 'string' },
    plain: { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', short: 'h' },
  },
});
const agent = { source: values.source };
const rare = !values.plain;
// Nobody needs the stacks of simulated faults.
Error.stackTraceLimit = 0;
if (values.help) console.log(USAGE);
else if (values.seed !== undefined)
  console.log(await tellSeed(await loadAgent(agent), Number(values.seed), rare));
else
  process.exitCode = await simulateMany(Number(values.first), Number(values.drains), Number(values.workers));

async function simulateMany(first: number, count: number, workers: number): Promise<number> {
  const startedAt = performance.now();
  let shownAt = startedAt;
  let told = 0;
  let sofar: Summary | undefined;
  process.once('SIGINT', () => {
    console.log(`\nInterrupted.\n${sofar ? describe(sofar, performance.now() - startedAt) : ''}`);
    process.exit(130);
  });
  const summary = await runSeeds({
    first,
    count,
    workers,
    agent,
    rare,
    onProgress: (data) => {
      sofar = data;
      for (const { seed, violation } of data.violations.slice(told))
        process.stderr.write(`\rseed ${seed}: ${violation.property} ${violation.what}\n`);
      told = data.violations.length;
      const now = performance.now();
      // A line a minute where no terminal shows a bar that moves.
      if (now < shownAt + (process.stderr.isTTY ? 200 : 60_000)) return;
      shownAt = now;
      process.stderr.write(bar(data, count, now - startedAt));
    },
  });
  if (process.stderr.isTTY) process.stderr.write('\n');
  console.log(describe(summary, performance.now() - startedAt));
  const [worst] = summary.violations;
  if (worst) console.log(`\n${await tellSeed(await loadAgent(agent), worst.seed, rare)}`);
  return worst ? 1 : 0;
}

function bar({ runs, violations }: Summary, count: number, ms: number): string {
  const share = runs / count;
  const width = 30;
  const filled = '█'.repeat(Math.round(share * width)).padEnd(width, '░');
  const text = `${filled} ${(share * 100).toFixed(1)} %  ${number(runs)} drains  ${violations.length} violations  ${formatDuration(ms / share - ms)} left`;
  return process.stderr.isTTY ? `\r${text}\x1b[K` : `${text}\n`;
}

function describe(summary: Summary, ms: number): string {
  const years = summary.virtualMs / (365.25 * 86_400_000);
  return [
    `${number(summary.runs)} drains in ${formatDuration(ms)}: ${summary.violations.length} violations`,
    `${years.toFixed(1)} years of simulated time, ${number(summary.calls)} AWS calls`,
    '',
    table('worlds with', summary.worlds),
    table('how they ended', summary.ends),
    table('faults that hit a request', summary.faults),
    table('times a promise was checked', summary.checks),
    'the slowest releases after the last task of a drain in which all answered',
    ...summary.slowest.map(
      ({ seed, releasedAfter }) => `  ${(releasedAfter / 1_000).toFixed(2).padStart(8)} s  seed ${seed}`,
    ),
    ...(summary.violations.length > 0 ? ['', 'violations'] : []),
    ...summary.violations
      .slice(0, 40)
      .map(({ seed, violation }) => `  seed ${seed}: ${violation.property} ${violation.what}`),
  ].join('\n');
}

function table(title: string, counts: ReadonlyMap<string, number>): string {
  const rows = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([name, times]) => `  ${number(times).padStart(13)}  ${name}`);
  return [title, ...rows, ''].join('\n');
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

import { globSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

// `node scripts/test.ts [GROUP…]` runs the tests of these groups, or all, one process a file.

type Group = {
  readonly files: readonly string[];
  /** How many files run at a time. */
  readonly concurrency: number;
};

const cores = availableParallelism();

const groups: Readonly<Record<string, Group>> = {
  // Busy from start to end. Without a build, and without another process.
  unit: { files: ['test/{unit,promises,prior-art,fuzz,fleet}/**/*.test.ts'], concurrency: cores },
  // Real processes in real time: they wait for most of it.
  e2e: { files: ['test/{e2e,docs,host}/**/*.test.ts'], concurrency: cores + 1 },
  // Has a worker on every core.
  simulation: { files: ['test/{simulation,launches}/**/*.test.ts'], concurrency: 1 },
  // Installs or builds its tools, where it may: apart from those that watch the clock.
  deploy: { files: ['test/{deploy,moto,botocore}/**/*.test.ts'], concurrency: cores },
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in groups));
if (unknown.length > 0) {
  console.error(
    `no group of tests is named ${unknown.join(', ')}: there are ${Object.keys(groups).join(', ')}`,
  );
  process.exit(2);
}
// Each file is a process: what the first of them has compiled, the others load.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'ecs-drain-agent-compile-cache');
process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
for (const name of named.length > 0 ? named : Object.keys(groups)) await runGroup(name);

async function runGroup(name: string): Promise<void> {
  const { files, concurrency } = groups[name] as Group;
  const found = globSync(files).sort();
  if (found.length === 0) throw new Error(`no file matches ${files.join(', ')}`);
  console.log(`\n${name}: ${found.length} files, ${concurrency} at a time`);
  const events = run({ files: found, concurrency });
  events.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) process.exitCode = 1;
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report, { writable: false });
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, constants, setPriority, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';

// `node scripts/test.ts [GROUP…]` runs the tests of these groups, or all.

type Group = {
  readonly files: readonly string[];
  /** Those of the files that take the longest. They begin first. */
  readonly longest?: readonly string[];
  /** How many processes run at a time. */
  readonly concurrency: number;
  /** Into how many processes the files are put, one after the other; a process a file unless told. */
  readonly bundles?: number;
  /** They compute, and are loaded with scripts/test/untracked.ts. */
  readonly isUntracked?: true;
};

const cores = availableParallelism();
/** A test that takes so long waits for what never comes: it fails. */
const HUNG_TEST_MS = 8 * 60_000;
/** It may go on all the same, or something that it has left open: then its file is ended. */
const HUNG_GROUP_MS = 15 * 60_000;
/** A hook that is not within a `describe` is called for all tests of its process. */
const HOOK_OF_PROCESS = /^(?:before|after)(?:Each)?\(/m;

const groups = {
  // Busy from start to end, without a build. A process for each file would take as long to start as its tests to run.
  unit: {
    files: ['test/{unit,promises,fuzz}/**/*.test.ts'],
    concurrency: cores,
    bundles: 4 * cores,
    isUntracked: true,
  },
  // Real processes in real time: they wait for most of it, one of them for more than a minute.
  e2e: {
    files: ['test/{e2e,docs,host}/**/*.test.ts'],
    longest: [
      'test/e2e/oneshot/run.test.ts',
      'test/e2e/faults.test.ts',
      'test/e2e/hostile-input.test.ts',
      'test/e2e/broken-answers.test.ts',
      'test/e2e/oneshot/killed.test.ts',
      'test/docs/quickstart.test.ts',
      'test/e2e/blocked.test.ts',
      'test/e2e/scaler/scaler.test.ts',
      'test/e2e/decision-table.test.ts',
    ],
    concurrency: 2 * cores,
  },
  // One of them has a worker on every core, the others have one each.
  simulation: {
    files: ['test/{simulation,launches,scaling,fleet,prior-art}/**/*.test.ts'],
    concurrency: cores,
    isUntracked: true,
  },
  // Installs or builds its tools, where it may.
  deploy: { files: ['test/{deploy,moto}/**/*.test.ts'], concurrency: cores },
} satisfies Readonly<Record<string, Group>>;

type Name = keyof typeof groups;
const isName = (name: string): name is Name => Object.hasOwn(groups, name);

const named = process.argv.slice(2);
const unknown = named.filter((name) => !isName(name));
if (unknown.length > 0) {
  console.error(
    `no group of tests is named ${unknown.join(', ')}: there are ${Object.keys(groups).join(', ')}`,
  );
  process.exit(2);
}
// What the first process has compiled, the others load.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'ecs-drain-agent-compile-cache');
const script = fileURLToPath(import.meta.url);
process.chdir(dirname(dirname(script)));
if (named.length > 0) await runGroups(named.filter(isName));
else await runAll();
// What a file has left behind that was ended may still hold what it has inherited.
process.stdout.write('', () => process.exit());

/** What waits for real time leaves the processors to what computes, and is not made late by it. */
async function runAll(): Promise<void> {
  await runGroups(['unit']);
  const tellOthers = beginBeside(['simulation', 'deploy']);
  await runGroups(['e2e']);
  await tellOthers();
}

async function runGroups(names: readonly Name[]): Promise<void> {
  for (const name of names) await runGroup(name, groups[name]);
}

/** Runs groups in a process of their own, which yields to this one. Returns what waits for their end and shows their output. */
function beginBeside(names: readonly Name[]): () => Promise<void> {
  const child = spawn(process.execPath, [script, ...names], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  process.once('exit', () => child.kill());
  const ended = once(child, 'close');
  const output: Buffer[] = [];
  let show = (part: Buffer) => void output.push(part);
  child.stdout.on('data', (part: Buffer) => show(part));
  return async () => {
    show = (part) => void process.stdout.write(part);
    for (const part of output) show(part);
    const [code] = await ended;
    if (code !== 0) process.exitCode = 1;
  };
}

async function runGroup(name: string, group: Group): Promise<void> {
  const { files, longest = [], concurrency, bundles } = group;
  const found = new Set([...longest, ...globSync(files).sort()]);
  if (found.size === 0) throw new Error(`no file matches ${files.join(', ')}`);
  const entries = bundles === undefined ? [...found] : bundle([...found], bundles);
  console.log(
    `\n${name}: ${found.size} files in ${entries.length} processes, ${Math.min(concurrency, entries.length)} at a time`,
  );
  const untracked = new URL('./test/untracked.ts', import.meta.url).href;
  const execArgv = group.isUntracked ? ['--import', untracked] : [];
  const signal = AbortSignal.timeout(HUNG_GROUP_MS);
  const events = run({ files: entries, concurrency, execArgv, timeout: HUNG_TEST_MS, signal });
  events.on('test:fail', ({ todo }) => {
    if (todo === undefined || todo === false) process.exitCode = 1;
  });
  const report = events.compose(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report, { writable: false });
}

/** Modules that import the files, so many, and the files that need a process of their own. */
function bundle(files: readonly string[], bundles: number): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), 'tests-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const isAlone = (file: string) => HOOK_OF_PROCESS.test(readFileSync(file, 'utf8'));
  const together = files.filter((file) => !isAlone(file));
  const entries = Array.from({ length: Math.min(bundles, together.length) }, (_, index) => {
    const entry = join(directory, `${index + 1}.mjs`);
    const own = together.filter((_, at) => at % bundles === index);
    writeFileSync(entry, own.map((file) => `import '${pathToFileURL(resolve(file))}';\n`).join(''));
    return entry;
  });
  return [...files.filter(isAlone), ...entries];
}

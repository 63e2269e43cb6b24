import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';

// `node scripts/test.ts [GROUP…]` runs the tests of these groups, or all.

type Group = {
  readonly files: readonly string[];
  /** How many processes run at a time. */
  readonly concurrency: number;
  /** Into how many processes the files are put, one after the other; a process a file unless told. */
  readonly bundles?: number;
};

const cores = availableParallelism();
/** A hook that is not within a `describe` is called for all tests of its process. */
const HOOK_OF_PROCESS = /^(?:before|after)(?:Each)?\(/m;

const groups: Readonly<Record<string, Group>> = {
  // Busy from start to end, without a build. A process for each file would take as long to start as its tests to run.
  unit: {
    files: ['test/{unit,promises,prior-art,fuzz}/**/*.test.ts'],
    concurrency: cores,
    bundles: 4 * cores,
  },
  // Real processes in real time: they wait for most of it, one of them for more than a minute.
  e2e: { files: ['test/{e2e,docs,host}/**/*.test.ts'], concurrency: 2 * cores },
  // One of them has a worker on every core, the others have one each.
  simulation: { files: ['test/{simulation,launches,scaling,fleet}/**/*.test.ts'], concurrency: cores },
  // Installs or builds its tools, where it may: apart from those that watch the clock.
  deploy: { files: ['test/{deploy,moto}/**/*.test.ts'], concurrency: cores },
};

const named = process.argv.slice(2);
const unknown = named.filter((name) => !(name in groups));
if (unknown.length > 0) {
  console.error(
    `no group of tests is named ${unknown.join(', ')}: there are ${Object.keys(groups).join(', ')}`,
  );
  process.exit(2);
}
// What the first process has compiled, the others load.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'ecs-drain-agent-compile-cache');
process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
for (const name of named.length > 0 ? named : Object.keys(groups)) await runGroup(name);

async function runGroup(name: string): Promise<void> {
  const { files, concurrency, bundles } = groups[name] as Group;
  const found = globSync(files).sort();
  if (found.length === 0) throw new Error(`no file matches ${files.join(', ')}`);
  const entries = bundles === undefined ? found : bundle(found, bundles);
  console.log(
    `\n${name}: ${found.length} files in ${entries.length} processes, ${Math.min(concurrency, entries.length)} at a time`,
  );
  const events = run({ files: [...entries], concurrency });
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

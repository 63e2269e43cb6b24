import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { writeCodeCache } from '../../../../scripts/build/code-cache.ts';
import { asScripts } from '../../../../scripts/build/scripts.ts';
import { UNIT_FLAGS } from '../../../../scripts/unit-flags.ts';

const directory = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-scripts-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const dist = join(directory, 'dist');
const main = join(dist, 'main.js');
const cache = `${main}.cache`;

/** An entry that loads `run` at once and `rare` when it is asked to; both count with it in one module. */
const SOURCES = {
  'cli.ts': `import './nothing-exported.ts';
    import { count } from './counter.ts';
    const { run } = await_(import('./run.ts'));
    count();
    function await_(promise) { promise.then(({ run }) => run(process.argv[2])); return {}; }`,
  'run.ts': `import { count, counted } from './counter.ts';
    export async function run(word) {
      count();
      if (word === 'rare') (await import('./rare.ts')).rare();
      console.log('good', counted, word === 'strict' ? strict() : '');
    }
    function strict() { return this === undefined; }`,
  'rare.ts': `import { count } from './counter.ts';
    export function rare() { count(); }`,
  'nothing-exported.ts': 'globalThis.seen = true;',
  'counter.ts': 'export let counted = 0; export function count() { counted++; }',
};

/** Node with this says, for each script that it makes, whether V8 took its code cache. */
const TELL = `const vm = process.getBuiltinModule('vm');
  vm.Script = class extends vm.Script {
    constructor(text, options) {
      super(text, options);
      console.log(options.cachedData === undefined ? 'none' : this.cachedDataRejected ? 'rejected' : 'taken');
    }
  };`;

before(async () => {
  for (const [name, text] of Object.entries(SOURCES)) writeFileSync(join(directory, name), text);
  writeFileSync(join(directory, 'tell.cjs'), TELL);
  await buildIn(directory);
});

async function buildIn(folder: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: directory,
    entryPoints: ['cli.ts'],
    outdir: join(folder, 'dist'),
    bundle: true,
    splitting: true,
    format: 'esm',
    chunkNames: 'chunks/[name]-[hash]',
    metafile: true,
  });
  await asScripts(join(folder, 'dist'), metafile, 'run.ts');
  writeFileSync(join(folder, 'dist/package.json'), '{"type":"commonjs"}');
}

const run = (word = '') => start(UNIT_FLAGS, word);
function start(flags: readonly string[], word: string): string[] {
  const argv = [...flags, '--require', join(directory, 'tell.cjs'), join(dist, 'cli.js'), word];
  return execFileSync(process.execPath, argv, { encoding: 'utf8', cwd: directory, timeout: 20_000 })
    .trim()
    .split('\n');
}

test('V8 takes the code cache: each start would compile the whole program anew', async () => {
  await writeCodeCache(main);
  assert.deepEqual(run(), ['taken', 'good 2']);
});

test('a module is there once, whichever script needs it: an error of one copy is no error of another’s class', async () => {
  await writeCodeCache(main);
  assert.deepEqual(run('rare'), ['taken', 'none', 'good 3']);
});

test('scripts are strict, as the modules were: a mistake throws', () => {
  assert.match(run('strict').at(-1) ?? '', /^good 2 true$/);
});

test('the script does not name the folder in which it was built: no two packages would be the same', () =>
  assert.doesNotMatch(readFileSync(main, 'utf8'), /dist[/]|[.][.][/]/));

test('the script is the same in a checkout and below a folder of another kind: the checksum of a package would depend on it', async () => {
  for (const [name, settings] of Object.entries({
    module: {
      'package.json': '{"type":"module","sideEffects":false}',
      'tsconfig.json': '{"compilerOptions":{"strict":true}}',
    },
    commonjs: { 'package.json': '{"type":"commonjs"}' },
  })) {
    const folder = join(directory, name);
    mkdirSync(folder);
    for (const [file, text] of Object.entries(settings)) writeFileSync(join(folder, file), text);
    await buildIn(folder);
    assert.equal(readFileSync(join(folder, 'dist/main.js'), 'utf8'), readFileSync(main, 'utf8'), name);
  }
});

test('two builds make the same bytes: nobody could check a package otherwise', async () => {
  const made = [];
  for (let time = 0; time < 2; time++) {
    await writeCodeCache(main);
    made.push(readFileSync(cache));
  }
  assert.ok(made[0]?.equals(made[1] ?? Buffer.alloc(0)));
});

test('a script that was changed runs as it is now, even if it is as long as before', async () => {
  await writeCodeCache(main);
  const original = readFileSync(main, 'utf8');
  const changed = original.replace('"good"', '"mend"');
  assert.notEqual(changed, original);
  writeFileSync(main, changed);
  try {
    assert.deepEqual(run(), ['none', 'mend 2']);
  } finally {
    writeFileSync(main, original);
  }
});

test('the program starts without a cache that fits', async (context) => {
  await writeCodeCache(main);
  const whole = readFileSync(cache);
  const source = readFileSync(main);
  const damaged = Buffer.from(whole);
  damaged.writeUInt8(damaged.readUInt8(1_000) ^ 1, 1_000);
  const junk = Buffer.alloc(5_000, 7);
  const unfit: Record<string, { cache?: Buffer; flags?: readonly string[]; said: string }> = {
    'made with other flags of V8': { flags: [], said: 'rejected' },
    'of something else': { cache: Buffer.concat([junk, junk, source]), said: 'rejected' },
    'one bit is wrong': { cache: damaged, said: 'none' },
    'its end is missing': { cache: whole.subarray(0, -100), said: 'none' },
    'its beginning is missing': { cache: whole.subarray(100), said: 'none' },
    'only the source is there': { cache: source, said: 'none' },
    empty: { cache: Buffer.alloc(0), said: 'none' },
  };
  for (const [name, { cache: bytes = whole, flags = UNIT_FLAGS, said }] of Object.entries(unfit))
    await context.test(name, () => {
      writeFileSync(cache, bytes);
      assert.deepEqual(start(flags, ''), [said, 'good 2']);
    });
  await context.test('there is none', () => {
    rmSync(cache);
    assert.deepEqual(run(), ['none', 'good 2']);
  });
});

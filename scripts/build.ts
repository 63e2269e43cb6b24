import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { builtInsByName, REQUIRE, refuseBuiltInImports } from './build/built-ins.ts';
import { writeCodeCache } from './build/code-cache.ts';
import { pinoParts } from './build/pino-parts.ts';
import { asScript, asScripts, MAIN } from './build/scripts.ts';
import { refuseWholeSchemas, sdkSources } from './build/sdk-sources.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The simulated AWS, in a bundle of its own: a host that runs the agent needs none of it. */
const SANDBOX = { source: 'src/commands/sandbox.ts', folder: 'sandbox' } as const;

/** The program that every instance runs: it becomes scripts, which start faster. */
const AGENT = { entry: 'src/cli.ts', alsoAtStart: 'src/commands/run.ts' } as const;

/**
 * Bundles `entry` (default src/cli.ts) into `outdir` (default dist/): one small entry file and chunks that are
 * loaded when a command first needs them, without the sandbox. Returns esbuild's metafile, which is also kept as
 * meta.json. Of the agent it makes scripts (see `asScripts`), without their code cache: that fits one binary of Node.
 */
export async function bundle(
  entry = join(root, AGENT.entry),
  outdir = join(root, 'dist'),
): Promise<Metafile> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({ ...settings(version), entryPoints: { cli: entry }, outdir });
  const cli = join(outdir, 'cli.js');
  refuseEagerSdk(metafile, relative(root, cli));
  refuseForeignParts(metafile, relative(root, entry));
  refuseWholeSchemas(metafile);
  refuseBuiltInImports(metafile);
  const isAgent = relative(root, entry) === AGENT.entry;
  const written = isAgent ? await asScripts(outdir, metafile, AGENT.alsoAtStart) : metafile;
  if (!isAgent) await makeExecutable(cli);
  await writeFile(join(outdir, 'meta.json'), JSON.stringify(written));
  // Without it, what is above a dist/ that is copied elsewhere would say how Node reads it.
  const type = isAgent ? 'commonjs' : 'module';
  await writeFile(join(outdir, 'package.json'), `${JSON.stringify({ type, version })}\n`);
  return written;
}

async function makeExecutable(cli: string): Promise<void> {
  const text = await readFile(cli, 'utf8');
  if (!text.startsWith('#!')) await writeFile(cli, `#!/usr/bin/env node\n${text}`);
  await chmod(cli, 0o755);
}

/** Bundles the sandbox to where the bundle in `outdir` loads it from. */
export async function bundleSandbox(outdir = join(root, 'dist')): Promise<Metafile> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const entryPoints = { [SANDBOX.folder]: join(root, SANDBOX.source) };
  const { metafile } = await build({
    ...settings(version),
    entryPoints,
    outdir: join(outdir, SANDBOX.folder),
    plugins: [],
  });
  await asScript(join(outdir, SANDBOX.folder, `${SANDBOX.folder}.js`));
  return metafile;
}

function settings(version: string) {
  return {
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    // The SDK's "main" is CommonJS, which cannot be tree-shaken: it takes half as much memory again.
    mainFields: ['module', 'main'],
    chunkNames: 'chunks/[name]-[hash]',
    define: { ECS_DRAIN_AGENT_VERSION: JSON.stringify(version) },
    // Source text stays in memory for as long as its module does. Identifiers are kept, for readable stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    // Node prints the whole source line with an uncaught error.
    lineLimit: 160,
    legalComments: 'external',
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: 'warning',
    plugins: [sandboxApart, pinoParts, builtInsByName, sdkSources],
  } as const satisfies BuildOptions;
}

/** Leaves the sandbox out, and loads it from its own bundle. */
const sandboxApart: Plugin = {
  name: 'sandbox apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/commands\/sandbox\.ts$/ }, () => ({
      path: `./${SANDBOX.folder}/${SANDBOX.folder}.js`,
      external: true,
    }));
  },
};

/**
 * The agent, `ecs-oneshot` and `ecs-scaler` have nothing of each other, and none has the sandbox: a simulated AWS on a host that drains
 * is one more thing to load by mistake, or to be abused.
 */
function refuseForeignParts({ inputs }: Metafile, entry: string): void {
  const foreign = entry.startsWith('src/oneshot/')
    ? /^src\/(agent|commands|lambda|sandbox|scaler)\//
    : entry.startsWith('src/scaler/')
      ? /^src\/(agent|commands|lambda|oneshot|sandbox)\//
      : /^src\/(oneshot|sandbox|scaler)\//;
  const found = Object.keys(inputs).find((input) => foreign.test(input));
  if (found !== undefined)
    throw new Error(`the bundle of ${entry} contains ${found}, which is another program's`);
}

/** The promise that watching costs no SDK memory, checked at build time: the entry's static imports contain no SDK. */
function refuseEagerSdk(metafile: Metafile, entry: string): void {
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const output = metafile.outputs[name];
    const sdk = Object.keys(output?.inputs ?? {}).find((input) =>
      /node_modules\/@(aws-sdk|smithy)\//.test(input),
    );
    if (sdk !== undefined) {
      throw new Error(
        `${name} is loaded at start and contains ${sdk}: import the SDK with import() where it is first needed`,
      );
    }
    for (const imported of output?.imports ?? [])
      if (imported.kind === 'import-statement') visit(imported.path);
  };
  visit(entry);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outdir = process.argv[3] ?? join(root, 'dist');
  report('dist/', await bundle(process.argv[2], outdir));
  await writeCodeCache(join(outdir, MAIN));
  report('dist/sandbox/', await bundleSandbox(outdir));
  // In a folder of its own, after the agent's: that one empties dist/ first.
  if (process.argv.length === 2)
    for (const program of ['oneshot', 'scaler'])
      report(
        `dist/${program}/`,
        await bundle(join(root, `src/${program}/cli.ts`), join(root, `dist/${program}`)),
      );
}

function report(where: string, { outputs }: Metafile): void {
  const bytes = Object.values(outputs).reduce((sum, output) => sum + output.bytes, 0);
  console.log(`${where}: ${Object.keys(outputs).length} files, ${(bytes / 1024).toFixed(0)} KiB`);
}

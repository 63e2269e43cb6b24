import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';
import { REQUIRE } from './built-ins.ts';

/** The script that is always loaded. */
export const MAIN = 'main.js';

const LOADER = fileURLToPath(new URL('loader.ts', import.meta.url));

const COMMON_JS = {
  format: 'cjs',
  platform: 'node',
  target: 'node22',
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 160,
  logLevel: 'warning',
  // What a script imports later, it requires of the loader.
  supported: { 'dynamic-import': false },
} as const satisfies BuildOptions;

/**
 * Makes scripts of the ES modules in `outdir`, for which a program can take a code cache, and puts `loader.ts` in the place of
 * cli.js. What is loaded at start, and with the dynamic import of `alsoAtStart`, becomes one script: each has a price in memory, and
 * so has each name that one takes from another. Returns the metafile of the scripts.
 */
export async function asScripts(
  outdir: string,
  { inputs, outputs }: Metafile,
  alsoAtStart: string,
): Promise<Metafile> {
  const cli = Object.keys(outputs).find((path) => /(^|\/)cli\.js$/.test(path));
  const first = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === alsoAtStart);
  if (cli === undefined || first === undefined)
    throw new Error(`the bundle in ${outdir} has no cli.js, or nothing in it begins with ${alsoAtStart}`);
  const nameOf = (path: string) => relative(dirname(cli), path);
  const atStart = staticImports(outputs, [cli, first]);
  const others = Object.keys(outputs).filter((path) => path.endsWith('.js') && !atStart.has(path));

  // What they are, so that no package.json and tsconfig.json above decides it: the same bytes wherever they are built.
  await writeFile(join(outdir, 'package.json'), '{"type":"module"}\n');
  await writeMain(outdir, [...atStart].map(nameOf));
  for (const path of atStart) await rm(join(outdir, nameOf(path)));
  for (const path of others) await asScript(join(outdir, nameOf(path)));
  await writeLoader(join(outdir, 'cli.js'));
  const main = merged([...atStart].flatMap((path) => outputs[path] ?? []));
  const kept = others.flatMap((path) => (outputs[path] ? [[path, outputs[path]] as const] : []));
  return { inputs, outputs: { [join(dirname(cli), MAIN)]: main, ...Object.fromEntries(kept) } };
}

/** Makes a script of one ES module. */
export async function asScript(file: string): Promise<void> {
  const { code } = await transform(withoutBanner(await readFile(file, 'utf8')), COMMON_JS);
  await writeFile(file, asFunction(code));
}

/** One script, whose exports are functions, by the names of the modules that it holds: each returns what that module exports. */
async function writeMain(outdir: string, names: readonly string[]): Promise<void> {
  const { outputFiles } = await build({
    ...COMMON_JS,
    stdin: {
      contents: names
        .map((name) => `exports[${JSON.stringify(name)}] = () => require(${JSON.stringify(`./${name}`)});`)
        .join('\n'),
      resolveDir: outdir,
    },
    bundle: true,
    write: false,
    // The names of modules stay in the script: they must be the same wherever it is built.
    absWorkingDir: resolve(outdir),
    tsconfigRaw: '{}',
    plugins: [only(outdir, new Set(names))],
  });
  await writeFile(join(outdir, MAIN), asFunction(outputFiles[0]?.text ?? ''));
}

/** Leaves what is not one of these modules to the loader, by its path in the bundle. */
function only(outdir: string, names: ReadonlySet<string>): Plugin {
  return {
    name: 'only some modules',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const name = relative(outdir, resolve(resolveDir, path));
        return names.has(name) ? undefined : { path: `./${name}`, external: true };
      });
      onLoad({ filter: /\.js$/ }, async ({ path }) => ({
        contents: withoutBanner(await readFile(path, 'utf8')),
      }));
    },
  };
}

const withoutBanner = (text: string) => text.replace(/^#!.*\n/, '').replace(REQUIRE, '');

/** Strict, as a module is. */
const asFunction = (code: string) => `(function(exports,require,module){"use strict";${code}})\n`;

function staticImports(outputs: Metafile['outputs'], from: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { kind, path: next } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement') visit(next);
  };
  for (const path of from) visit(path);
  return seen;
}

function merged(outputs: readonly Metafile['outputs'][string][]): Metafile['outputs'][string] {
  return {
    bytes: outputs.reduce((sum, { bytes }) => sum + bytes, 0),
    inputs: Object.assign({}, ...outputs.map(({ inputs }) => inputs)),
    imports: [],
    exports: [],
  };
}

async function writeLoader(file: string): Promise<void> {
  const { format, platform, target, logLevel } = COMMON_JS;
  await build({
    entryPoints: [LOADER],
    outfile: file,
    bundle: true,
    format,
    platform,
    target,
    logLevel,
    banner: { js: '#!/usr/bin/env node' },
    allowOverwrite: true,
  });
  await chmod(file, 0o755);
}

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { builtInsByName, REQUIRE, refuseBuiltInImports } from './build/built-ins.ts';
import { refuseWholeSchemas, sdkSources } from './build/sdk-sources.ts';
import { writeChecksum } from './package/checksum.ts';
import { licenceText } from './package/licences.ts';
import { sbom } from './package/sbom.ts';
import { zip } from './zip.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The most that a function's zip may weigh, in bytes. */
const MAX_ZIP = 1_000_000;

/** The Lambda functions, by the names of their zips. `parts`: some of it is loaded only when it is used. */
const functions = {
  tagger: { name: 'ecs-drain-agent-tagger', entry: 'src/lambda/tagger.ts', parts: false },
  scaler: { name: 'ecs-scaler', entry: 'src/scaler/lambda.ts', parts: true },
} as const;

/** Nothing is written there: names in the zip are as seen from it. */
const OUTDIR = 'out/lambda';

export type FunctionName = keyof typeof functions;
export const functionNames = Object.keys(functions) as FunctionName[];

export type FunctionPackage = {
  /** The zip that Lambda takes, handler `tagger.handler` or `scaler.handler`. */
  readonly archive: Buffer;
  /** What is in it, as CycloneDX. */
  readonly sbom: string;
};

/**
 * Bundles a function with its part of the SDK. The same sources give the same bytes, whatever the commit, so that an
 * unchanged function is not deployed again. The SDK goes in, although Lambda's runtime has one, because that one changes
 * without notice and was not what the tests ran.
 */
export async function packageFunction(which: FunctionName): Promise<FunctionPackage> {
  const { name, entry, parts } = functions[which];
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const result = await build({
    absWorkingDir: root,
    entryPoints: { [which]: entry },
    outdir: OUTDIR,
    outExtension: { '.js': '.mjs' },
    // In one file, what is loaded only when it is used would keep all of its SDK client's shapes.
    splitting: parts,
    chunkNames: 'chunks/[name]-[hash]',
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    mainFields: ['module', 'main'],
    // Identifiers are kept, for readable stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
    // THIRD-PARTY-LICENSES.txt has them all.
    legalComments: 'none',
    define: { ECS_DRAIN_AGENT_VERSION: JSON.stringify(version) },
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: 'warning',
    plugins: [builtInsByName, sdkSources],
  });
  const { metafile } = result;
  refuseWholeSchemas(metafile);
  refuseBuiltInImports(metafile);
  const bom = await sbom({ name, metafile, others: [], commitTime: undefined });
  const archive = zip([
    { name: 'LICENSE', data: await readFile(join(root, 'LICENSE')) },
    { name: 'THIRD-PARTY-LICENSES.txt', data: Buffer.from(await licenceText(metafile, name)) },
    { name: 'sbom.cdx.json', data: Buffer.from(bom) },
    ...result.outputFiles.map(({ path, contents }) => ({
      name: relative(join(root, OUTDIR), path).replaceAll('\\', '/'),
      data: Buffer.from(contents),
    })),
  ]);
  if (archive.length >= MAX_ZIP) {
    throw new Error(
      `The zip of the ${which} has ${archive.length} bytes; allowed are fewer than ${MAX_ZIP}. ` +
        `Look for an import under ${dirname(entry)} that pulls in more of the SDK than the commands it uses.`,
    );
  }
  return { archive, sbom: bom };
}

/** Writes FILE, FILE.sha256 and the SBOM beside it, e.g. `tagger.cdx.json`. */
export async function writeFunction(which: FunctionName, file: string): Promise<Buffer> {
  const { archive, sbom: bom } = await packageFunction(which);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, archive);
  await writeChecksum(file);
  await writeFile(file.replace(/(\.zip)?$/, '.cdx.json'), bom);
  return archive;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { outdir: { type: 'string', default: join(root, 'out') } } });
  for (const which of functionNames) {
    const file = join(values.outdir, `${which}.zip`);
    const archive = await writeFunction(which, file);
    console.log(`${relative(process.cwd(), file)}: ${(archive.length / 1024).toFixed(0)} KiB`);
  }
}

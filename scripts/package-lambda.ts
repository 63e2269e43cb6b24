import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { builtInsByName, REQUIRE, refuseBuiltInImports } from './build/built-ins.ts';
import { refuseWholeSchemas, sdkSources } from './build/sdk-sources.ts';
import { licenceText } from './package/licences.ts';
import { sbom } from './package/sbom.ts';
import { writeChecksum } from './package.ts';
import { zip } from './zip.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The most that the tagger's zip may weigh, in bytes. */
export const MAX_TAGGER_ZIP = 1_000_000;

export type TaggerPackage = {
  /** The zip that Lambda takes, handler `tagger.handler`. */
  readonly archive: Buffer;
  /** What is in it, as CycloneDX. */
  readonly sbom: string;
};

/**
 * Bundles the tagger with its part of the SDK. The same sources give the same bytes, whatever the commit, so that an
 * unchanged function is not deployed again. The SDK goes in, although Lambda's runtime has one, because that one changes
 * without notice and was not what the tests ran.
 */
export async function packageTagger(): Promise<TaggerPackage> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: ['src/lambda/tagger.ts'],
    outfile: 'tagger.mjs',
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
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: 'warning',
    plugins: [builtInsByName, sdkSources],
  });
  const { metafile } = result;
  refuseWholeSchemas(metafile);
  refuseBuiltInImports(metafile);
  const [bundle] = result.outputFiles;
  if (bundle === undefined) throw new Error('esbuild gave no bundle of src/lambda/tagger.ts');
  const name = 'ecs-drain-agent-tagger';
  const bom = await sbom({ name, metafile, others: [], commitTime: undefined });
  const archive = zip([
    { name: 'LICENSE', data: await readFile(join(root, 'LICENSE')) },
    { name: 'THIRD-PARTY-LICENSES.txt', data: Buffer.from(await licenceText(metafile, name)) },
    { name: 'sbom.cdx.json', data: Buffer.from(bom) },
    { name: 'tagger.mjs', data: Buffer.from(bundle.contents) },
  ]);
  if (archive.length >= MAX_TAGGER_ZIP) {
    throw new Error(
      `The tagger's zip has ${archive.length} bytes; allowed are fewer than ${MAX_TAGGER_ZIP}. ` +
        'Look for an import in src/lambda that pulls in more of the SDK than CreateTags.',
    );
  }
  return { archive, sbom: bom };
}

/** Writes FILE, FILE.sha256 and the SBOM beside it, `tagger.cdx.json`. */
export async function writeTagger(file: string): Promise<Buffer> {
  const { archive, sbom: bom } = await packageTagger();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, archive);
  await writeChecksum(file);
  await writeFile(file.replace(/(\.zip)?$/, '.cdx.json'), bom);
  return archive;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? join(root, 'out/tagger.zip');
  const archive = await writeTagger(file);
  console.log(`${relative(process.cwd(), file)}: ${(archive.length / 1024).toFixed(0)} KiB`);
}

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { zip } from './zip.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The most that the tagger's zip may weigh, in bytes. */
export const MAX_TAGGER_ZIP = 1_000_000;

/**
 * Bundles the tagger with its part of the SDK and returns the zip that Lambda takes, handler `tagger.handler`.
 * The same sources give the same bytes, so that an unchanged function is not deployed again. The SDK goes in,
 * although Lambda's runtime has one, because that one changes without notice and was not what the tests ran.
 */
export async function packageTagger(): Promise<Buffer> {
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
    legalComments: 'none',
    banner: {
      js: "import{createRequire as nodeCreateRequire}from'node:module';const require=nodeCreateRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const [bundle] = result.outputFiles;
  if (bundle === undefined) throw new Error('esbuild gave no bundle of src/lambda/tagger.ts');
  const archive = zip([
    { name: 'LICENSE', data: await readFile(join(root, 'LICENSE')) },
    { name: 'tagger.mjs', data: Buffer.from(bundle.contents) },
  ]);
  if (archive.length >= MAX_TAGGER_ZIP) {
    throw new Error(
      `The tagger's zip has ${archive.length} bytes; allowed are fewer than ${MAX_TAGGER_ZIP}. ` +
        'Look for an import in src/lambda that pulls in more of the SDK than CreateTags.',
    );
  }
  return archive;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? join(root, 'out/tagger.zip');
  const archive = await packageTagger();
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, archive);
  console.log(`${relative(process.cwd(), file)}: ${(archive.length / 1024).toFixed(0)} KiB`);
}

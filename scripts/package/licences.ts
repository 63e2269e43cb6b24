import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { root } from './shell.ts';

export type BundledPackage = { readonly name: string; readonly version: string; readonly licence: string };

/** The npm packages of which any code is in the bundle, by name. */
export async function bundledPackages(
  metafile: Metafile,
): Promise<(BundledPackage & { directory: string })[]> {
  const directories = new Set<string>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const directory = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0];
      if (directory !== undefined && bytesInOutput > 0) directories.add(directory);
    }
  }
  const packages = await Promise.all(
    [...directories].map(async (directory) => {
      const text = await readFile(join(root, directory, 'package.json'), 'utf8');
      const { name, version, license } = JSON.parse(text) as {
        name: string;
        version: string;
        license?: string;
      };
      if (license === undefined) throw new Error(`${directory} is in the bundle but names no licence`);
      return { name, version, licence: license, directory };
    }),
  );
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * One text with the licence of every package in the bundle; identical texts appear once.
 * @param name of what contains them
 */
export async function licenceText(metafile: Metafile, name = 'ecs-drain-agent'): Promise<string> {
  const byText = new Map<string, string[]>();
  for (const { name, version, licence, directory } of await bundledPackages(metafile)) {
    const files = (await readdir(join(root, directory))).filter((file) =>
      /^(licen[cs]e|notice|copying)/i.test(file),
    );
    const texts = await Promise.all(
      files.sort().map((file) => readFile(join(root, directory, file), 'utf8')),
    );
    const text = texts.join('\n').trim() || `(the package carries no licence text; it declares ${licence})`;
    byText.set(text, [...(byText.get(text) ?? []), `${name} ${version} (${licence})`]);
  }
  const parts = [...byText].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return `${name} contains code of these packages.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bashCompletion, zshCompletion } from '../../src/command-line/completion.ts';
import { manPage } from '../../src/command-line/man.ts';
import type { Program } from '../../src/command-line/program.ts';

/** A file of a package's tree, and where man(1) or a shell looks for it. */
export type ShellFile = { readonly inTree: string; readonly installed: string };

/** The manual page, and the completions for bash and zsh. */
export const shellFiles = ({ name, section }: Program): readonly ShellFile[] => [
  {
    inTree: `share/man/${name}.${section}.gz`,
    installed: `/usr/share/man/man${section}/${name}.${section}.gz`,
  },
  { inTree: `share/completion/${name}.bash`, installed: `/usr/share/bash-completion/completions/${name}` },
  { inTree: `share/completion/_${name}`, installed: `/usr/share/zsh/site-functions/_${name}` },
];

/** Writes them into a package's tree, the same bytes each time. */
export async function addShellFiles(tree: string, program: Program, version: string): Promise<void> {
  const texts = [
    gzipSync(manPage(program, version), { level: 9 }),
    bashCompletion(program),
    zshCompletion(program),
  ];
  for (const folder of ['share/man', 'share/completion'])
    await mkdir(join(tree, folder), { recursive: true });
  for (const [at, { inTree }] of shellFiles(program).entries())
    await writeFile(join(tree, inTree), texts[at] ?? '');
}

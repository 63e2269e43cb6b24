import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProgramName } from '../../scripts/package/programs.ts';
import { root } from '../../scripts/package/shell.ts';
import { buildPackages } from '../../scripts/package.ts';

export const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  version: string;
};

export type Artifacts = {
  readonly tarball: string;
  readonly deb: string;
  readonly rpm: string;
  remove(): Promise<void>;
};

/** The x64 artifacts of a program at this commit: from the directory that ECS_DRAIN_ARTIFACTS names, else built now. */
export async function artifacts(program: ProgramName = 'ecs-drain-agent'): Promise<Artifacts> {
  const given = process.env.ECS_DRAIN_ARTIFACTS;
  const directory = given ?? (await mkdtemp(join(tmpdir(), 'ecs-drain-agent-')));
  if (given === undefined) {
    await buildPackages({
      program,
      architectures: ['x64'],
      formats: ['tar.gz', 'deb', 'rpm'],
      outdir: directory,
    });
  }
  return {
    tarball: join(directory, `${program}-${version}-linux-x64.tar.gz`),
    deb: join(directory, `${program}_${version}_amd64.deb`),
    rpm: join(directory, `${program}-${version}-1.x86_64.rpm`),
    remove: async () => {
      if (given === undefined) await rm(directory, { recursive: true });
    },
  };
}

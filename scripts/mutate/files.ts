import { globSync, readFileSync } from 'node:fs';

/** The sources that are mutated: what the promises of docs/guarantees.md rest on, but not what only reports. */
const PATTERNS = [
  'src/agent/**/*.ts',
  'src/signals/*.ts',
  'src/aws/{ecs,auto-scaling,imds,instance-id,call,budget,errors}.ts',
  'src/host/ecs-agent.ts',
  'src/base/{reading,clock,files,arn,plausible}.ts',
];
const LEFT_OUT = ['src/agent/report/**'];

/** A source file: its path from the root of the repository, with `/`, and its text. */
export type Source = { readonly file: string; readonly text: string };

/** Reads the sources that are mutated, in the order of their paths. */
export function readSources(root: string): Source[] {
  return globSync(PATTERNS, { cwd: root, exclude: LEFT_OUT })
    .map((file) => file.replaceAll('\\', '/'))
    .sort()
    .map((file) => ({ file, text: readFileSync(`${root}/${file}`, 'utf8') }));
}

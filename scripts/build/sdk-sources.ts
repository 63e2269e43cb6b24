import { readFile } from 'node:fs/promises';
import type { Metafile, Plugin } from 'esbuild';
import { withoutDynamicBuiltIns } from './built-ins.ts';

/**
 * The most that one client's schemas may take in a bundle, in bytes. The largest that are used, EC2's of instances, their
 * types and launch templates, take 71,000; all shapes of EC2 would take 800,000, which is 20 MB in memory.
 */
const MAX_SCHEMA_BYTES = 100_000;

/**
 * Changes the AWS SDK's sources so that the bundle can leave out what is not used of them.
 *
 * The SDK describes the shape of every input and output of a service in one module, as constants whose keys are names
 * (`[_eQN]: …`). esbuild takes such a key for a side effect, and keeps all shapes, EC2's thousands too. Written out, as
 * the string that the name stands for, it is none.
 */
export const sdkSources: Plugin = {
  name: 'SDK sources',
  setup: ({ onLoad }) => {
    onLoad({ filter: /node_modules[\\/]@(aws|aws-sdk|smithy)[\\/].*\.js$/ }, async ({ path }) => {
      const source = withoutDynamicBuiltIns(await readFile(path, 'utf8'));
      return { contents: SCHEMAS.test(path) ? withLiteralKeys(source, path) : source, loader: 'js' };
    });
  },
};

const SCHEMAS = /[\\/]schemas[\\/]schemas_\d+\.js$/;

/** Throws where a key is a name that the module does not define as a string. */
function withLiteralKeys(source: string, path: string): string {
  const strings = new Map(
    [...source.matchAll(/^const (\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
  );
  return source.replaceAll(/\[(\w+)\]:/g, (_, name: string) => {
    const value = strings.get(name);
    if (value === undefined) throw new Error(`${path}: the key [${name}] is no constant of the module`);
    return `${value}:`;
  });
}

/** Throws if a client's schemas were not left out of the bundle as far as they are not used. */
export function refuseWholeSchemas({ outputs }: Metafile): void {
  for (const { inputs } of Object.values(outputs))
    for (const [input, { bytesInOutput }] of Object.entries(inputs))
      if (SCHEMAS.test(input) && bytesInOutput > MAX_SCHEMA_BYTES)
        throw new Error(
          `${input} takes ${bytesInOutput} bytes of the bundle, more than ${MAX_SCHEMA_BYTES}: ` +
            'schemas that nothing uses are kept (see scripts/build/sdk-sources.ts)',
        );
}

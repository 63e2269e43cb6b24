import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cli } from './agent-process.ts';
import type { Scene } from './scenario.ts';

/** Watches what a Node process loads. */
export type Loading = {
  /** For node itself. */
  readonly nodeArgs: readonly string[];
  /** The source files whose code has been loaded so far, by the part of their path that is asked for. */
  loaded(part: string): readonly string[];
  /** The scripts of the bundle for which V8 took a code cache. */
  cached(): readonly string[];
};

/** Leads to AWS through a proxy. */
export const TUNNEL = 'src/aws/sdk/tunnel-agent.ts';

export function watchLoading(scene: Scene): Loading {
  const list = join(scene.directory(), 'loaded');
  // The bundle's own loader makes a script of each file.
  const hook = `
    import { appendFileSync } from 'node:fs';
    const vm = process.getBuiltinModule('vm');
    vm.Script = class extends vm.Script {
      constructor(text, options) {
        super(text, options);
        const isCached = options.cachedData !== undefined && !this.cachedDataRejected;
        appendFileSync(${JSON.stringify(list)}, JSON.stringify({ file: options.filename, isCached }) + '\\n');
      }
    };`;
  const { outputs } = JSON.parse(readFileSync(join(dirname(cli), 'meta.json'), 'utf8')) as {
    outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
  };
  const scripts = () =>
    readFileSync(list, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { file: string; isCached: boolean });
  return {
    cached: () => scripts().flatMap(({ file, isCached }) => (isCached ? [basename(file)] : [])),
    nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(hook)}`],
    loaded: (part) => {
      const files = scripts().map(({ file }) => file);
      return Object.entries(outputs)
        .filter(([output]) => files.some((file) => file.endsWith(`/${basename(output)}`)))
        .flatMap(([, { inputs }]) => Object.keys(inputs).filter((input) => input.includes(part)));
    },
  };
}

/** Watches which of Node's own modules a process has loaded. */
export type BuiltIns = {
  /** For node itself. */
  readonly nodeArgs: readonly string[];
  /** Their names, as `node:module` has them. */
  loaded(): readonly string[];
};

export function watchBuiltIns(scene: Scene): BuiltIns {
  const directory = scene.directory();
  const hook = join(directory, 'hook.mjs');
  const list = join(directory, 'built-ins');
  // Nothing is imported: an ES import of a module of Node's loads what is looked for.
  writeFileSync(
    hook,
    `const { renameSync, writeFileSync } = process.getBuiltinModule('fs');
    const write = () => {
      writeFileSync(${JSON.stringify(`${list}.new`)}, process.moduleLoadList.join('\\n'));
      renameSync(${JSON.stringify(`${list}.new`)}, ${JSON.stringify(list)});
    };
    setInterval(write, 100).unref();`,
  );
  return {
    nodeArgs: ['--import', hook],
    loaded: () => {
      if (!existsSync(list)) return [];
      const lines = readFileSync(list, 'utf8').split('\n');
      return lines.flatMap((line) => /^NativeModule (.+)$/.exec(line)?.[1] ?? []);
    },
  };
}

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cli } from './agent-process.ts';
import type { Scene } from './scenario.ts';

/** Watches what a Node process loads. */
export type Loading = {
  /** For node itself. */
  readonly nodeArgs: readonly string[];
  /** The source files whose code has been loaded so far, by the part of their path that is asked for. */
  loaded(part: string): readonly string[];
};

export function watchLoading(scene: Scene): Loading {
  const list = join(scene.directory(), 'loaded');
  const hook = `
    import { registerHooks } from 'node:module';
    import { appendFileSync } from 'node:fs';
    registerHooks({
      load(url, context, next) {
        appendFileSync(${JSON.stringify(list)}, url + '\\n');
        return next(url, context);
      },
    });`;
  const { outputs } = JSON.parse(readFileSync(join(dirname(cli), 'meta.json'), 'utf8')) as {
    outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
  };
  return {
    nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(hook)}`],
    loaded: (part) => {
      const urls = readFileSync(list, 'utf8').trim().split('\n');
      return Object.entries(outputs)
        .filter(([output]) => urls.some((url) => url.endsWith(`/${basename(output)}`)))
        .flatMap(([, { inputs }]) => Object.keys(inputs).filter((input) => input.includes(part)));
    },
  };
}

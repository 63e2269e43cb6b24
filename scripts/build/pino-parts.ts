import type { Plugin } from 'esbuild';

/**
 * Leaves out what pino and its output stream load and no program here uses: transports, which run in threads of their
 * own, and Node's assert. Together that is 1 MB of memory and a tenth of the start.
 */
export const pinoParts: Plugin = {
  name: 'pino parts',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(\.\/(lib\/)?transport|worker_threads|assert)$/ }, ({ path, importer }) =>
      /node_modules[\\/](pino|sonic-boom)[\\/]/.test(importer)
        ? { path: path.replace(/^.*\//, ''), namespace: NAMESPACE }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => ({ contents: INSTEAD[path] ?? '' }));
  },
};

const NAMESPACE = 'left-out-of-pino';

const INSTEAD: Readonly<Record<string, string>> = {
  transport: `module.exports = () => { throw new Error('pino transports are not in this bundle'); };`,
  worker_threads: 'module.exports = { isMainThread: true };',
  assert: 'module.exports = (isTrue, message) => { if (!isTrue) throw new Error(message); };',
};

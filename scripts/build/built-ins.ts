import { createHash } from 'node:crypto';
import { builtinModules } from 'node:module';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Metafile, Plugin } from 'esbuild';

/** What each file of a bundle begins with: CommonJS packages in it call require() for Node's own modules. */
export const REQUIRE = 'const require=process.getBuiltinModule;';

/**
 * Reads Node's own modules by `process.getBuiltinModule`, and of each only the exports that are used. An ES import of
 * one reads every export, and some of them load whole parts of Node: one of `node:http` all of fetch, 10 MB.
 */
export const builtInsByName: Plugin = {
  name: 'built-ins by name',
  setup: ({ onResolve, onLoad }) => {
    // One for each importer: of a shared one, every importer would load what any of them uses.
    onResolve({ filter: BUILT_IN }, ({ path, kind, importer }) =>
      kind === 'import-statement'
        ? {
            path: `${path} ${shortHash(relative(root, importer))}`,
            namespace: NAMESPACE,
            sideEffects: false,
            pluginData: path,
          }
        : undefined,
    );
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ pluginData }) => ({
      contents: withEachExport(pluginData as string),
    }));
  },
};

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const NAMESPACE = 'node-built-in';
const BUILT_IN = new RegExp(`^(node:.*|${builtinModules.join('|')})$`);

/** Not the path itself: whoever looks for the parts of a bundle by their paths would find an npm package in it. */
const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

/** esbuild drops the exports that nothing uses: a call that is marked as pure has no effect but its value. */
function withEachExport(name: string): string {
  const loaded = process.getBuiltinModule(name);
  if (!loaded) throw new Error(`Node has no module ${name}`);
  const names = Object.keys(loaded).filter((each) => each !== 'default');
  return [
    `const builtIn = /* @__PURE__ */ process.getBuiltinModule(${JSON.stringify(name)});`,
    'export default builtIn;',
    ...names.map((each, index) => `const x${index} = /* @__PURE__ */ (() => builtIn.${each})();`),
    `export { ${names.map((each, index) => `x${index} as ${each}`).join(', ')} };`,
  ].join('\n');
}

/** The same for `import("node:…")`, which cannot say what it uses. */
export function withoutDynamicBuiltIns(source: string): string {
  return source.replaceAll(
    /\bimport\((["']node:[a-z_/]+["'])\)/g,
    'Promise.resolve(process.getBuiltinModule($1))',
  );
}

/** Throws if something in the bundle still imports a module of Node's by ES import, or requires one that is not Node's. */
export function refuseBuiltInImports({ inputs, outputs }: Metafile): void {
  for (const [output, { imports, inputs: parts }] of Object.entries(outputs)) {
    const found = imports.find(
      ({ path, kind, external }) => external && (kind === 'require-call') !== BUILT_IN.test(path),
    );
    if (found === undefined) continue;
    const by = Object.keys(parts).find((part) =>
      inputs[part]?.imports.some(({ path, kind }) => path === found.path && kind === found.kind),
    );
    throw new Error(
      `${output} has a ${found.kind} of ${found.path} for ${by}: of Node's own modules an import reads all that they export, and no other can be required`,
    );
  }
}

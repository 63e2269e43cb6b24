import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type Import = {
  /** The imported file, relative to the repository; a package or a built-in module as it is written. */
  readonly to: string;
  /** `type`: erased, nothing is loaded for it. */
  readonly kind: 'type' | 'value';
};

/** Which file imports which, by its path relative to the repository. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>;

/** Reads the imports of every TypeScript file below `folder`, a path relative to `repository`. */
export function readImportGraph(repository: string, folder: string): ImportGraph {
  const files = globSync(`${folder}/**/*.ts`, { cwd: repository }).sort();
  return new Map(files.map((file) => [file, importsOf(file, readFileSync(join(repository, file), 'utf8'))]));
}

/** The imports and re-exports in a source text, `import()` included. @param file resolves relative ones */
export function importsOf(file: string, text: string): readonly Import[] {
  const code = text.replace(COMMENT, (found) => (found.startsWith('/') ? '' : found));
  const named = [...code.matchAll(STATEMENT)].map(({ groups }) => ({
    to: resolved(file, groups?.from ?? ''),
    kind: groups?.type ? ('type' as const) : ('value' as const),
  }));
  const dynamic = [...code.matchAll(DYNAMIC)].map(({ groups }) => ({
    to: resolved(file, groups?.from ?? ''),
    kind: 'value' as const,
  }));
  return [...named, ...dynamic];
}

/** A comment, or a string, in which `//` starts none. */
const COMMENT = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
/** `import x from '…'`, `import '…'`, `export { x } from '…'`. */
const STATEMENT =
  /^(?:import|export)\b(?<type>\s+type\b(?!\s*,|\s+from\b))?(?:[^'";=]*?\bfrom)?\s*'(?<from>[^']+)'/gm;
/** `import('…')`. */
const DYNAMIC = /\bimport\(\s*'(?<from>[^']+)'/g;

function resolved(file: string, from: string): string {
  return from.startsWith('.') ? join(dirname(file), from) : from;
}

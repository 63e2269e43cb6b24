import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * Tests that run in one process with a mutant, on a virtual clock or in memory. Those that start processes of their own
 * would start them without it.
 */
const PATTERNS = [
  'test/unit/{agent,signals,aws,host,base}/**/*.test.ts',
  'test/promises/*.test.ts',
  'test/fuzz/*.test.ts',
];
/** A value that is imported: what is imported as a type only is not there when it runs. */
const IMPORT = /^\s*(?:import|export)\s(?!type\s)[^;'"]*?from\s*'(\.[^']+)'|import\(\s*'(\.[^']+)'/gm;

/** From a test to what it imports: how many imports away each source is. */
type Distances = ReadonlyMap<string, number>;

export type TestFiles = {
  /** All of them, from the root of the repository. */
  readonly files: readonly string[];
  /** Those that import a source, the nearest first: its own test, then those that import it, and so on. */
  seeing(source: string): string[];
};

/** Finds the tests of a repository that run in one process, and what each of them imports. */
export function findTests(root: string): TestFiles {
  const importsOf = rememberImports(root);
  const distances = new Map<string, Distances>(
    PATTERNS.flatMap((pattern) => globSync(pattern, { cwd: root }).sort()).map((file) => [
      file,
      distancesFrom(file, importsOf),
    ]),
  );
  return {
    files: [...distances.keys()],
    seeing: (source) => {
      const distance = (test: string) =>
        test === mirrorOf(source) ? 0 : (distances.get(test)?.get(source) ?? Number.POSITIVE_INFINITY);
      return [...distances.keys()]
        .filter((test) => distance(test) < Number.POSITIVE_INFINITY)
        .sort((a, b) => distance(a) - distance(b));
    },
  };
}

/** test/unit mirrors src. */
const mirrorOf = (source: string): string =>
  source.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts');

function distancesFrom(test: string, importsOf: (file: string) => readonly string[]): Distances {
  const distances = new Map([[test, 0]]);
  // A map goes on to what is put into it on the way: nearest first.
  for (const [file, distance] of distances)
    for (const imported of importsOf(file))
      if (!distances.has(imported)) distances.set(imported, distance + 1);
  return distances;
}

function rememberImports(root: string): (file: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (file) => {
    const found = known.get(file) ?? readImports(root, file);
    known.set(file, found);
    return found;
  };
}

function readImports(root: string, file: string): string[] {
  if (!file.endsWith('.ts')) return [];
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([, from, dynamic]) =>
    relative(root, join(root, dirname(file), from ?? dynamic ?? '')),
  );
}

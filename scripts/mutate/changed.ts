import { execFileSync } from 'node:child_process';

/** Whether a line of a file, from 1, was changed. */
export type IsChanged = (file: string, line: number) => boolean;

/**
 * What was changed since the branch left `base`, with what is not committed yet.
 * @throws where there is no such commit
 */
export function changedSince(root: string, base: string): IsChanged {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  const start = git('merge-base', base, 'HEAD').trim();
  const untracked = new Set(git('ls-files', '--others', '--exclude-standard').split('\n'));
  const inDiff = readDiff(git('diff', '--unified=0', '--no-color', '--no-ext-diff', start));
  return (file, line) => untracked.has(file) || inDiff(file, line);
}

/** Reads a diff without context. Where lines are only removed, the one before them counts as changed. */
export function readDiff(diff: string): IsChanged {
  const changed = new Map<string, Set<number>>();
  let lines = new Set<number>();
  for (const text of diff.split('\n')) {
    const file = /^\+\+\+ b\/(.*)$/.exec(text)?.[1];
    if (file !== undefined) {
      lines = new Set();
      changed.set(file, lines);
    }
    const [, first, count = '1'] = /^@@ \S+ \+(\d+)(?:,(\d+))? @@/.exec(text) ?? [];
    if (first === undefined) continue;
    for (let line = 0; line < Math.max(Number(count), 1); line++) lines.add(Number(first) + line);
  }
  return (file, line) => changed.get(file)?.has(line) ?? false;
}

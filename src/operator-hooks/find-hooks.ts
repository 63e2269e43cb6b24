import { readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';

export type Found =
  | {
      readonly kind: 'found';
      /** Of the executables to run, in name order. */
      readonly paths: readonly string[];
      readonly skipped: readonly { readonly path: string; readonly why: string }[];
    }
  | { readonly kind: 'unreadable'; readonly why: string };

/** The executables in a stage's directory. Hidden files are ignored; anything else that is not a hook is in `skipped`. */
export function findHooks(directory: string): Found {
  let names: string[];
  let writable: boolean;
  try {
    writable = isWritableByAll(statSync(directory));
    // By code units, as run-parts in the C locale does, so that 10 comes before 20 in every locale.
    names = readdirSync(directory).sort();
  } catch (error) {
    return { kind: 'unreadable', why: (error as Error).message };
  }
  const paths: string[] = [];
  const skipped: { path: string; why: string }[] = [];
  for (const name of names) {
    if (name.startsWith('.')) continue;
    const path = join(directory, name);
    const why = writable ? `every user may write ${directory}; chmod o-w it` : whyNot(path, name);
    if (why === undefined) paths.push(path);
    else skipped.push({ path, why });
  }
  return { kind: 'found', paths, skipped };
}

/** What editors and package managers leave behind. */
const LEFTOVER = /~$|\.(bak|orig|swp|rpmnew|rpmorig|rpmsave|dpkg-\w+|disabled)$/;

function whyNot(path: string, name: string): string | undefined {
  if (LEFTOVER.test(name)) return 'its name is one of a copy that an editor or a package manager leaves';
  let file: Stats;
  try {
    file = statSync(path);
  } catch (error) {
    return (error as Error).message;
  }
  if (!file.isFile()) return 'it is not a file';
  if ((file.mode & 0o111) === 0) return 'it is not executable; chmod +x it';
  if (isWritableByAll(file)) return 'every user may write it; chmod o-w it';
  return undefined;
}

const isWritableByAll = ({ mode }: Stats) => (mode & 0o002) !== 0;

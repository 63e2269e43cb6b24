import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { howOthersMayChange, trustedOwners } from '../base/ownership.ts';

export type Found =
  | {
      readonly kind: 'found';
      /** Of the executables to run, in name order. */
      readonly paths: readonly string[];
      /** What is no hook. */
      readonly skipped: readonly NotRun[];
      /** Hooks that somebody else than root could change. */
      readonly refused: readonly NotRun[];
    }
  | { readonly kind: 'unreadable'; readonly why: string };

export type NotRun = { readonly path: string; readonly why: string };

/**
 * The executables in a stage's directory. Hidden files are ignored; anything else that is not run is in `skipped` or
 * `refused`. @param trusted whose files are run; default root, or a person who runs the agent by hand
 */
export function findHooks(directory: string, trusted = trustedOwners()): Found {
  let names: string[];
  let whole: string | undefined;
  try {
    // By code units, as run-parts in the C locale does, so that 10 comes before 20 in every locale.
    names = readdirSync(directory).sort();
    whole = howOthersMayChange(directory, trusted);
  } catch (error) {
    return { kind: 'unreadable', why: (error as Error).message };
  }
  const paths: string[] = [];
  const skipped: NotRun[] = [];
  const refused: NotRun[] = [];
  for (const name of names) {
    if (name.startsWith('.')) continue;
    const path = join(directory, name);
    try {
      const whyNone = whyNoHook(path, name);
      const whyRefused = whyNone === undefined ? (whole ?? howOthersMayChange(path, trusted)) : undefined;
      if (whyNone !== undefined) skipped.push({ path, why: whyNone });
      else if (whyRefused !== undefined) refused.push({ path, why: whyRefused });
      else paths.push(path);
    } catch (error) {
      // It may have been removed meanwhile.
      skipped.push({ path, why: (error as Error).message });
    }
  }
  return { kind: 'found', paths, skipped, refused };
}

/** What editors and package managers leave behind. */
const LEFTOVER = /~$|\.(bak|orig|swp|rpmnew|rpmorig|rpmsave|dpkg-\w+|disabled)$/;

function whyNoHook(path: string, name: string): string | undefined {
  if (LEFTOVER.test(name)) return 'its name is one of a copy that an editor or a package manager leaves';
  const file = statSync(path);
  if (!file.isFile()) return 'it is not a file';
  if ((file.mode & 0o111) === 0) return 'it is not executable; chmod +x it';
  return undefined;
}

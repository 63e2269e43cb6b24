import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Edit, editSources } from '../simulation/edit-by-name.ts';

/**
 * What a folder's modules are loaded by: as they are, or with these edits, as a copy of their own beside the others. What they import
 * from other folders is everybody's.
 *
 * @param folder ends with a slash @param name tells the copy from other copies
 */
export function loaderOf(
  folder: URL,
  name: string | undefined,
  edits: readonly Edit[] = [],
): <T>(file: string) => Promise<T> {
  // As a URL has it: an apostrophe in the name would not be found again otherwise, and the original be loaded.
  const suffix = name === undefined ? '' : new URL(`?copy=${encodeURIComponent(name)}`, folder).search;
  if (suffix !== '') addCopy(folder, suffix, edits);
  return (file) => import(new URL(file, folder).href + suffix);
}

function addCopy(folder: URL, suffix: string, edits: readonly Edit[]): void {
  const edited = editSources(fileURLToPath(folder), edits);
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const isOfCopy = (context.parentURL ?? '').endsWith(suffix) && found.url.startsWith(folder.href);
      return isOfCopy ? { ...found, url: found.url + suffix } : found;
    },
    load: (url, context, next) => {
      const source = url.endsWith(suffix)
        ? edited.get(fileURLToPath(url.slice(0, -suffix.length)))
        : undefined;
      if (source === undefined) return next(url, context);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Edit, editSources } from '../simulation/edit-by-name.ts';
import type { Program } from './simulate.ts';

/** One deliberate bug of the launcher. */
export type Bug = { readonly name: string; readonly edits: readonly Edit[]; readonly property: string };

const src = new URL('../../src/oneshot/', import.meta.url);
const COPY = '?bug=';

/** Loads the launcher as it is shipped, or with one deliberate bug: a copy of its modules of its own. */
export async function loadOneshot(bug?: Bug): Promise<Program> {
  const suffix = bug ? `${COPY}${encodeURIComponent(bug.name)}` : '';
  if (bug) makeBug(bug, suffix);
  const load = (file: string) => import(new URL(file, src).href + suffix);
  const [group, demandQueue, tasks, keys, loop] = await Promise.all([
    load('aws/group.ts'),
    load('aws/demand-queue.ts'),
    load('aws/tasks.ts'),
    load('keys.ts'),
    load('launch-loop.ts'),
  ]);
  return {
    createGroup: group.createGroup,
    createDemandQueue: demandQueue.createDemandQueue,
    createTasks: tasks.createTasks,
    keyNames: keys.keyNames,
    startLaunch: loop.startLaunch,
  };
}

function makeBug(bug: Bug, suffix: string): void {
  const edited = editSources(fileURLToPath(src), bug.edits);
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const isOfCopy = (context.parentURL ?? '').endsWith(suffix) && found.url.startsWith(src.href);
      return isOfCopy ? { ...found, url: found.url + suffix } : found;
    },
    load: (url, context, next) => {
      const source = url.endsWith(suffix)
        ? edited.get(fileURLToPath(url.slice(0, -suffix.length)))
        : undefined;
      return source === undefined
        ? next(url, context)
        : { format: 'module-typescript', source, shortCircuit: true };
    },
  });
}

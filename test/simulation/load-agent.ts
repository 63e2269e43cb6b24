import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './deliberate-bugs.ts';
import { editSources } from './edit-by-name.ts';
import type { Agent } from './simulate.ts';
import * as simulatedDisk from './simulated-disk.ts';

/** Which agent is simulated. */
export type AgentSource = {
  /** The agent with one deliberate bug: its sources are changed on their way in. */
  readonly mutant?: Mutant | undefined;
  /** The checkout of which the agent is: this one unless told. The World and the promises are always this one's. */
  readonly source?: string | undefined;
};

/** Loads the agent as it is shipped, but for one thing: its state file is on a simulated disk. */
export async function loadAgent({ mutant, source }: AgentSource = {}): Promise<Agent> {
  const src = source
    ? new URL('src/', `${pathToFileURL(resolve(source)).href}/`)
    : new URL('../../src/', import.meta.url);
  const layout = layoutOf(src);
  const edited = mutant ? editSources(fileURLToPath(src), mutant.edits) : new Map<string, string>();
  const copy = mutant ? `${COPY}${++copies}` : undefined;
  registerHooks({
    resolve: (specifier, context, next) => {
      const from = context.parentURL ?? '';
      if (specifier === 'node:fs' && withoutQuery(from) === new URL(layout.state, src).href)
        return next(new URL('./simulated-disk.ts', import.meta.url).href, context);
      const found = next(specifier, context);
      // What the World and the promises have loaded of the sources already is theirs: a mutant is a copy of its own.
      const isCopy = copy !== undefined && from.endsWith(copy) && found.url.startsWith(src.href);
      return isCopy ? { ...found, url: found.url + copy } : found;
    },
    load: (url, context, next) => {
      const isCopy = copy !== undefined && url.endsWith(copy);
      const source = isCopy ? edited.get(fileURLToPath(withoutQuery(url))) : undefined;
      if (source === undefined) return next(url, context);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
  const load = (file: string) => import(new URL(file, src).href + (copy ?? ''));
  const [{ startAgent }, { createFileStore }, { loadConfig }] = await Promise.all([
    load('agent/start.ts'),
    load(layout.state),
    load(layout.config),
  ]);
  return {
    startAgent,
    createFileStore: (directory) => createFileStore(directory, simulatedDisk),
    loadConfig,
  };
}

/** Where a checkout keeps what is loaded by name: an earlier one had its files in one folder. */
function layoutOf(src: URL): { readonly state: string; readonly config: string } {
  const isEarlier = existsSync(new URL('agent/state.ts', src));
  return isEarlier
    ? { state: 'agent/state.ts', config: 'config.ts' }
    : { state: 'agent/state/state-file.ts', config: 'config/load.ts' };
}

/** What tells a mutant's modules from the others, and from those of another mutant. */
const COPY = '?mutant=';
let copies = 0;

const withoutQuery = (url: string) => url.replace(/\?.*$/, '');

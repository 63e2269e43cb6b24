import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Mutant } from './deliberate-bugs.ts';
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
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'node:fs' && context.parentURL === new URL(layout.state, src).href
        ? next(new URL('./simulated-disk.ts', import.meta.url).href, context)
        : next(specifier, context),
    load: (url, context, next) => {
      const edits = mutant?.edits.filter(([file]) => url === new URL(file, src).href) ?? [];
      if (!mutant || edits.length === 0) return next(url, context);
      return { format: 'module-typescript', source: edited(url, edits, mutant.name), shortCircuit: true };
    },
  });
  const load = (file: string) => import(new URL(file, src).href);
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

function edited(url: string, edits: Mutant['edits'], name: string): string {
  let source = readFileSync(fileURLToPath(url), 'utf8');
  for (const [file, before, after] of edits) {
    if (source.split(before).length !== 2)
      throw new Error(`The bug "${name}" cannot be made: src/${file} must hold this text once:\n${before}`);
    source = source.replace(before, () => after);
  }
  return source;
}

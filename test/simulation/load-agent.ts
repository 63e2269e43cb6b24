import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './deliberate-bugs.ts';
import type { Agent } from './simulate.ts';

const src = new URL('../../src/', import.meta.url);

/**
 * Loads the agent as it is shipped, but for one thing: its state file is on a simulated disk. A mutant is the agent
 * with one deliberate bug: its sources are changed on their way in.
 */
export async function loadAgent(mutant?: Mutant): Promise<Agent> {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'node:fs' && context.parentURL === new URL('agent/state/state-file.ts', src).href
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
    load('agent/state/state-file.ts'),
    load('config/load.ts'),
  ]);
  return { startAgent, createFileStore, loadConfig };
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

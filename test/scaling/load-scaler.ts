import { loadConfig } from '../../src/config/load.ts';
import { type Config, defaultConfig } from '../../src/scaler/plan/model.ts';
import type * as Memories from '../../src/scaler/turn/memory.ts';
import type * as Ports from '../../src/scaler/turn/ports.ts';
import type * as Turns from '../../src/scaler/turn/turn.ts';
import type { Edit } from '../simulation/edit-by-name.ts';
import { loaderOf } from '../support/load-copy.ts';
import type { ScalerPlan } from './plan.ts';
import type { Program } from './simulate.ts';
import type { scalingPromises } from './watch.ts';

/** One deliberate bug of the scaler. */
export type Bug = {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** The seed with which the search for it begins: one that has shown it. */
  readonly first?: number;
  /** What it breaks; any of them counts. */
  readonly breaks: readonly (keyof typeof scalingPromises)[];
};

/** Loads the scaler as it ships, or with one deliberate bug, and the agent. */
export async function loadScaler(bug?: Bug): Promise<Program> {
  const load = loaderOf(new URL('../../src/scaler/', import.meta.url), bug?.name, bug?.edits);
  const [{ createTurnPorts }, { takeTurn }, { emptyMemory }, agent] = await Promise.all([
    load<typeof Ports>('turn/ports.ts'),
    load<typeof Turns>('turn/turn.ts'),
    load<typeof Memories>('turn/memory.ts'),
    import('../../src/agent/start.ts'),
  ]);
  const loaded = loadConfig([], {}, noFile);
  if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join('\n'));
  return {
    agent: { startAgent: agent.startAgent, config: loaded.config },
    bootTimeoutMs: defaultConfig.bootTimeoutMs,
    startScaler: (given, settings, looksAhead) => {
      const stop = new AbortController().signal;
      const config = { ...defaultConfig, ...configOf(settings), looksAhead };
      const ports = createTurnPorts({
        ...given,
        queueTransport: given.transport,
        region: 'eu-west-1',
        stop,
        config,
      });
      let memory = emptyMemory;
      return {
        turn: async () => {
          const taken = await takeTurn(ports, memory, { waitMs: 0, acts: true });
          memory = taken.memory;
          if (taken.code !== 0) throw new Error(`a turn ended with ${taken.code}`);
        },
      };
    },
  };
}

const configOf = ({ name, spare, cordonBusy, cordonForMs, policy }: ScalerPlan): Partial<Config> => ({
  name,
  spare,
  cordonBusy,
  cordonForMs,
  policy,
});

function noFile(): string {
  throw Object.assign(new Error('there is none'), { code: 'ENOENT' });
}

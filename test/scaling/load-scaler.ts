import type { startAgent } from '../../src/agent/start.ts';
import { createBudget } from '../../src/aws/budget.ts';
import { type Caller, createCaller } from '../../src/aws/call.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { createDaemonReader } from '../../src/scaler/aws/daemons.ts';
import type { createDemandQueue } from '../../src/scaler/aws/demand-queue.ts';
import type { createNeedMetric } from '../../src/scaler/aws/need-metric.ts';
import type { Operations } from '../../src/scaler/aws/operations.ts';
import type { createDefinitionReader } from '../../src/scaler/aws/task-definitions.ts';
import type { createTaskReader } from '../../src/scaler/aws/tasks.ts';
import { type Config, defaultConfig } from '../../src/scaler/plan/model.ts';
import type { Memory } from '../../src/scaler/turn/memory.ts';
import type { takeTurn } from '../../src/scaler/turn/turn.ts';
import type { Edit } from '../simulation/edit-by-name.ts';
import { loaderOf } from '../support/load-copy.ts';
import type { ScalerPlan } from './plan.ts';
import type { Program, ScalerPorts } from './simulate.ts';
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

type Modules = {
  readonly takeTurn: typeof takeTurn;
  readonly createTaskReader: typeof createTaskReader;
  readonly createDaemonReader: typeof createDaemonReader;
  readonly createDefinitionReader: typeof createDefinitionReader;
  readonly createDemandQueue: typeof createDemandQueue;
  readonly createNeedMetric: typeof createNeedMetric;
  readonly emptyMemory: Memory;
};

/** Loads the scaler as it ships, or with one deliberate bug, and the agent. */
export async function loadScaler(bug?: Bug): Promise<Program> {
  const load = loaderOf(new URL('../../src/scaler/', import.meta.url), bug?.name, bug?.edits);
  const [turn, tasks, daemons, definitions, queue, need, memory, agent] = await Promise.all([
    load<Pick<Modules, 'takeTurn'>>('turn/turn.ts'),
    load<Pick<Modules, 'createTaskReader'>>('aws/tasks.ts'),
    load<Pick<Modules, 'createDaemonReader'>>('aws/daemons.ts'),
    load<Pick<Modules, 'createDefinitionReader'>>('aws/task-definitions.ts'),
    load<Pick<Modules, 'createDemandQueue'>>('aws/demand-queue.ts'),
    load<Pick<Modules, 'createNeedMetric'>>('aws/need-metric.ts'),
    load<Pick<Modules, 'emptyMemory'>>('turn/memory.ts'),
    import('../../src/agent/start.ts') as Promise<{ startAgent: typeof startAgent }>,
  ]);
  const modules = { ...turn, ...tasks, ...daemons, ...definitions, ...queue, ...need, ...memory };
  const loaded = loadConfig([], {}, noFile);
  if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join('\n'));
  const config: Config = defaultConfig;
  return {
    agent: { startAgent: agent.startAgent, config: loaded.config },
    bootTimeoutMs: config.bootTimeoutMs,
    startScaler: (ports, settings, looksAhead) =>
      startScaler(ports, modules, { ...config, ...configOf(settings), looksAhead }),
  };
}

const configOf = ({ name, spare, cordonBusy, cordonForMs, policy }: ScalerPlan): Partial<Config> => ({
  name,
  spare,
  cordonBusy,
  cordonForMs,
  policy,
});

/** As `ecs-scaler run` puts it together. */
function startScaler(
  { clock, random, transport, cluster, group, queueUrl }: ScalerPorts,
  {
    takeTurn,
    createTaskReader,
    createDaemonReader,
    createDefinitionReader,
    createDemandQueue,
    createNeedMetric,
    emptyMemory,
  }: Modules,
  config: Config,
): { turn(): Promise<void> } {
  const stop = new AbortController().signal;
  const once = createCaller<Operations>({ transport, clock, random, budget: createBudget(clock, 600), stop });
  const call: Caller<Operations> = (operation, input, given) =>
    once(
      operation,
      input,
      given ?? (/:(Terminate|Launch|Set|Update|Tag|Untag)/.test(operation) ? {} : { attempts: 4 }),
    );
  const definitions = createDefinitionReader(call);
  const ports = {
    call,
    cluster,
    group,
    name: config.name,
    config,
    clock,
    tasks: createTaskReader(call, cluster),
    daemons: createDaemonReader(call, cluster, definitions, clock),
    definitions,
    need: config.looksAhead ? createNeedMetric(call, cluster, group) : undefined,
    queue: createDemandQueue(call, queueUrl, (demand) => demand.cluster === cluster, clock),
  };
  let memory = emptyMemory;
  return {
    turn: async () => {
      const taken = await takeTurn(ports, memory, { waitMs: 0, acts: true });
      memory = taken.memory;
      if (taken.code !== 0) throw new Error(`a turn ended with ${taken.code}`);
    },
  };
}

function noFile(): string {
  throw Object.assign(new Error('there is none'), { code: 'ENOENT' });
}

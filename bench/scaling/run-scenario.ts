import { plan } from '../../src/scaler/plan/plan.ts';
import { createRandom } from '../../test/simulation/random.ts';
import type { Policy } from './cluster.ts';
import { generateTrace, isGenerator } from './generate-trace.ts';
import { DAY, type Figures, MINUTE, type Scenario, type Trace } from './model.ts';
import { oracle } from './oracle.ts';
import { managedPolicy } from './policies/managed.ts';
import { scalerPolicy } from './policies/scaler.ts';
import { seedPolicy } from './policies/seed.ts';
import { readTrace } from './read-trace.ts';
import { replay } from './replay.ts';

/** Replays a scenario's trace under its policy. Takes seconds of CPU. */
export function runScenario(scenario: Scenario): Figures {
  const began = performance.now();
  const trace = loadTrace(scenario);
  const best = oracle(trace, scenario.instanceCpu);
  const { waits, ...replayed } = replay(
    { ...scenario, trace, maxSize: 2 * best.peak + 10 },
    policyOf(scenario),
  );
  return {
    ...replayed,
    scenario,
    traceName: trace.name,
    source: trace.source,
    days: (trace.jobs.at(-1)?.submittedAt ?? 0) / DAY,
    jobs: trace.jobs.length,
    oracleHours: best.hours,
    wait: spread(waits),
    tookMs: performance.now() - began,
  };
}

function loadTrace({ trace, instanceCpu, seed }: Scenario): Trace {
  return isGenerator(trace) ? generateTrace(trace, instanceCpu, seed) : readTrace(trace, instanceCpu);
}

function policyOf({ policy, seed, instanceCpu, bootMs, emptyForMs }: Scenario): Policy {
  switch (policy) {
    case 'seed-blind':
      return seedPolicy({ choice: 'blind', random: createRandom(seed) });
    case 'seed-chosen':
      return seedPolicy({ choice: 'empty', random: createRandom(seed) });
    case 'managed':
      return managedPolicy({ warmupMs: 5 * MINUTE });
    case 'managed-eager':
      return managedPolicy({ warmupMs: 0 });
    case 'scaler':
      return scalerPolicy(plan, instanceCpu, { bootMs, ...(emptyForMs && { emptyForMs }) });
  }
}

/** The nearest rank, as in the fleet's figures: of ten values the 99th percentile is the largest. */
function spread(values: readonly number[]): Figures['wait'] {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    mean: sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length),
    p99: sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}

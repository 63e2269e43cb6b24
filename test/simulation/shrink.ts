import type { Plan } from './plan.ts';

/** For the time of whoever reads: what is small by then is small enough. */
const LONGEST_MS = 20_000;

/**
 * Makes a plan smaller for as long as it still fails: fewer faults, kills, tasks, happenings and services, and the
 * simplest world that does it.
 *
 * @param fails runs a plan; true where it breaks the same promise
 */
export async function shrink(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan;
  const startedAt = performance.now();
  const attempt = async (smaller: Plan) => {
    if (performance.now() - startedAt > LONGEST_MS || !(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const list of ['faults', 'kills', 'tasks', 'services', 'happenings'] as const) {
      // Halves first, then one by one.
      for (let size = Math.max(1, best[list].length >> 1); ; size >>= 1) {
        for (let start = 0; start < best[list].length; ) {
          const rest = [...best[list].slice(0, start), ...best[list].slice(start + size)];
          if (await attempt({ ...best, [list]: rest })) isSmaller = true;
          else start += size;
        }
        if (size <= 1) break;
      }
    }
    for (const simpler of simplerWorlds(best)) if (await attempt(simpler)) isSmaller = true;
  }
  return best;
}

function* simplerWorlds(plan: Plan): Generator<Plan> {
  if (Object.keys(plan.world.timings ?? {}).length > 0)
    yield { ...plan, world: { ...plan.world, timings: {} } };
  if (plan.operatorHooks) yield { ...plan, operatorHooks: undefined };
  const { machine } = plan;
  const { timings, deregisterAgain, deregisterRefusedFor, ...rare } = plan.world;
  for (const name of Object.keys(rare) as (keyof typeof rare)[]) {
    const { [name]: _, ...world } = plan.world;
    yield { ...plan, world };
  }
  if (machine.launching) yield { ...plan, machine: { ...machine, launching: false } };
  if (plan.syncMs !== undefined) yield { ...plan, syncMs: undefined };
  if (plan.agentAfterStart) yield { ...plan, agentAfterStart: 0 };
  if (machine.untagged) yield { ...plan, machine: { ...machine, untagged: false } };
  if (machine.imdsAfter || machine.credentialsAfter || machine.ecsAgentAfter)
    yield { ...plan, machine: { ...machine, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0 } };
  if (!machine.metadataTags) yield { ...plan, machine: { ...machine, metadataTags: true } };
  for (let index = 0; index < plan.flags.length; index++) {
    const isSwitch = plan.flags[index + 1] === undefined || plan.flags[index + 1]?.startsWith('--');
    if (plan.flags[index]?.startsWith('--'))
      yield { ...plan, flags: plan.flags.filter((_, at) => at !== index && (isSwitch || at !== index + 1)) };
  }
}

import { systemClock } from '../../../src/base/clock.ts';
import { createFleet, type Fleet, type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { type RunningProcess, startProgram } from '../program-process.ts';

/** What its requests are signed with. */
export const ACCESS_KEY = 'AKIASCALER';

/** Starts `ecs-scaler ARGS`, the real one, in a process of its own. @param folder where it is installed */
export const startScaler = (
  args: readonly string[],
  sandbox: Sandbox,
  environment: Readonly<Record<string, string>> = {},
  folder?: string,
): RunningProcess =>
  startProgram('scaler', args, sandbox, { AWS_ACCESS_KEY_ID: ACCESS_KEY, ...environment }, folder);

/** A cluster named `batch` whose group `workers` launches instances with 4 vCPUs; it has none yet. */
export async function startWorkers(): Promise<{ fleet: Fleet; sandbox: Sandbox }> {
  const fleet = createFleet({
    clock: systemClock,
    clusterName: 'batch',
    groupOptions: { name: 'workers', maxSize: 6 },
    hooks: [],
  });
  fleet.group.launch = () => fleet.addInstance({ cpu: 4096, memory: 8192, ecsAgentAfter: 60_000 });
  return { fleet, sandbox: await startSandbox(fleet, { clock: systemClock }) };
}

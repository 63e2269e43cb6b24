import { systemClock } from '../../src/base/clock.ts';
import { createFleet } from '../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';

export const SCALED_GROUP = 'workers';
const INSTANCES = 10;
const TASKS_EACH = 4;

/** A cluster of its own for ecs-scaler, which would take away what the other programs are measured on. It has nothing to do there. */
export async function openScaledCluster(): Promise<Sandbox> {
  const fleet = createFleet({
    clock: systemClock,
    clusterName: 'batch',
    groupOptions: { name: SCALED_GROUP, maxSize: 2 * INSTANCES },
    hooks: [],
  });
  for (let index = 0; index < INSTANCES; index++) {
    const machine = fleet.addInstance();
    for (let task = 0; task < TASKS_EACH; task++) fleet.runTask(machine, { runsForMs: 86_400_000 });
  }
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  await sandbox.settled();
  return sandbox;
}

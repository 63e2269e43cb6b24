import { startAgent } from '../../src/agent/start.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createFleet } from '../../src/sandbox/fleet.ts';
import type { Account } from '../../test/fleet/account.ts';
import { followDrains } from '../../test/fleet/drains.ts';
import { runAgentOn } from '../../test/fleet/programs/agent.ts';
import { hostOn } from '../../test/fleet/programs/host.ts';
import { defaultScenario, HOUR, MINUTE, SECOND, SIGNAL_AT } from '../../test/fleet/scenario.ts';
import { createRandom } from '../../test/simulation/random.ts';
import { createVirtualClock, START, settled } from '../../test/support/virtual-clock.ts';

/** All requests to AWS of one drain, from its signal to its end. */
export type DrainRequests = {
  readonly tasks: number;
  readonly lastsMs: number;
  readonly requests: number;
  readonly byApi: readonly (readonly [api: string, count: number])[];
};

export const DRAINS = [1, 10, 100].flatMap((tasks) =>
  [10 * MINUTE, 2 * HOUR].map((lastsMs) => ({ tasks, lastsMs })),
);

/** Drains an instance on a virtual clock. Its tasks end evenly spread, the last one after `lastsMs`. */
export async function countRequests(tasks: number, lastsMs: number): Promise<DrainRequests> {
  const clock = createVirtualClock();
  const drains = followDrains();
  const fleet = createFleet({
    now: START,
    requestLog: 'counts',
    timings: { terminatingToWait: 3_000, deprovisioning: 1_000, agentReportLag: 2_000 },
    hooks: [{ name: 'drain', heartbeatTimeout: HOUR / SECOND }],
    onEvent: drains.onEvent,
  });
  const machine = fleet.addInstance({ cpu: 131_072, memory: 262_144 });
  for (let task = 1; task <= tasks; task++)
    fleet.runTask(machine, { runsForMs: SIGNAL_AT + (lastsMs * task) / tasks });
  const catchUp = () => fleet.world.advance(clock.trueNow());
  const random = () => createRandom(1);
  const account: Account = { scenario: defaultScenario, clock, fleet, machines: [machine], catchUp, random };
  const loaded = loadConfig([], {}, () => {
    throw Object.assign(new Error('there is none'), { code: 'ENOENT' });
  });
  if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join('\n'));
  void runAgentOn(hostOn(account, drains, machine.id), startAgent, loaded.config);
  clock.at(START + SIGNAL_AT, () => {
    catchUp();
    fleet.scaleIn(machine);
  });
  void keepGoing();
  await settled();
  while (drains.left() > 0 && clock.step(START + SIGNAL_AT + lastsMs + HOUR)) {
    while (clock.step(clock.trueNow()));
    await settled();
    catchUp();
  }
  const requests = drains.byInstance.get(machine.id)?.requests ?? new Map<string, number>();
  return {
    tasks,
    lastsMs,
    requests: [...requests.values()].reduce((sum, count) => sum + count, 0),
    byApi: [...requests].sort((a, b) => b[1] - a[1]),
  };

  async function keepGoing() {
    while (drains.left() > 0) {
      await clock.sleep(SECOND);
      catchUp();
    }
  }
}

import type { Clock } from '../../../src/base/clock.ts';
import {
  type InMemoryFace,
  inMemory,
  type WorldInput,
  type WorldOperation,
  type WorldOutput,
} from '../../../src/sandbox/index.ts';
import type { Random } from '../../simulation/random.ts';
import type { Account } from '../account.ts';
import type { Drains } from '../drains.ts';

/** A process's place on an instance: what it reaches, until its machine goes. After that nothing is ever answered. */
export type Host = InMemoryFace & {
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: Random;
};

export function hostOn(account: Account, drains: Drains, instanceId: string): Host {
  const { clock, fleet } = account;
  const face = inMemory(fleet.world, { clock, instanceId });
  return {
    instanceId,
    random: account.random(instanceId),
    clock: {
      ...clock,
      sleep: (ms, options) => (drains.isGone(instanceId) ? never() : clock.sleep(ms, options)),
    },
    http: (request) => (drains.isGone(instanceId) ? never() : face.http(request)),
    transport: async (operation, input, options) => {
      if (drains.isGone(instanceId)) return never();
      return counted(drains, instanceId, operation, () => face.transport(operation, input, options));
    },
  };
}

/** A call by somebody who is on no instance, for one of them. Rejects with the service's error. */
export function callFor<O extends WorldOperation>(
  { fleet: { world }, catchUp }: Account,
  drains: Drains,
  instanceId: string,
  operation: O,
  input: WorldInput<O>,
): Promise<WorldOutput<O>> {
  return counted(drains, instanceId, operation, async () => {
    catchUp();
    return world.call(operation, input);
  });
}

async function counted<T>(
  drains: Drains,
  instanceId: string,
  api: string,
  call: () => Promise<T>,
): Promise<T> {
  try {
    const answer = await call();
    drains.onRequest(instanceId, api, false);
    return answer;
  } catch (error) {
    drains.onRequest(instanceId, api, isThrottling(error));
    throw error;
  }
}

export const isThrottling = (error: unknown): boolean =>
  error instanceof Error && /Throttl|RequestLimitExceeded/.test(error.name);

/** What a process waits for whose machine has gone: its own promise each time, so that nothing gathers. */
const never = () => new Promise<never>(() => {});

import { systemClock } from '../../../src/base/clock.ts';
import { demandMessage } from '../../../src/base/demand.ts';
import type { Fleet, Sandbox } from '../../../src/sandbox/index.ts';

/** A demand queue of the group `workers` of the cluster `batch`, and jobs that wait: of half an instance each. */
export function waitingJobs(fleet: Fleet, sandbox: Sandbox) {
  const queue = fleet.world.call('sqs:CreateQueue', { QueueName: 'demand' }).QueueUrl ?? '';
  return {
    url: `${sandbox.apiUrl}${new URL(queue).pathname}`,
    wait: (...keys: string[]): void => {
      for (const key of keys)
        fleet.world.call('sqs:SendMessage', {
          QueueUrl: queue,
          MessageBody: demandMessage({
            cluster: 'batch',
            group: 'workers',
            key,
            cpu: 2048,
            memory: 4096,
            gpu: 0,
            networkInterfaces: 0,
            ports: [],
            constraints: [],
            since: systemClock.now(),
          }),
        });
    },
  };
}

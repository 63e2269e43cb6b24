import type { Caller } from '../../aws/call.ts';
import { type Demand, demandMessage } from '../../base/demand.ts';
import type { Operations } from './operations.ts';

/** The SQS queue in which those who wait for room say what they need. */
export type DemandQueue = {
  /** Rejects with an `AwsError`. */
  send(demand: Demand): Promise<void>;
};

/** @param url as SQS gives it, `https://sqs.eu-west-1.amazonaws.com/111122223333/demand` */
export function createDemandQueue(call: Caller<Operations>, url: string): DemandQueue {
  return {
    send: async (demand) => {
      await call('sqs:SendMessage', { QueueUrl: url, MessageBody: demandMessage(demand) });
    },
  };
}

import type { Caller } from '../../aws/call.ts';
import type { Clock } from '../../base/clock.ts';
import { type Demand, parseDemand } from '../../base/demand.ts';
import type { Operations } from './operations.ts';
import { incomplete } from './whole.ts';

/** SQS gives this many at a time (API reference, ReceiveMessage). */
const MOST_AT_ONCE = 10;
/** A long poll must end before the call does, in s. */
const LONGEST_WAIT_S = 7;
/** A thousand launchers say what they need every ten seconds, and a timer reads what a minute has left. */
const MOST_PAGES = 600;

export type Received = {
  readonly demand: Demand;
  /** When it was sent, in ms since the Unix epoch, by the clock of this host. */
  readonly sentAt: number;
};

export type QueueRead = {
  readonly received: readonly Received[];
  /** Why messages could not be used, in words. */
  readonly unreadable: readonly string[];
  /** There may be more in it: too many messages to read in one turn. */
  readonly isCutOff: boolean;
};

/** The queue in which waiting launchers say what they need. Rejects with an `AwsError`. */
export type DemandQueue = {
  /**
   * Everything that is in it now.
   *
   * @param waitMs how long it waits for a first message
   * @param keeps whether the messages stay for others, as they do for `plan`
   */
  read(waitMs: number, keeps: boolean): Promise<QueueRead>;
};

/** @param isOwn whether it is for this scaler's group */
export function createDemandQueue(
  call: Caller<Operations>,
  url: string,
  isOwn: (demand: Demand) => boolean,
  clock: Clock,
): DemandQueue {
  return {
    read: async (waitMs, keeps) => {
      const received: Received[] = [];
      // What SQS's clock shows when this host's shows that. The two may be minutes apart, and a message is good for seconds.
      let there = { now: -Infinity, here: clock.now() };
      const unreadable = new Set<string>();
      const seen = new Set<string>();
      const deadline = clock.monotonic() + waitMs;
      let isCutOff = true;
      for (let page = 0; page < MOST_PAGES; page++) {
        const left = seen.size > 0 ? 0 : deadline - clock.monotonic();
        // Without a wait SQS asks some of its servers only, and may answer with nothing although messages are there.
        const wait = Math.max(1, Math.min(LONGEST_WAIT_S, Math.floor(left / 1_000)));
        const { Messages: messages = [] } = await call('sqs:ReceiveMessage', {
          QueueUrl: url,
          MaxNumberOfMessages: MOST_AT_ONCE,
          WaitTimeSeconds: wait,
          MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateFirstReceiveTimestamp'],
          // Long enough that no page shows what an earlier one has shown.
          VisibilityTimeout: keeps ? 2 : 60,
        });
        const fresh = messages.filter(({ MessageId: id = '' }) => !seen.has(id));
        for (const { MessageId: id = '', Body: body = '', Attributes } of fresh) {
          seen.add(id);
          const sentAt = Number(Attributes?.SentTimestamp);
          if (!Number.isFinite(sentAt)) throw incomplete('sqs:ReceiveMessage', 'it has no SentTimestamp');
          const receivedAt = Number(Attributes?.ApproximateFirstReceiveTimestamp) || sentAt;
          if (receivedAt > there.now) there = { now: receivedAt, here: clock.now() };
          const parsed = parseDemand(body);
          if (parsed.kind === 'unreadable') unreadable.add(parsed.why);
          else if (isOwn(parsed.demand)) received.push({ demand: parsed.demand, sentAt });
          else
            unreadable.add(
              `it is for cluster ${parsed.demand.cluster}, group ${parsed.demand.group}: each group needs a queue of its own`,
            );
        }
        if (!keeps && messages.length > 0)
          await call('sqs:DeleteMessageBatch', {
            QueueUrl: url,
            Entries: messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle })),
          });
        isCutOff = fresh.length > 0 || left >= 1_000;
        if (!isCutOff) break;
      }
      return {
        received: received.map((one) => ({ ...one, sentAt: there.here - (there.now - one.sentAt) })),
        unreadable: [...unreadable],
        isCutOff,
      };
    },
  };
}

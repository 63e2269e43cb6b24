import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../../src/base/clock.ts';
import type { LifecycleNotification } from '../../src/sandbox/world/timeline.ts';
import { createFeed, type Feed } from '../../test/e2e/feed.ts';

/** One SNS topic and the SQS queues subscribed to it: no more of them than lifecycled asks for. */
export type Messaging = {
  readonly topicArn: string;
  readonly happened: Feed<MessagingEvent>;
  /** Delivers a lifecycle event to every queue that is subscribed, as SNS does. */
  publish(event: LifecycleNotification): void;
  /** Answers one call. @param origin the URL under which the caller knows this server */
  answer(action: string, input: MessagingInput, origin: string): Promise<MessagingOutput>;
};

export type MessagingEvent =
  | { readonly what: 'subscribed'; readonly queue: string }
  /** `instanceId` is that of the termination that the message told of. */
  | { readonly what: 'message-deleted'; readonly queue: string; readonly instanceId: string };

/** An input's members that are no lists: the others make no difference here. */
export type MessagingInput = Readonly<Record<string, unknown>>;

export type MessagingOutput = {
  readonly QueueUrl?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly Messages?: readonly Readonly<Record<string, string>>[];
  readonly SubscriptionArn?: string;
};

/** An error of the service. `name` is what both of SQS's protocols call it. */
export type MessagingError = { readonly name: string; readonly message: string };

type Message = {
  readonly id: string;
  readonly body: string;
  readonly instanceId: string;
  /** Somebody has received it, and nobody else is shown it until then; in ms since the Unix epoch. */
  hiddenUntil: number;
};

/** Of a queue that was given no other, in s. */
const VISIBILITY_TIMEOUT_S = 30;
type Queue = { subscribed: boolean; readonly messages: Message[]; arrival: PromiseWithResolvers<void> };

export function createMessaging(clock: Clock, account: { region: string; accountId: string }): Messaging {
  const { region, accountId } = account;
  const arn = (service: 'sns' | 'sqs', name: string) => `arn:aws:${service}:${region}:${accountId}:${name}`;
  const topicArn = arn('sns', 'lifecycle');
  const queues = new Map<string, Queue>();
  const happened = createFeed<MessagingEvent>();

  const find = (input: MessagingInput): { queue: Queue; name: string } => {
    const name =
      String(input.QueueUrl ?? input.Endpoint ?? input.SubscriptionArn)
        .split(/[/:]/)
        .at(-1) ?? '';
    const queue = queues.get(name);
    if (queue) return { queue, name };
    throw { name: 'QueueDoesNotExist', message: `There is no queue ${name}.` } satisfies MessagingError;
  };

  return {
    topicArn,
    happened,
    publish: (event) => {
      const body = envelope(topicArn, event);
      for (const queue of queues.values()) {
        if (!queue.subscribed) continue;
        queue.messages.push({
          id: randomUUID(),
          body,
          instanceId: event.detail.EC2InstanceId,
          hiddenUntil: 0,
        });
        queue.arrival.resolve();
        queue.arrival = Promise.withResolvers();
      }
    },
    answer: async (action, input, origin) => {
      switch (action) {
        case 'CreateQueue': {
          // Kinder than SQS, which refuses the name of a queue that was deleted less than 60 s ago.
          const name = String(input.QueueName);
          if (!queues.has(name))
            queues.set(name, { subscribed: false, messages: [], arrival: Promise.withResolvers() });
          return { QueueUrl: `${origin}/${accountId}/${name}` };
        }
        case 'GetQueueAttributes':
          return { Attributes: { QueueArn: arn('sqs', find(input).name) } };
        case 'Subscribe': {
          const { queue, name } = find(input);
          queue.subscribed = true;
          happened.push({ what: 'subscribed', queue: name });
          return { SubscriptionArn: `${topicArn}:${name}` };
        }
        case 'ReceiveMessage': {
          const { queue } = find(input);
          const waitMs = Number(input.WaitTimeSeconds ?? 0) * 1_000;
          const over = new AbortController();
          const visible = () => queue.messages.filter(({ hiddenUntil }) => hiddenUntil <= clock.now());
          if (visible().length === 0)
            await Promise.race([queue.arrival.promise, clock.sleep(waitMs, { signal: over.signal })]);
          over.abort();
          // lifecycled means a visibility time-out of 0. aws-sdk-go sends it; aws-sdk-go-v2 sends no zero, so that the queue's counts.
          const hiddenForMs = Number(input.VisibilityTimeout ?? VISIBILITY_TIMEOUT_S) * 1_000;
          const received = visible().slice(0, Number(input.MaxNumberOfMessages ?? 1));
          for (const message of received) message.hiddenUntil = clock.now() + hiddenForMs;
          return { Messages: received.map(onWire) };
        }
        case 'DeleteMessage': {
          const { queue, name } = find(input);
          const index = queue.messages.findIndex(({ id }) => id === input.ReceiptHandle);
          for (const { instanceId } of index < 0 ? [] : queue.messages.splice(index, 1))
            happened.push({ what: 'message-deleted', queue: name, instanceId });
          return {};
        }
        case 'Unsubscribe': {
          // After its queue has gone, a subscription is a name only.
          const queue = queues.get(String(input.SubscriptionArn).split(':').at(-1) ?? '');
          if (queue) queue.subscribed = false;
          return {};
        }
        case 'DeleteQueue':
          queues.delete(find(input).name);
          return {};
        default:
          throw { name: 'InvalidAction', message: `The bench has no ${action}.` } satisfies MessagingError;
      }
    },
  };
}

function onWire({ id, body }: Message): Record<string, string> {
  // The SDKs drop a message whose checksum is wrong.
  const MD5OfBody = createHash('md5').update(body).digest('hex');
  return { MessageId: id, ReceiptHandle: id, MD5OfBody, Body: body };
}

/** The event as Auto Scaling tells SNS, which differs from EventBridge's form, in SNS's envelope. */
function envelope(topicArn: string, { detail, account, time, id }: LifecycleNotification): string {
  return JSON.stringify({
    Type: 'Notification',
    MessageId: id,
    TopicArn: topicArn,
    Subject: `Auto Scaling:  Lifecycle action 'TERMINATING' for instance ${detail.EC2InstanceId} in progress.`,
    Message: JSON.stringify({ ...detail, AccountId: account, Service: 'AWS Auto Scaling', Time: time }),
    Timestamp: time,
  });
}

import { createHash } from 'node:crypto';
import type * as Sqs from '@aws-sdk/client-sqs';
import { serviceError } from './errors.ts';
import { nextHex, nextUuid } from './ids.ts';
import type { Handlers } from './operations.ts';
import type { Message, MessageQueue, WorldState } from './state.ts';

/** The bounds of SQS. (SQS developer guide, "Amazon SQS message quotas") */
const MOST_AT_ONCE = 10;
const LONGEST_WAIT_S = 20;
const LONGEST_INVISIBLE_S = 43_200;
const LONGEST_DELAY_S = 900;
const MOST_BYTES = 1_048_576;
const MOST_IN_FLIGHT = 120_000;

/**
 * Amazon SQS, as far as standard queues go: a message that is received stays, invisible to others for the visibility
 * time-out, until it is deleted by the receipt handle of that receipt.
 */
export const messageQueues = {
  'sqs:CreateQueue': (world, { QueueName: name, Attributes = {} }) => {
    if (!name || !/^[A-Za-z0-9_-]{1,80}$/.test(name))
      throw invalidValue(
        'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
      );
    const existing = world.messageQueues.get(name);
    if (existing && Object.entries(Attributes).some(([key, value]) => attributesOf(existing)[key] !== value))
      throw serviceError(
        'QueueNameExists',
        'A queue already exists with the same name and a different value for an attribute.',
      );
    return { QueueUrl: (existing ?? addMessageQueue(world, name, settingsOf(Attributes))).url };
  },
  'sqs:GetQueueUrl': (world, input) => ({ QueueUrl: queueNamed(world, input.QueueName).url }),
  'sqs:GetQueueAttributes': (world, input) => {
    const queue = queueNamed(world, input.QueueUrl);
    const all = { ...attributesOf(queue), ...countsOf(world, queue) };
    const names: readonly string[] = input.AttributeNames ?? [];
    const unknown = names.find((name) => name !== 'All' && !KNOWN_ATTRIBUTES.has(name));
    if (unknown !== undefined) throw serviceError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
    const chosen = Object.entries(all).filter(([name]) => names.includes('All') || names.includes(name));
    return chosen.length > 0 ? { Attributes: Object.fromEntries(chosen) } : {};
  },
  'sqs:SendMessage': (world, input) => {
    const queue = queueNamed(world, input.QueueUrl);
    const { MessageBody: body = '', DelaySeconds: delay = queue.delayS } = input;
    if (body === '') throw missing('MessageBody');
    if (Buffer.byteLength(body) > MOST_BYTES)
      throw invalidValue(
        `One or more parameters are invalid. Reason: Message must be shorter than ${MOST_BYTES} bytes.`,
      );
    if (NOT_ALLOWED.test(body))
      throw serviceError(
        'InvalidMessageContents',
        'Invalid characters were found in the message body: #x9, #xA, #xD, #x20 to #xD7FF, #xE000 to #xFFFD and above are allowed.',
      );
    between('DelaySeconds', delay, 0, LONGEST_DELAY_S);
    const message: Message = {
      id: nextUuid(world),
      body,
      md5: createHash('md5').update(body).digest('hex'),
      attributes: input.MessageAttributes ?? {},
      sentAt: world.now,
      visibleAt: world.now + delay * 1000,
      receipts: new Set(),
      receiptCount: 0,
      firstReceivedAt: undefined,
    };
    queue.messages.add(message);
    for (const wake of [...queue.waiting]) wake();
    return { MessageId: message.id, MD5OfMessageBody: message.md5 };
  },
  'sqs:ReceiveMessage': (world, input) => {
    const queue = queueNamed(world, input.QueueUrl);
    const most = between('MaxNumberOfMessages', input.MaxNumberOfMessages ?? 1, 1, MOST_AT_ONCE);
    const timeout = input.VisibilityTimeout ?? queue.visibilityTimeoutS;
    between('VisibilityTimeout', timeout, 0, LONGEST_INVISIBLE_S);
    between('WaitTimeSeconds', input.WaitTimeSeconds ?? 0, 0, LONGEST_WAIT_S);
    const visible = [...kept(world, queue)].filter(({ visibleAt }) => visibleAt <= world.now);
    if (visible.length > 0 && inFlight(world, queue) >= MOST_IN_FLIGHT)
      throw serviceError('OverLimit', 'Too many messages are in flight.', 403);
    const received = visible.slice(0, most).map((message) => receive(world, message, timeout, input));
    return received.length > 0 ? { Messages: received } : {};
  },
  'sqs:DeleteMessage': (world, input) => {
    const queue = queueNamed(world, input.QueueUrl);
    remove(queue, input.ReceiptHandle);
    return {};
  },
  'sqs:DeleteMessageBatch': (world, input) => {
    const queue = queueNamed(world, input.QueueUrl);
    const entries = input.Entries ?? [];
    if (entries.length === 0) throw batchError('EmptyBatchRequest', 'There should be at least one entry.');
    if (entries.length > MOST_AT_ONCE)
      throw batchError(
        'TooManyEntriesInBatchRequest',
        `Maximum number of entries per request are ${MOST_AT_ONCE}. You have sent ${entries.length}.`,
      );
    if (new Set(entries.map(({ Id }) => Id)).size < entries.length)
      throw batchError('BatchEntryIdsNotDistinct', 'The Ids of a batch must differ.');
    const Failed: Sqs.BatchResultErrorEntry[] = [];
    const Successful = entries.flatMap(({ Id, ReceiptHandle }) => {
      try {
        remove(queue, ReceiptHandle);
        return [{ Id }];
      } catch (error) {
        const { name, message } = error as Error;
        Failed.push({ Id, Code: name, Message: message, SenderFault: true });
        return [];
      }
    });
    return { Successful, Failed };
  },
  'sqs:ChangeMessageVisibility': (world, input) => {
    const queue = queueNamed(world, input.QueueUrl);
    const timeout = between('VisibilityTimeout', input.VisibilityTimeout ?? 0, 0, LONGEST_INVISIBLE_S);
    const message = messageOf(queue, input.ReceiptHandle);
    if (!message) throw invalidReceipt(input.ReceiptHandle);
    if (message.visibleAt <= world.now)
      throw serviceError(
        'MessageNotInflight',
        `Value ${input.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
      );
    message.visibleAt = world.now + timeout * 1000;
    for (const wake of [...queue.waiting]) wake();
    return {};
  },
} satisfies Handlers<'sqs'>;

export type MessageQueueSettings = Partial<
  Pick<MessageQueue, 'visibilityTimeoutS' | 'retentionS' | 'waitS' | 'delayS'>
>;

/** Adds a standard queue; its settings are SQS's own defaults unless told. */
export function addMessageQueue(
  world: WorldState,
  name: string,
  settings: MessageQueueSettings = {},
): MessageQueue {
  const { region, accountId } = world.options;
  const queue: MessageQueue = {
    name,
    url: `https://sqs.${region}.amazonaws.com/${accountId}/${name}`,
    arn: `arn:aws:sqs:${region}:${accountId}:${name}`,
    createdAt: world.now,
    visibilityTimeoutS: 30,
    retentionS: 345_600,
    waitS: 0,
    delayS: 0,
    ...settings,
    messages: new Set(),
    waiting: new Set(),
  };
  world.messageQueues.set(name, queue);
  return queue;
}

/** For how long a ReceiveMessage waits for a message at most, and of which queue; undefined where it does not wait. */
export function longPollOf(
  world: WorldState,
  { QueueUrl, WaitTimeSeconds }: Sqs.ReceiveMessageCommandInput,
): { readonly queue: MessageQueue; readonly ms: number } | undefined {
  const queue = world.messageQueues.get(nameIn(QueueUrl));
  const seconds = WaitTimeSeconds ?? queue?.waitS ?? 0;
  return queue && seconds > 0 && seconds <= LONGEST_WAIT_S ? { queue, ms: seconds * 1000 } : undefined;
}

/** When the first of a queue's messages can be received, in ms since the Unix epoch; Infinity where it has none. */
export function firstVisibleAt(world: WorldState, queue: MessageQueue): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { visibleAt } of kept(world, queue)) first = Math.min(first, visibleAt);
  return first;
}

function receive(
  world: WorldState,
  message: Message,
  timeoutS: number,
  input: Sqs.ReceiveMessageCommandInput,
): Sqs.Message {
  const receipt = nextHex(world, 32);
  message.receipts.add(receipt);
  message.receiptCount++;
  message.firstReceivedAt ??= world.now;
  // At least once: another server of the queue may not have heard of it yet.
  const isSeenAgain =
    world.options.deliveredAgain > 0 && world.options.random() < world.options.deliveredAgain;
  if (!isSeenAgain) message.visibleAt = world.now + timeoutS * 1000;
  const system: Record<string, string> = {
    SenderId: 'AIDASANDBOX',
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receiptCount),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
  };
  const wanted: readonly string[] = [
    ...(input.MessageSystemAttributeNames ?? []),
    ...(input.AttributeNames ?? []),
  ];
  const own: readonly string[] = input.MessageAttributeNames ?? [];
  const chosen = Object.entries(system).filter(([name]) => wanted.includes(name) || wanted.includes('All'));
  const attributes = Object.entries(message.attributes).filter(
    ([name]) => own.includes(name) || own.includes('All') || own.includes('.*'),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: receipt,
    MD5OfBody: message.md5,
    Body: message.body,
    ...(chosen.length > 0 && { Attributes: Object.fromEntries(chosen) }),
    ...(attributes.length > 0 && { MessageAttributes: Object.fromEntries(attributes) }),
  };
}

/** Takes a message away by any receipt handle that it has had; one that has gone already is as good. */
function remove(queue: MessageQueue, receipt: string | undefined): void {
  if (!receipt) throw missing('ReceiptHandle');
  if (!/^[0-9a-f]{32}$/.test(receipt)) throw invalidReceipt(receipt);
  const message = messageOf(queue, receipt);
  if (message) queue.messages.delete(message);
}

function messageOf(queue: MessageQueue, receipt: string | undefined): Message | undefined {
  for (const message of queue.messages) if (receipt && message.receipts.has(receipt)) return message;
  return undefined;
}

/** The messages that are not older than the queue keeps them. */
function kept(world: WorldState, queue: MessageQueue): ReadonlySet<Message> {
  for (const message of queue.messages) {
    // The oldest come first.
    if (message.sentAt + queue.retentionS * 1000 > world.now) break;
    queue.messages.delete(message);
  }
  return queue.messages;
}

function inFlight(world: WorldState, queue: MessageQueue): number {
  let count = 0;
  for (const { visibleAt, receiptCount } of queue.messages)
    if (visibleAt > world.now && receiptCount > 0) count++;
  return count;
}

/** A queue by its name, or by a URL of any host. */
function queueNamed(world: WorldState, nameOrUrl: string | undefined): MessageQueue {
  if (!nameOrUrl) throw missing('QueueUrl');
  const queue = world.messageQueues.get(nameIn(nameOrUrl));
  if (!queue) throw serviceError('QueueDoesNotExist', 'The specified queue does not exist.');
  return queue;
}

const nameIn = (nameOrUrl = '') => nameOrUrl.slice(nameOrUrl.lastIndexOf('/') + 1);

function attributesOf(queue: MessageQueue): Readonly<Record<string, string>> {
  const created = String(Math.floor(queue.createdAt / 1000));
  return {
    QueueArn: queue.arn,
    VisibilityTimeout: String(queue.visibilityTimeoutS),
    MessageRetentionPeriod: String(queue.retentionS),
    ReceiveMessageWaitTimeSeconds: String(queue.waitS),
    DelaySeconds: String(queue.delayS),
    MaximumMessageSize: String(MOST_BYTES),
    CreatedTimestamp: created,
    LastModifiedTimestamp: created,
    SqsManagedSseEnabled: 'true',
  };
}

function countsOf(world: WorldState, queue: MessageQueue): Readonly<Record<string, string>> {
  const messages = [...kept(world, queue)];
  const hidden = messages.filter(({ visibleAt }) => visibleAt > world.now);
  const delayed = hidden.filter(({ receiptCount }) => receiptCount === 0).length;
  return {
    ApproximateNumberOfMessages: String(messages.length - hidden.length),
    ApproximateNumberOfMessagesNotVisible: String(hidden.length - delayed),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
];
const KNOWN_ATTRIBUTES = new Set([
  ...COUNTS,
  ...['QueueArn', 'VisibilityTimeout', 'MessageRetentionPeriod', 'ReceiveMessageWaitTimeSeconds'],
  ...['DelaySeconds', 'MaximumMessageSize', 'CreatedTimestamp', 'LastModifiedTimestamp'],
  ...['SqsManagedSseEnabled', 'Policy', 'RedrivePolicy', 'KmsMasterKeyId'],
]);

function settingsOf(attributes: Readonly<Record<string, string | undefined>>): MessageQueueSettings {
  const numbers = Object.entries(attributes).map(([name, text]) => {
    const key = SETTINGS[name];
    if (key === undefined) throw serviceError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    if (!/^\d{1,7}$/.test(text ?? ''))
      throw serviceError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
    return [key, Number(text)];
  });
  return Object.fromEntries(numbers) as MessageQueueSettings;
}

const SETTINGS: Readonly<Record<string, keyof MessageQueueSettings>> = {
  VisibilityTimeout: 'visibilityTimeoutS',
  MessageRetentionPeriod: 'retentionS',
  ReceiveMessageWaitTimeSeconds: 'waitS',
  DelaySeconds: 'delayS',
};

function between(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidValue(
    `Value ${value} for parameter ${name} is invalid. Reason: Must be >= ${least} and <= ${most}, if provided.`,
  );
}

/** These two SQS has from its older protocol, and no model of it names them. */
const invalidValue = (message: string) => serviceError('InvalidParameterValue', message);
const missing = (name: string) =>
  serviceError('MissingParameter', `The request must contain the parameter ${name}.`);
const batchError = (name: string, message: string) => serviceError(name, message);
const invalidReceipt = (receipt: string | undefined) =>
  serviceError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${receipt}" is not a valid receipt handle.`,
  );

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that SQS does not take.
const NOT_ALLOWED = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;

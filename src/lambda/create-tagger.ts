import { formatTagValue } from '../signals/tag-value.ts';
import { type LifecycleNotice, MalformedNotice, readLifecycleNotice } from './lifecycle-notice.ts';
import type { TaggerConfig } from './tagger-config.ts';
import type { Source, TaggerLog } from './tagger-log.ts';

export type TaggerPorts = {
  readonly config: TaggerConfig;
  readonly log: TaggerLog;
  /** Creates or overwrites one tag on one instance. */
  readonly putTag: (instanceId: string, key: string, value: string) => Promise<void>;
};

/** Lambda's partial batch response: the messages that SQS is to deliver again. */
export type BatchResponse = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

/**
 * Makes the function that Lambda calls. Whatever can't be tagged makes it fail, so that AWS tries again and in
 * the end keeps the message in a dead-letter queue: a notice is never lost without a trace. Putting the same
 * tag again changes nothing, so that trying again is safe.
 */
export function createTagger(ports: TaggerPorts): (event: unknown) => Promise<BatchResponse | undefined> {
  return async (event) => {
    const records = recordsOf(event);
    if (records === undefined) {
      await handleNotice(ports, 'eventbridge', event);
      return undefined;
    }
    if (records.every(isSqsRecord)) return handleBatch(ports, records);
    for (const record of records) await handleNotice(ports, 'sns', snsMessage(record));
    return undefined;
  };
}

async function handleBatch(ports: TaggerPorts, records: readonly SqsRecord[]): Promise<BatchResponse> {
  const failures: Failure[] = [];
  for (const { messageId, body } of records) {
    try {
      await handleNotice(ports, 'sqs', body, messageId);
    } catch (error) {
      failures.push({ itemIdentifier: messageId, error });
    }
  }
  // Throwing gives every message back even where the event source mapping lacks ReportBatchItemFailures and
  // would take the response below for success; and it counts as an error in the function's metrics.
  const [first] = failures;
  if (first !== undefined && failures.length === records.length) throw first.error;
  return { batchItemFailures: failures.map(({ itemIdentifier }) => ({ itemIdentifier })) };
}

type Failure = { readonly itemIdentifier: string; readonly error: unknown };

async function handleNotice(
  ports: TaggerPorts,
  source: Source,
  message: unknown,
  messageId?: string,
): Promise<void> {
  let instanceId: string | undefined;
  try {
    const notice = onlyOurs(readLifecycleNotice(message), ports.config);
    instanceId = notice.instanceId;
    await carryOut(ports, source, notice);
  } catch (error) {
    const failure = describe(error);
    ports.log({
      event: 'notice.failed',
      level: 'error',
      source,
      ...failure,
      ...(instanceId === undefined ? {} : { instanceId }),
      ...(messageId === undefined ? {} : { messageId }),
    });
    // Lambda logs what is thrown, with all its properties: throw only what was chosen to be logged.
    throw new Error(`${failure.error}: ${failure.message}`);
  }
}

function onlyOurs(notice: LifecycleNotice, { groupNames, hookNames }: TaggerConfig): LifecycleNotice {
  if (notice.kind === 'ignored') return notice;
  const { instanceId, group, hook } = notice;
  if (group === undefined || !groupNames.has(group))
    return { kind: 'ignored', why: 'other-group', instanceId };
  if (hookNames === undefined || (hook !== undefined && hookNames.has(hook))) return notice;
  return { kind: 'ignored', why: 'other-hook', instanceId };
}

async function carryOut(ports: TaggerPorts, source: Source, notice: LifecycleNotice): Promise<void> {
  const { config, log, putTag } = ports;
  if (notice.kind === 'ignored') {
    const { instanceId, why } = notice;
    log({
      event: 'notice.ignored',
      level: 'info',
      source,
      why,
      ...(instanceId === undefined ? {} : { instanceId }),
    });
    return;
  }
  const { instanceId } = notice;
  const value = formatTagValue(notice);
  try {
    await putTag(instanceId, config.tagKey, value);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'InvalidInstanceID.NotFound') throw error;
    log({ event: 'instance.gone', level: 'info', source, instanceId });
    return;
  }
  log({ event: 'tag.put', level: 'info', source, instanceId, key: config.tagKey, value });
}

function describe(error: unknown): { error: string; message: string } {
  if (!(error instanceof Error)) return { error: 'UnknownError', message: String(error) };
  // EC2 appends a blob that describes the caller's whole policy to whoever may decode it.
  const blob = error.message.indexOf('Encoded authorization failure message:');
  const message = blob < 0 ? error.message : error.message.slice(0, blob).trimEnd();
  return { error: error.name, message };
}

type SqsRecord = { readonly messageId: string; readonly body: string };

function recordsOf(event: unknown): readonly unknown[] | undefined {
  if (typeof event !== 'object' || event === null || !('Records' in event)) return undefined;
  if (Array.isArray(event.Records) && event.Records.length > 0) return event.Records;
  throw new MalformedNotice('The event has a "Records" that is not a list of SNS or SQS records.');
}

function isSqsRecord(record: unknown): record is SqsRecord {
  return (
    typeof record === 'object' &&
    record !== null &&
    'messageId' in record &&
    'body' in record &&
    typeof record.messageId === 'string' &&
    typeof record.body === 'string'
  );
}

/** The message of an SNS record; anything else is handed on as it is, to be refused as malformed. */
function snsMessage(record: unknown): unknown {
  if (typeof record === 'object' && record !== null && 'Sns' in record) {
    const { Sns: sns } = record;
    if (typeof sns === 'object' && sns !== null && 'Message' in sns) return sns.Message;
  }
  return record;
}

import { isInstanceId } from '../aws/instance-id.ts';

/** What one message from Auto Scaling asks the tagger to do. */
export type LifecycleNotice =
  | {
      readonly kind: 'terminating';
      readonly instanceId: string;
      readonly group: string | undefined;
      readonly hook: string | undefined;
      /** When Auto Scaling put the instance into its wait state: ISO 8601, as the message gave it. */
      readonly time: string | undefined;
    }
  | { readonly kind: 'ignored'; readonly why: IgnoredBecause; readonly instanceId?: string };

export type IgnoredBecause =
  | 'test-notification'
  | 'launching'
  | 'returns-to-warm-pool'
  | 'instance-stays'
  | 'not-a-lifecycle-action'
  | 'not-from-auto-scaling'
  | 'other-group'
  | 'other-hook';

/** A message that is no lifecycle notice of any form that AWS documents. */
export class MalformedNotice extends Error {
  override readonly name = 'MalformedNotice';
}

/**
 * Reads a lifecycle message however it was wrapped: an EventBridge event, the bare notification that Auto
 * Scaling sends to a hook's SNS topic or SQS queue, or either of them inside an SNS envelope.
 */
export function readLifecycleNotice(message: unknown): LifecycleNotice {
  const fields = asFields(typeof message === 'string' ? parse(message) : message);
  if (fields.Type === 'Notification' && typeof fields.Message === 'string') {
    return readLifecycleNotice(fields.Message);
  }
  if (typeof fields['detail-type'] === 'string') return readEventBridge(fields);
  return readTransition(fields, text(fields.Time));
}

function readEventBridge(event: Fields): LifecycleNotice {
  // Only AWS can send under this source; anyone with events:PutEvents can forge the rest of the event.
  if (event.source !== 'aws.autoscaling') return { kind: 'ignored', why: 'not-from-auto-scaling' };
  const detail = asFields(event.detail);
  if (detail.LifecycleTransition === undefined) return { kind: 'ignored', why: 'not-a-lifecycle-action' };
  return readTransition(detail, text(event.time));
}

function readTransition(fields: Fields, time: string | undefined): LifecycleNotice {
  if (fields.Event === 'autoscaling:TEST_NOTIFICATION') return { kind: 'ignored', why: 'test-notification' };
  if (fields.LifecycleTransition === 'autoscaling:EC2_INSTANCE_LAUNCHING') {
    return { kind: 'ignored', why: 'launching' };
  }
  if (fields.LifecycleTransition === undefined && text(fields.Event)?.startsWith('autoscaling:')) {
    return { kind: 'ignored', why: 'not-a-lifecycle-action' };
  }
  if (fields.LifecycleTransition !== 'autoscaling:EC2_INSTANCE_TERMINATING') {
    throw new MalformedNotice(
      'The message has no LifecycleTransition of autoscaling:EC2_INSTANCE_TERMINATING or _LAUNCHING. ' +
        'Only lifecycle notifications of an Auto Scaling group may reach this function.',
    );
  }
  const instanceId = text(fields.EC2InstanceId);
  if (instanceId === undefined || !isInstanceId(instanceId)) {
    throw new MalformedNotice('EC2InstanceId is not the id of an EC2 instance: "i-" and 8 or 17 hex digits.');
  }
  const stays = whyItStays(fields.Destination);
  if (stays) return { kind: 'ignored', why: stays, instanceId };
  return {
    kind: 'terminating',
    instanceId,
    group: text(fields.AutoScalingGroupName),
    hook: text(fields.LifecycleHookName),
    time,
  };
}

/**
 * Why an instance stays whose terminating hook waits; undefined where it goes. One that stays keeps its tags, and a
 * terminate tag would drain it once more. Its next life is in the warm pool, or in the group again with another root volume
 * (Auto Scaling user guide, "Instance refresh replace root volume lifecycle events": `Destination: AutoScalingGroup`).
 */
function whyItStays(destination: unknown): IgnoredBecause | undefined {
  // Auto Scaling's older notifications name no destination: they tell of terminations only.
  if (destination === undefined || destination === 'EC2') return undefined;
  return destination === 'WarmPool' ? 'returns-to-warm-pool' : 'instance-stays';
}

type Fields = Readonly<Record<string, unknown>>;

function parse(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return parseLines(message);
  }
}

/** Auto Scaling documents its notifications to SNS as `Key: value` lines, although it sends JSON today. */
function parseLines(message: string): unknown {
  const pairs = [...message.matchAll(/^(\w+): (.*)$/gm)].map(([, key, value]) => [key, value?.trim()]);
  if (pairs.length === 0) throw new MalformedNotice('The message is neither JSON nor lines of "Key: value".');
  return Object.fromEntries(pairs);
}

function asFields(value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new MalformedNotice('The message is not a JSON object.');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

import { AwsError } from '../aws/errors.ts';
import type { Imds } from '../aws/imds.ts';
import type { Clock } from '../base/clock.ts';
import { known, type Reading, unknown } from '../base/reading.ts';
import { messageOf } from '../base/text.ts';
import { isMetadataTagKey } from '../config/names.ts';
import type { ReadSignal, Signal, TagSignal } from './signal.ts';
import { parseTagValue } from './tag-value.ts';

/** The EC2 API is asked this often at most, in ms: a fleet shares one allowance of requests. */
export const EC2_INTERVAL_MS = 15_000;
const EC2_LONGEST_INTERVAL_MS = 300_000;
/**
 * So late, in ms, what the EC2 API said before is old: after the host has stood still, or where the signals are read rarely. A
 * request takes ten seconds at most.
 */
const LATE_MS = 12_000;

export type TagOptions = {
  readonly tagKey: string;
  readonly tagSource: 'auto' | 'imds' | 'ec2';
};

export type TagPorts = {
  readonly imds: Imds;
  /** Reads the tag by the EC2 API; undefined where the instance has no such tag. */
  readonly describeTag: () => Promise<string | undefined>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Called when `auto` changes from one source to the other. It starts with the metadata. */
  readonly onSource: (source: 'imds' | 'ec2') => void;
  /** Called when the EC2 API has said something new while nobody waited for it: the next read gives it. */
  readonly onNews: () => void;
  /** Told of an error in this program, by which the tag is not known. */
  readonly onFault: (error: unknown) => void;
};

/** The instance's own tag: from its metadata where that serves tags, else from the EC2 API. The metadata costs nothing, so each read looks there. */
export function tagSignal(options: TagOptions, ports: TagPorts): ReadSignal {
  let before: TagBefore = 'unknown';
  const readKeys = createKeyReader(options.tagKey);
  const fromMetadata = async () => {
    const tag = await readFromMetadata(ports.imds, options.tagKey, readKeys, before);
    if (tag.kind === 'known') before = tag.value ?? 'absent';
    return tag;
  };
  const fromEc2 = pollEc2(ports);
  let source: 'imds' | 'ec2' = 'imds';
  /** Whether the metadata served tags when it was last read. */
  let wasServed = false;

  function setSource(now: typeof source) {
    if (now !== source) ports.onSource(now);
    source = now;
  }

  return async () => {
    if (options.tagSource === 'ec2') return fromEc2();
    const tag = await fromMetadata();
    if (tag.kind === 'known') {
      wasServed = true;
      setSource('imds');
      return tag;
    }
    if (tag.kind === 'off') {
      // One 404 of what was there a moment ago may be a hiccup, and at rest the EC2 API is asked nothing.
      const isNews = wasServed;
      wasServed = false;
      if (isNews || options.tagSource === 'imds') return unknown(METADATA_OFF);
      setSource('ec2');
    }
    return tag.kind === 'off' || source === 'ec2' ? fromEc2() : tag;
  };
}

type TagBefore = 'unknown' | 'absent' | TagSignal;

const METADATA_OFF =
  'the instance metadata serves no tags; launch instances with InstanceMetadataTags=enabled, or set --tag-source auto';

/**
 * One request where there is no tag: the list of keys. `off` where the metadata serves no tags at all.
 *
 * @param before as it was last read. Where its absence would be news, the tag itself is asked for as well: a list that was cut off on its
 *   way looks like any other, and would cancel a drain. Where its presence or its value is news, it is asked for twice: one answer that is
 *   none of a tag's would begin one, or make an operator's request of the tag of an event that is over.
 */
async function readFromMetadata(
  imds: Imds,
  key: string,
  readKeys: ReturnType<typeof createKeyReader>,
  before: TagBefore,
): Promise<Reading<TagSignal | undefined> | { readonly kind: 'off' }> {
  const keys = await imds.get('meta-data/tags/instance');
  if (keys.kind === 'unknown') return keys;
  // The whole folder answers 404 unless the instance's tags are in its metadata: that says nothing about the tag.
  if (keys.value === undefined) return { kind: 'off' };
  const { isListed, isStrange } = readKeys(keys.value);
  if (!isListed) {
    if (isStrange) return unknown('IMDS gave something that is no list of tag keys');
    if (before === 'absent') return known(undefined);
  }
  const path = `meta-data/tags/instance/${key}`;
  const value = await imds.get(path);
  if (value.kind === 'unknown') return value;
  // One that was removed in between is not listed the next time.
  if (isListed && value.value === undefined)
    return unknown('IMDS lists the tag, and says that it is not there');
  const signal = toSignal(value.value);
  const isNews = signal !== undefined && (typeof before === 'string' || signal.value !== before.value);
  const again = isNews ? await imds.get(path) : value;
  if (again.kind === 'unknown') return again;
  if (again.value !== value.value) return unknown('IMDS has just given two values of the tag');
  if (isNews && !isListed && value.value === '')
    return unknown('IMDS does not list the tag, and gives it no value');
  return known(signal);
}

/** Reads a list of tag keys. The same list comes at every poll, so it is looked at once: 2 % of the processor time at rest. */
function createKeyReader(key: string) {
  let last: { readonly text: string; readonly isListed: boolean; readonly isStrange: boolean } | undefined;
  return (text: string) => {
    if (text !== last?.text) {
      const lines = text.split('\n').map((line) => line.trim());
      const isStrange = lines.some((line) => line !== '' && !isMetadataTagKey(line));
      last = { text, isListed: lines.includes(key), isStrange };
    }
    return last;
  };
}

/**
 * The EC2 API is asked beside all else: it can take ten seconds to answer, and neither a Spot interruption nor a request on the host
 * must wait for it. It is waited for only where what it said before is old.
 */
function pollEc2({ describeTag, clock, random, onNews, onFault }: TagPorts): ReadSignal {
  let interval = EC2_INTERVAL_MS;
  let dueAt = -Infinity;
  let last: Reading<Signal | undefined> = unknown('the EC2 API was not asked yet');
  let asking: { readonly at: number; readonly answer: Promise<typeof last>; isAwaited: boolean } | undefined;

  async function ask(): Promise<typeof last> {
    try {
      const signal = toSignal(await describeTag());
      last = known(signal);
      // One that is there may be removed at any time, and the instance is let go for it.
      interval = signal ? EC2_INTERVAL_MS : Math.max(EC2_INTERVAL_MS, interval / 2);
    } catch (error) {
      if (!(error instanceof AwsError)) onFault(error);
      else if (error.kind === 'throttled') interval = Math.min(EC2_LONGEST_INTERVAL_MS, interval * 2);
      last = unknown(messageOf(error));
    }
    dueAt = clock.monotonic() + interval * (1 + random() * 0.2);
    return last;
  }

  function begin(at: number) {
    const before = last;
    const begun = { at, answer: ask(), isAwaited: at - dueAt >= LATE_MS };
    void begun.answer.then((answer) => {
      asking = undefined;
      if (!begun.isAwaited && JSON.stringify(answer) !== JSON.stringify(before)) onNews();
    });
    return begun;
  }

  return async () => {
    const now = clock.monotonic();
    if (!asking && now < dueAt) return last;
    asking ??= begin(now);
    if (now - asking.at >= LATE_MS) asking.isAwaited = true;
    return asking.isAwaited ? asking.answer : last;
  };
}

function toSignal(value: string | undefined): TagSignal | undefined {
  if (value === undefined || value.trim().toLowerCase() === 'false') return undefined;
  return { source: 'tag', value: value.slice(0, 256), ...parseTagValue(value) };
}

import { stopIn, textIn } from './calls.ts';
import { claimsUntil, LOOKED_AT_MS } from './due.ts';
import type { Request } from './entry.ts';
import {
  canTellSignals,
  type Instance,
  isCalm,
  isSignalled,
  isTakenForAnother,
  isTerminating,
  REPLACED_SEEN_MS,
  readsTagByApi,
  restsFrom,
} from './instance.ts';
import { isReplacement } from './lifecycle-states.ts';
import { PER_MINUTE } from './process.ts';
import type { Verdict } from './verdict.ts';

const MINUTE_MS = 60_000;
/** Until an agent whose drain was cancelled is at rest again, in ms. */
const COMES_TO_REST_MS = 20_000;
/** … and after the last trouble: what is on its way, with its retries, and what a minute's requests allow. */
const COMES_TO_REST_AFTER_TROUBLE_MS = 210_000;
/** The EC2 API, which has throttled, is asked for the tag more and more rarely: the drain goes on until it is known, in ms. */
const TAG_PATIENCE_MS = 400_000;

/** Q1: at rest, no AWS API request. */
export function checkQuiet(instance: Instance, { api, at }: Request, verdict: Verdict): void {
  const { id, process, setting, disturbances } = instance;
  const goneAt = Math.max(restsFrom(instance), instance.replacedAt + REPLACED_SEEN_MS);
  if (readsTagByApi(instance) && api === 'ec2:DescribeTags') return;
  // A drain that was cancelled where nothing can tell the signals is not over.
  if (isSignalled(instance) || isTerminating(instance) || !canTellSignals(instance)) return;
  // What was drained for a new root volume is given back once that is there.
  const isReplaced =
    isReplacement(instance.lifecycle) && instance.drainSince !== undefined && !isWatching(instance);
  if (instance.lieSince !== undefined || isTakenForAnother(instance)) return;
  // Until the tag has been read, nobody knows that the drain is over.
  const tagReadAt = readsTagByApi(instance) ? (process?.tagReadAt ?? -Infinity) : Infinity;
  const knownAt = tagReadAt === Infinity ? goneAt : Math.max(goneAt, tagReadAt);
  // Read once and throttled since, it is not known again until the EC2 API is asked for it, more and more rarely.
  const isKnown = tagReadAt > goneAt && !(readsTagByApi(instance) && disturbances.troubleAt(at) > goneAt);
  const restsSince =
    isCalm(instance, at) && isKnown
      ? knownAt + COMES_TO_REST_MS + setting.pollInterval * 1.2 + setting.slack
      : Math.max(goneAt, disturbances.troubleAt(at)) +
        COMES_TO_REST_AFTER_TROUBLE_MS +
        (readsTagByApi(instance) ? TAG_PATIENCE_MS : 0);
  // What it had set DRAINING it gives back, however long it was down in between.
  const isWoundUp = instance.drainingBy !== 'agent';
  const mayWait = isReplaced || !isWoundUp || isForgotten(instance, at);
  verdict.check(
    'Q1',
    at <= restsSince || mayWait,
    () => `${id} called ${api} at rest: every instance of a fleet would`,
  );
  if (at > restsSince && mayWait && api.startsWith('ecs:')) checkWait(instance, at, verdict);
}

/**
 * What it had set DRAINING ECS knows no more, and it may have been so a moment ago: after a reboot nothing tells, though the host has
 * registered anew since.
 */
const isForgotten = (instance: Instance, at: number): boolean =>
  instance.drainingRequestedOn.size > 0 && at < claimsUntil(instance, at) + LOOKED_AT_MS;

/** A drain that is over and waits, for its new root volume or for ECS to tell where it is, need not know sooner what has changed in ECS. */
function checkWait({ id, process, disturbances }: Instance, at: number, verdict: Verdict): void {
  if (!process) return;
  const { asksInVain } = process;
  while ((asksInVain[0] ?? at) <= at - WAIT_MS) asksInVain.shift();
  // What is asked in one go counts once.
  if (at - (asksInVain.at(-1) ?? -Infinity) <= 1_000) return;
  asksInVain.push(at);
  if (Math.max(disturbances.troubleAt(at), disturbances.changeAt()) > at - WAIT_MS) return;
  verdict.check(
    'Q1',
    // The first too many tells it.
    asksInVain.length !== MOST_IN_VAIN + 1,
    () =>
      `${id} asked ECS ${asksInVain.length} times in five minutes for a drain that is over: a fleet would`,
  );
}

const WAIT_MS = 300_000;
/** Three in its first minute, and then one a minute. */
const MOST_IN_VAIN = 8;

const isWatching = ({ process }: Instance): boolean => process?.doing?.() === 'watching';

/** Q2: draining, at most 12 requests a minute to any one API. */
export function checkRate(instance: Instance, { api, at }: Request, verdict: Verdict): void {
  const { id, process, setting, signals } = instance;
  if (!process) return;
  const times = process.sent.get(api) ?? [];
  process.sent.set(api, times);
  const sentAt = sentBy(instance, at);
  // Where its host has stood still meanwhile, all of that counts.
  if (api === 'ec2:DescribeTags' && sentAt === at)
    checkTagsRate(instance, sentAt - (times.at(-1) ?? -Infinity), verdict);
  times.push(sentAt);
  // They are counted as they arrive: what was held up on its way is nearer to the next than when it was sent.
  while ((times[0] ?? at) <= at - MINUTE_MS + setting.slack) times.shift();
  // What can't be done later is not put off.
  const isUrgent = api === 'ecs:StopTask' && signals.has('spot');
  verdict.check(
    'Q2',
    // The first too many tells it.
    times.length !== PER_MINUTE + 1 || isUrgent,
    () => `${id} called ${api} ${times.length} times within a minute: a fleet would be throttled`,
  );
}

/** Q1: one DescribeTags every 15 s at most. */
function checkTagsRate({ id, setting }: Instance, sinceMs: number, verdict: Verdict): void {
  verdict.check(
    'Q1',
    sinceMs >= TAGS_MS - setting.slack,
    () => `${id} called ec2:DescribeTags twice within ${sinceMs} ms: a fleet would be throttled`,
  );
}
const TAGS_MS = 15_000;

/** When a request was sent, as its agent can know it: in the moment in which its host goes on, nothing tells that it stood still. */
const sentBy = ({ stoodStillFrom, stoodStillUntil }: Instance, at: number): number =>
  at >= stoodStillUntil && at < stoodStillUntil + GOES_ON_MS ? stoodStillFrom : at;

/** The host's uptime is read so often at most, in ms. */
const GOES_ON_MS = 50;

/** A task that did not stop is asked again after this, in ms. */
const ASKED_AGAIN_MS = 60_000;

/**
 * Q2: a task that was asked to stop is not asked again for a minute, whatever came of the others of its batch. What was done for a signal
 * that was withdrawn is forgotten, however soon another comes; and that it was withdrawn can be an old answer's word.
 */
export function checkAskedOnce(instance: Instance, { api, at, input }: Request, verdict: Verdict): void {
  const { id, process, setting, signalledSince } = instance;
  const task = textIn(input, 'task');
  if (api !== 'ecs:StopTask' || !process || task === undefined) return;
  const askedAt = process.stopAskedAt.get(stopIn(input)) ?? -Infinity;
  verdict.check(
    'Q2',
    askedAt < Math.max(signalledSince, process.toldUnaskedAt) ||
      at - askedAt >= ASKED_AGAIN_MS - setting.slack,
    () => `${id} asked ${task} to stop again after ${at - askedAt} ms: a fleet would be throttled`,
  );
}

import { memberOf, namedIn, releaseBy, statusSetBy, stopIn, textIn } from './calls.ts';
import type { AnswerEntry, HostEntry, Request } from './entry.ts';
import { followSignals } from './follow-signals.ts';
import {
  containerInstanceOf,
  type Instance,
  isTakenForAnother,
  isToldToGo,
  noteRead,
  noteWait,
  ourEnd,
  readTag,
  waitsForTagByApi,
} from './instance.ts';
import { GOING, isReplacement, isTermination, leaves, waits } from './lifecycle-states.ts';
import { PER_MINUTE, type Process } from './process.ts';

/** A call's effect is dated with the call, but for the rounding of a clock. */
const SAME_MOMENT_MS = 2;

/** Others' DRAINING shows in a look at ECS, of which there is one at least so often, in ms. */
const NOTICED_MS = 20_000;

/** Calls after whose throttling heartbeats are rarer, and for how many. */
const BEATS: ReadonlySet<string> = new Set([
  'autoscaling:RecordLifecycleActionHeartbeat',
  'autoscaling:DescribeLifecycleHooks',
]);
const RARE_BEATS = 10;

/** Refusals that belong to a drain in which all is well. */
const isAnswer = (outcome: string) =>
  outcome === 'ok' || outcome === 'InvalidParameterException' || outcome === 'ValidationError';

/** A request was sent, or has been made from beginning to end. */
export function followRequest(instance: Instance, request: Request): void {
  const { process } = instance;
  const { at, api, outcome } = request;
  if (!process) return;
  // What it does to another says nothing of this one.
  const isOwn = !isTakenForAnother(instance);
  if (isOwn && statusSetBy(request) === 'DRAINING') {
    const containerInstance = containerInstanceOf(instance);
    const isSetNow = outcome === 'ok' && at - instance.drainingSince <= SAME_MOMENT_MS;
    if (isSetNow) instance.drainingBy = 'agent';
    // To call for what others have done long ago does not make it one's own.
    const isNoticed = at - instance.drainingSince > NOTICED_MS && at - process.toldActiveAt > NOTICED_MS;
    const isOthers = instance.drainingBy === 'other' && isNoticed;
    if (!isOthers) for (const arn of namedIn(request)) instance.drainingRequestedOn.add(arn);
    if (outcome === undefined) process.isSettingDraining = true;
    if (containerInstance?.status === 'ACTIVE' || isSetNow) instance.stateWasLost = false;
  }
  if (isOwn && statusSetBy(request) === 'ACTIVE') instance.givenBackAt = at;
  const release = isOwn ? releaseBy(request) : undefined;
  if (release === 'terminate') instance.timesTerminated++;
  if (release && (outcome === undefined || outcome === 'ok')) instance.releasedBy = release;
  if (api === 'autoscaling:DescribeAutoScalingInstances') {
    // It may have been wanted for long before it had its share of a minute's requests, and the answers before it may have been dropped, since
    // heartbeats said otherwise meanwhile.
    process.groupAskedFrom = isShareUsed(process, api) ? at - UNANSWERED_MS : at;
    process.groupAskedAt = at;
  }
  if (isOwn && statusSetBy(request) === 'ACTIVE') process.givesBackAt = at;
  if (api === 'ecs:ListTasks' && typeof request.input === 'object' && request.input !== null)
    process.listsAskedAt.set(request.input, at);
  if (outcome === undefined) return;
  followRefusal(instance, { at, api, error: outcome });
  if (outcome === 'ok') followAnswer(instance, { kind: 'answer', output: undefined, ...request });
  else if (!isAnswer(outcome)) instance.disturbances.trouble(at, at, api);
}

const RETAINS = '"TerminateHookAbandon":"retain"';

const isShareUsed = ({ sent }: Process, api: string): boolean =>
  (sent.get(api)?.length ?? 0) >= PER_MINUTE - 1;

/** How long the group's answers may not have counted, in ms. */
const UNANSWERED_MS = 30_000;

/** A request was refused. */
export function followRefusal(
  instance: Instance,
  { at, api, error }: { readonly at: number; readonly api: string; readonly error: string },
): void {
  // ECS may refuse to list the tasks of what it has let go: then no list of them has any.
  const isLetGo = containerInstanceOf(instance)?.status === 'INACTIVE';
  if (api === 'ecs:ListTasks' && error === 'InvalidParameterException' && isLetGo)
    for (const status of ['RUNNING', 'STOPPED']) noteTold(instance, at, [], status);
  const { process } = instance;
  if (api === 'ecs:ListContainerInstances' && error === 'AccessDeniedException' && process)
    process.listDeniedAt = at;
  if (!/Throttl|RequestLimitExceeded/.test(error)) return;
  if (BEATS.has(api)) instance.rareBeats = RARE_BEATS;
  if (api.startsWith('ecs:')) instance.ecsThrottledAt = at;
}

/** An answer has come. Without an output, what it must have said is what is true. */
export function followAnswer(
  instance: Instance,
  { at, api, input, output }: AnswerEntry & { readonly at: number },
): void {
  const { process } = instance;
  if (!process) return;
  process.answeredAt.set(api, at);
  switch (api) {
    case 'ecs:StopTask':
      // One that does not name the task is no word of it. A log holds no bodies.
      if (output === undefined || textIn(memberOf(output, 'task'), 'taskArn') === textIn(input, 'task'))
        process.stopAskedAt.set(stopIn(input), at);
      return;
    case 'ecs:UpdateContainerInstancesState':
      process.isSettingDraining = false;
      if (textIn(input, 'status') !== 'ACTIVE') return;
      instance.drainingRequestedOn.clear();
      if (process.groupAskedAt >= at - KEPT_LATELY_MS && !leaves(process.lifecycle ?? '')) {
        instance.tagGivenBack = readTag(instance);
        followSignals(instance, at);
      }
      return;
    case 'autoscaling:DescribeLifecycleHooks':
      process.hooksReadAt = Math.min(process.hooksReadAt, at);
      if (isList(output, 'LifecycleHooks'))
        process.hooksReadAnewAt = firstSince(process.hooksReadAnewAt, instance.group?.hooksChangedAt, at);
      noteRead(instance);
      noteWait(instance, at);
      return;
    case 'ec2:DescribeTags':
      if (output !== undefined && !memberOf(output, 'Tags')) return;
      process.signalsReadAt = at;
      if (process.tagReadAt <= instance.goneAt) process.tagReadAt = at;
      if (isToldUntagged(instance, output) && waitsForTagByApi(instance) && !isToldToGo(instance))
        process.toldUnaskedAt = at;
      return;
    case 'ecs:DeregisterContainerInstance':
      instance.deregisteredOnes.add(textIn(input, 'containerInstance') ?? '');
      return;
    case 'ecs:ListContainerInstances':
      followHostList(instance, at, input, output);
      return;
    case 'ecs:DescribeContainerInstances':
      process.toldActiveAt = isToldActive(instance, output) ? at : -Infinity;
      process.toldEmpty = emptyIn(instance, at, output);
      process.isToldBusy = countsTasks(instance, output);
      if (process.isToldBusy) {
        process.countedUnlistedAt = at;
        noteCounted(instance, output);
      }
      return;
    case 'ecs:ListTasks': {
      const listed = memberOf(output, 'taskArns');
      followList(instance, input, output);
      noteTold(instance, at, listed, listedAs(input, output));
      if (Array.isArray(listed) && listed.length > 0) process.countedUnlistedAt = -Infinity;
      return;
    }
    case 'ecs:DescribeTasks':
      noteTold(instance, at, membersOf(output, 'tasks', 'taskArn'));
      return;
    case 'autoscaling:DescribeAutoScalingInstances': {
      const found = memberOf(output, 'AutoScalingInstances');
      if (output !== undefined && !Array.isArray(found)) return;
      // What lacks a member, or names others only, tells nothing.
      const own = Array.isArray(found) ? found.find((one) => isAbout(one, instance)) : undefined;
      if (Array.isArray(found) && found.length > 0 && !own) return;
      const wasKept = !leaves(process.lifecycle ?? '');
      process.lifecycle =
        textIn(own, 'LifecycleState') ?? (output === undefined ? (instance.lifecycle ?? 'none') : 'none');
      if (!wasKept || instance.lifecycleToldAt < instance.goneAt) instance.toldKeptSince = at;
      instance.lifecycleToldAt = at;
      if (!isReplacement(process.lifecycle)) instance.toldOfReplacementAt = Infinity;
      else if (instance.toldOfReplacementAt === Infinity) instance.toldOfReplacementAt = at;
      if (!waits(process.lifecycle)) instance.notWaitingToldAt = Math.min(at, process.groupAskedFrom);
      if (isTermination(process.lifecycle) && !process.isToldToGo) instance.toldToGoSince = at;
      noteToldToGo(process, at);
      return;
    }
    case 'autoscaling:DescribeAutoScalingGroups':
      instance.retentionReadAt =
        output === undefined || JSON.stringify(output).includes(RETAINS) ? at : -Infinity;
      if (isList(output, 'AutoScalingGroups'))
        process.policyReadAnewAt = firstSince(process.policyReadAnewAt, instance.group?.policyChangedAt, at);
      return;
    case 'autoscaling:CompleteLifecycleAction':
      // Completed as what had gone over into a termination a moment before, that one seems to wait still.
      if (ourEnd(instance) && isReplacement(process.lifecycle) === isReplacement(instance.lifecycle))
        process.completedAt = at;
  }
}

/** Where ECS counts as many as nobody has asked to stop, it counts each of them. */
function noteCounted(instance: Instance, output: unknown): void {
  const arn = containerInstanceOf(instance)?.arn;
  const described = memberOf(output, 'containerInstances');
  if (!Array.isArray(described) || arn === undefined) return;
  const own: unknown = described.find((one) => textIn(one, 'containerInstanceArn') === arn);
  const up = [...instance.tasks.values()].filter(
    ({ askedAt, status }) => askedAt === undefined && isCountedAs.has(status),
  );
  if (own !== undefined && tasksCountedOn(own) >= up.length) for (const task of up) task.isCounted = true;
}

const isCountedAs = new Set<string>(['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING']);

/** Without an output, an answer has said what is true. */
const isList = (output: unknown, member: string): boolean =>
  output === undefined || Array.isArray(memberOf(output, member));

/** The first of the times that are later than a change. */
const firstSince = (before: number, changedAt = -Infinity, at: number): number =>
  before < Infinity && before > changedAt ? before : at;

/** Whether an answer, which can be older than the tag, leaves it out. */
function isToldUntagged({ setting }: Instance, output: unknown): boolean {
  const tags = memberOf(output, 'Tags');
  return Array.isArray(tags) && !tags.some((one) => textIn(one, 'Key') === setting.tagKey);
}

/** The group's word that it keeps an instance is so old at most, in ms, where the instance is given back by it; and what the call takes. */
const KEPT_LATELY_MS = 31_000;

/** No group takes a termination back: one answer of those that say so may be old. */
function noteToldToGo(process: Process, at: number): void {
  if (isTermination(process.lifecycle ?? '')) {
    process.isToldToGo = true;
    process.toldOtherwiseSince = undefined;
    return;
  }
  process.toldOtherwiseSince ??= at;
  if (at - process.toldOtherwiseSince >= TAKEN_BACK_MS || isReplacement(process.lifecycle))
    process.isToldToGo = false;
}

/** Answers that are half a minute apart may come sooner after one another: the first one can have taken its time. */
const TAKEN_BACK_MS = 15_000;

/** What an answer says of the instance's own container instance, where it counts no task on it. */
function emptyIn(
  { id }: Instance,
  at: number,
  output: unknown,
): NonNullable<Instance['process']>['toldEmpty'] {
  const found = memberOf(output, 'containerInstances');
  const own = Array.isArray(found) ? found.find((one) => textIn(one, 'ec2InstanceId') === id) : undefined;
  const status = textIn(own, 'status');
  const arn = textIn(own, 'containerInstanceArn');
  return status !== undefined && tasksCountedOn(own) === 0 ? { at, arn, status } : undefined;
}

/** Whether an answer, which can be older than what others have set since, calls one of the instance's own container instances ACTIVE. */
function isToldActive({ id }: Instance, output: unknown): boolean {
  const found = memberOf(output, 'containerInstances');
  return (
    Array.isArray(found) &&
    found.some((one) => textIn(one, 'ec2InstanceId') === id && textIn(one, 'status') === 'ACTIVE')
  );
}

/**
 * Whether an answer counts tasks on one of the instance's own container instances. ECS has looked for tasks on one that it has let its agent
 * deregister without force, and what it says of that later can be older.
 */
function countsTasks({ id, deregisteredOnes }: Instance, output: unknown): boolean {
  const found = memberOf(output, 'containerInstances');
  const own = Array.isArray(found) ? found.filter((one) => textIn(one, 'ec2InstanceId') === id) : [];
  return own.some(
    (one) => tasksCountedOn(one) > 0 && !deregisteredOnes.has(textIn(one, 'containerInstanceArn') ?? ''),
  );
}

const tasksCountedOn = (one: unknown): number =>
  Number(memberOf(one, 'runningTasksCount')) + Number(memberOf(one, 'pendingTasksCount'));

const isAbout = (found: unknown, { id }: Instance): boolean =>
  textIn(found, 'InstanceId') === id &&
  textIn(found, 'AutoScalingGroupName') !== undefined &&
  textIn(found, 'LifecycleState') !== undefined;

/** What ECS lists the host as; a list of several pages denies what none of them has named. */
function followHostList(instance: Instance, at: number, input: unknown, output: unknown): void {
  const { process } = instance;
  const one = containerInstanceOf(instance);
  const listed = memberOf(output, 'containerInstanceArns');
  if (!process || !one || !Array.isArray(listed)) return;
  instance.mayList = true;
  if (listed.includes(one.arn)) process.toldOf.add(one.arn);
  const isWhole = textIn(output, 'nextToken') === undefined;
  if (isWhole && textIn(input, 'cluster') === one.cluster) process.unlistedAt.set(one.arn, at);
}

function followList({ process, drainSince }: Instance, input: unknown, output: unknown): void {
  if (!process || (output !== undefined && !memberOf(output, 'taskArns'))) return;
  // Asked in the drain before, it says nothing about this one.
  const askedAt = typeof input === 'object' && input !== null ? process.listsAskedAt.get(input) : undefined;
  if (askedAt !== undefined && drainSince !== undefined && askedAt < drainSince) return;
  const status = textIn(input, 'desiredStatus') ?? 'RUNNING';
  const list = process.listed.get(status) ?? { isWhole: false, isUnfinished: false };
  process.listed.set(status, list);
  if (textIn(input, 'nextToken') === undefined && list.isUnfinished) list.isWhole = false;
  list.isUnfinished = textIn(output, 'nextToken') !== undefined;
  if (!list.isUnfinished) list.isWhole = true;
}

/** @param whole for which desired status these are all that ECS lists; undefined where they are only some */
function noteTold({ tasks }: Instance, at: number, arns: unknown, whole?: string): void {
  if (!Array.isArray(arns)) return;
  for (const task of tasks.values()) {
    if (arns.includes(task.arn)) task.toldAt = Math.min(task.toldAt, at);
    else if (whole !== undefined) task.leftOutOf.add(whole);
  }
}

/** A list of several pages leaves nothing out that is on another one. */
function listedAs(input: unknown, output: unknown): string | undefined {
  const isWhole = textIn(input, 'nextToken') === undefined && textIn(output, 'nextToken') === undefined;
  return isWhole ? (textIn(input, 'desiredStatus') ?? 'RUNNING') : undefined;
}

function membersOf(output: unknown, list: string, member: string): unknown {
  const found = memberOf(output, list);
  return Array.isArray(found) ? found.map((one) => textIn(one, member)) : undefined;
}

/** A request to metadata, or to the ECS agent on the host. */
export function followHostRequest(instance: Instance, entry: HostEntry & { readonly at: number }): void {
  const { process, disturbances } = instance;
  const { at, to, answered, path, body } = entry;
  if (!process) return;
  if (to === 'introspection') {
    // Before it has registered, and after its instance is gone, the ECS agent is silent in the best of worlds.
    if (answered) process.introspectionAnsweredAt = Math.min(process.introspectionAnsweredAt, at);
    else process.introspectionFailedAt = at;
    // Who only asks which container instance it is knows nothing of its tasks.
    const isOfTasks = path === undefined || path.includes('/tasks');
    if (!answered && isOfTasks) process.untoldOfTasksSince ??= at;
    if (body?.includes('"Tasks"')) process.untoldOfTasksSince = undefined;
    const { arn } = containerInstanceOf(instance) ?? {};
    if (arn !== undefined && body?.includes(arn)) process.toldOf.add(arn);
    if (body !== undefined) noteToldByHost(instance, at, body);
    return;
  }
  if (!answered) {
    disturbances.trouble(at);
    return;
  }
  if (path === undefined || TELLS_OF_SIGNALS.test(path)) process.signalsReadAt = at;
  if (entry.status !== undefined)
    noteWord(instance, at, path ?? '', entry.status === 404 ? undefined : (body ?? ''));
  if (path?.endsWith('/spot/instance-action')) process.isToldOfSpot = body?.includes('"time"') === true;
  if (body === undefined || !path?.endsWith('/instance-id')) return;
  if (INSTANCE_ID.test(body)) process.identity ??= body;
  if (body !== instance.id && INSTANCE_ID.test(body)) process.toldOtherAt ??= at;
}

/** Notes what metadata says of one source; what has not the form of an answer says nothing. @param body undefined for 404 */
function noteWord({ process, setting }: Instance, at: number, path: string, body: string | undefined): void {
  const say = (source: string, value: string | undefined) => {
    const before = process?.words.get(source);
    process?.words.set(source, { value, since: before?.value === value ? (before?.since ?? at) : at, at });
  };
  if (path.endsWith('/autoscaling/target-lifecycle-state')) {
    const state = body?.trim();
    if (state === undefined || STAYING.has(state)) say('lifecycle', undefined);
    else if (GOING.has(state)) say('lifecycle', state);
  } else if (path.endsWith('/spot/instance-action')) {
    if (body === undefined) say('spot', undefined);
    else if (/^\{.*"time".*\}$/s.test(body.trim())) say('spot', body);
  } else if (path.endsWith(`/tags/instance/${setting.tagKey}`)) {
    say('tag', body?.trim().toLowerCase() === 'false' ? undefined : body);
    // Where the whole folder is not there, as after the last tag has gone, the EC2 API is asked.
  } else if (path.endsWith('/tags/instance') && body?.includes(setting.tagKey) !== true) {
    say('tag', undefined);
  }
}

const STAYING: ReadonlySet<string> = new Set(['InService', 'Detached', 'Standby', 'Warmed:Running']);

/** What else metadata tells, such as the instance's own id, says nothing of a signal. */
const TELLS_OF_SIGNALS = /\/meta-data\/(?:tags|autoscaling|spot|events)\//;

/** The tasks that the ECS agent names as ones that it has not stopped: the others stay in its list for hours. */
function noteToldByHost({ tasks }: Instance, at: number, body: string): void {
  let stopped: ReadonlySet<string> | undefined;
  for (const task of tasks.values()) {
    if (task.toldAt <= at || !body.includes(task.arn)) continue;
    // It may tell of the past, where containers run.
    if (task.containersRun !== true) {
      stopped ??= stoppedIn(body);
      if (stopped.has(task.arn)) continue;
    }
    task.toldAt = at;
  }
}

/** The ARNs of the tasks that a body calls stopped. */
function stoppedIn(body: string): ReadonlySet<string> {
  try {
    const found = memberOf(JSON.parse(body), 'Tasks');
    const stopped = Array.isArray(found)
      ? found.filter((one) => textIn(one, 'KnownStatus') === 'STOPPED')
      : [];
    return new Set(stopped.map((one) => textIn(one, 'Arn') ?? ''));
  } catch {
    return new Set();
  }
}

const INSTANCE_ID = /^i-([0-9a-f]{8}|[0-9a-f]{17})$/;

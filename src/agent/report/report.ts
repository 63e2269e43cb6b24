import type { Task } from '../../aws/ecs.ts';
import { isoTime } from '../../base/clock.ts';
import { formatRoughly } from '../../base/duration.ts';
import { ifKnown } from '../../base/reading.ts';
import { isConfirmedAnew, onWallClock, signalsOf } from '../decide/facts.ts';
import { isIgnored } from '../decide/ignored-tasks.ts';
import { nearestLimit } from '../decide/limits.ts';
import { otherEnd } from '../decide/other-hooks.ts';
import type { Action, Decision, Done, Explained, Observation, Policy } from '../model.ts';
import { type Blocked, blockedBy, blockedByEcsAgent } from './blocked.ts';
import { type Problem, problemsOf } from './problems.ts';
import { count, hookProblem, shortId, WHAT } from './words.ts';

/** What the agent is doing and what it waits for: for `status`, for `systemctl status`, for log lines. */
export type Report = {
  readonly state: 'starting' | 'watching' | 'draining' | 'released';
  /** One line for people. */
  readonly summary: string;
  readonly signals: readonly string[];
  /** What somebody must fix before the drain can go on, or before one can begin. */
  readonly problems?: readonly Problem[] | undefined;
  readonly instanceId?: string | undefined;
  readonly region?: string | undefined;
  readonly containerInstance?: string | undefined;
  readonly cluster?: string | undefined;
  readonly group?: string | undefined;
  readonly lifecycleState?: string | undefined;
  readonly tasksLeft?: number | undefined;
  /** ISO time at which the last task ended, as the ECS agent on the host saw it. */
  readonly lastTaskEndedAt?: string | undefined;
  /** Up to five of them, the oldest first. */
  readonly tasks?: readonly ReportedTask[] | undefined;
  /** Why they are still there. */
  readonly blockedBy?: readonly Blocked[] | undefined;
  readonly waitedSeconds?: number | undefined;
  /** ISO time of the nearest limit. */
  readonly deadline?: string | undefined;
  /** Another owner's hook whose time-out ends ours as well, and the ISO time at which it does. */
  readonly otherHook?: { readonly name: string; readonly endsAt: string } | undefined;
};

export type ReportedTask = {
  readonly group: string;
  readonly id: string;
  readonly status: string;
  readonly ageSeconds?: number | undefined;
};

const TASKS_NAMED = 5;

/** @param watched what is being watched, e.g. `tag ecs-drain-agent:terminate` */
export function report(observed: Observation, { action }: Decision, policy: Policy, watched: string): Report {
  const facts = factsOf(observed, policy);
  const problems = problemsOf(observed, action, policy, facts.blockedBy ?? []);
  if (action.kind === 'watch') {
    const unsure = observed.signals.kind === 'unknown' ? `; ${observed.signals.cause}` : '';
    const past =
      observed.pastTag === undefined ? '' : '; the tag that is there tells of a lifecycle event that is over';
    return { ...facts, problems, state: 'watching', summary: `watching ${watched}${past}${unsure}` };
  }
  if (action.kind === 'done') return { ...facts, state: 'released', summary: done(action, observed) };
  if (isConfirmedAnew(action, observed)) return { ...facts, state: 'released', summary: DONE.released };
  return { ...facts, problems, state: 'draining', summary: `draining: ${doing(action, observed, policy)}` };
}

/** What goes with every event of a drain. */
export function factsOf(observed: Observation, policy: Policy): Omit<Report, 'state' | 'summary'> {
  const { memory, now, wallNow } = observed;
  const containerInstance = ifKnown(observed.containerInstance);
  const lifecycle = ifKnown(observed.lifecycle);
  const tasks = ifKnown(observed.tasks);
  const limit = nearestLimit(observed, policy);
  const other = otherEnd(observed, policy);
  return {
    signals: signalsOf(observed).map(({ source }) => source),
    ...(containerInstance && 'arn' in containerInstance && { containerInstance: containerInstance.arn }),
    ...(containerInstance?.kind === 'registered' && { cluster: containerInstance.cluster }),
    ...(lifecycle?.kind === 'in-group' && { group: lifecycle.group, lifecycleState: lifecycle.state }),
    ...(tasks && { tasksLeft: tasks.length, tasks: nameTasks(tasks, wallNow) }),
    ...(tasks?.length === 0 &&
      observed.emptySince !== undefined && {
        // A drain that begins while the last one is still being given back finds an empty host.
        lastTaskEndedAt: isoTime(
          onWallClock(Math.max(observed.emptySince, memory.signalledAt ?? -Infinity), observed),
        ),
      }),
    ...(tasks && tasks.length > 0 && { blockedBy: reasonsOf(observed, policy, tasks) }),
    ...(memory.signalledAt !== undefined && { waitedSeconds: seconds(now - memory.signalledAt) }),
    ...(limit !== undefined && { deadline: isoTime(onWallClock(limit, observed)) }),
    ...(other && { otherHook: { name: other.hook, endsAt: isoTime(onWallClock(other.at, observed)) } }),
  };
}

const NOTHING_EXPLAINED: Explained = { services: [], protectedTasks: [] };

function reasonsOf(
  { containerInstance, explained, wallNow, now, ecsAgentSilentSince }: Observation,
  policy: Policy,
  tasks: readonly Task[],
): readonly Blocked[] {
  const is = ifKnown(containerInstance);
  const isRegistered = is?.kind === 'registered';
  const place = {
    containerInstanceArn: isRegistered ? is.arn : undefined,
    staysActive: isRegistered && is.status === 'ACTIVE' && policy.mode === 'deregister',
  };
  const ignores = (task: Task) => isIgnored(task, policy);
  const silentMs = ecsAgentSilentSince === undefined ? undefined : now - ecsAgentSilentSince;
  const isConnected = isRegistered ? is.agentConnected : undefined;
  return [
    ...blockedByEcsAgent(tasks.length, silentMs, isConnected),
    ...blockedBy(tasks, explained ?? NOTHING_EXPLAINED, wallNow, place, ignores),
  ].slice(0, TASKS_NAMED);
}

/** Up to five tasks that hold the drain, the oldest first. */
export function nameTasks(tasks: readonly Task[], now: number): readonly ReportedTask[] {
  return [...tasks]
    .sort((a, b) => (a.createdAt ?? now) - (b.createdAt ?? now))
    .slice(0, TASKS_NAMED)
    .map(({ arn, group, lastStatus, createdAt }) => ({
      group,
      id: shortId(arn),
      status: lastStatus,
      ...(createdAt !== undefined && { ageSeconds: seconds(now - createdAt) }),
    }));
}

function doing(action: Action, observed: Observation, policy: Policy): string {
  switch (action.kind) {
    case 'wait':
      return waitingFor(action.why, observed, policy);
    case 'set-draining':
      return 'setting the container instance DRAINING';
    case 'set-active':
      return 'cancelled; setting the container instance ACTIVE';
    case 'stop-tasks':
      return `asking ${count(action.tasks.length, 'task')} to stop`;
    case 'deregister': {
      const tasks = ifKnown(observed.tasks) ?? [];
      const trying = 'deregistering the container instance';
      return tasks.length > 0 ? `${tasksLeft(tasks, observed, policy)}; ${trying}` : trying;
    }
    case 'complete':
      return `completing the lifecycle action with ${action.result}`;
    case 'terminate':
      return 'terminating the instance in its group';
    case 'refuse':
      return 'stopped: instance metadata names another instance';
    default:
      return action.kind;
  }
}

function waitingFor(
  why: Extract<Action, { kind: 'wait' }>['why'],
  observed: Observation,
  policy: Policy,
): string {
  if (why.for === 'hook') return 'no task left; waiting for the lifecycle hook to begin its wait';
  if (why.for === 'operator-hooks') return `no task left; ${OPERATOR_HOOKS[why.state]}`;
  if (why.for === 'hook-choice') return `no task left; ${hookProblem(why.choice)}`;
  if (why.for !== 'tasks') return `waiting to learn the ${WHAT[why.for]}: ${why.cause}`;
  return tasksLeft(why.tasks, observed, policy);
}

function tasksLeft(tasks: readonly Task[], observed: Observation, policy: Policy): string {
  const { now, wallNow } = observed;
  const oldest = tasks.reduce((first, { createdAt = Infinity }) => Math.min(first, createdAt), Infinity);
  const limit = nearestLimit(observed, policy);
  const ignored = tasks.filter((task) => isIgnored(task, policy)).length;
  return [
    `${count(tasks.length, 'task')} left`,
    ...(ignored > 0 ? [`${ignored} of them ignored`] : []),
    ...(oldest < Infinity ? [`oldest ${formatRoughly(wallNow - oldest)}`] : []),
    ...(limit === undefined
      ? []
      : [limit > now ? `limit in ${formatRoughly(limit - now)}` : 'past its limit']),
  ].join(', ');
}

const OPERATOR_HOOKS = {
  running: 'the hooks of stage drained are running',
  failed: 'held until the hooks of stage drained succeed: the log says why they failed',
} as const;

function done({ why }: Extract<Action, { kind: 'done' }>, { containerInstance }: Observation): string {
  const wasNever = ifKnown(containerInstance)?.kind === 'never-registered';
  return (wasNever && NEVER_REGISTERED[why]) || DONE[why];
}

const NEVER_REGISTERED: Partial<Record<Done, string>> = {
  maintenance: 'it was never registered; the Auto Scaling group has not asked for the instance',
  'no-group': 'it was never registered; the instance is in no Auto Scaling group',
};

const DONE = {
  maintenance: 'drained and deregistered; the Auto Scaling group has not asked for the instance',
  'no-group': 'drained and deregistered; the instance is in no Auto Scaling group',
  released: 'released: the group may terminate the instance',
  event: 'drained: it stays DRAINING until the event that EC2 has scheduled is over',
  'root-volume': 'drained: the group may replace the root volume',
  terminating: 'the group is terminating the instance',
} as const;

const seconds = (ms: number) => Math.max(0, Math.round(ms / 1_000));

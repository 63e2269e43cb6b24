import { endOf } from './ending.ts';
import type { Following, Launch, Policy, TaskView } from './model.ts';
import { faster, lookDelay, type Random, STOPPING_DELAY_MS } from './pace.ts';

/** There is a task: it is followed to its end. @param isAttached somebody else has started it */
export function follow(
  launch: Launch,
  policy: Policy,
  task: TaskView,
  isAttached: boolean,
  now: number,
): Launch {
  const phase: Following = {
    kind: 'following',
    task,
    seenAt: now,
    isAttached,
    missingSince: undefined,
    placedAt: placed(task, undefined, now),
    stop: undefined,
  };
  if (task.lastStatus === 'STOPPED' && (policy.waits || launch.cancel)) return stopped(launch, phase, task);
  return { ...launch, phase, dueAt: launch.cancel ? now : now + STOPPING_DELAY_MS };
}

/** What ECS tells of the task; undefined: it does not show it. */
export function described(
  launch: Launch,
  policy: Policy,
  task: TaskView | undefined,
  now: number,
  random: Random,
): Launch {
  const { phase } = launch;
  if (phase.kind !== 'following') return launch;
  // MISSING right after RunTask, or by a view that lags, is no end.
  if (!task) {
    const missingSince = phase.missingSince ?? now;
    return {
      ...launch,
      phase: { ...phase, missingSince },
      dueAt: now + lookDelay(now - missingSince, random),
    };
  }
  if (task.lastStatus === 'STOPPED') return stopped(launch, phase, task);
  const placedAt = placed(task, phase.placedAt, now);
  const slowness = faster(launch.slowness);
  const age = now - (placedAt ?? task.createdAt ?? now);
  const wait = phase.stop ? STOPPING_DELAY_MS : lookDelay(age, random, slowness);
  const since = placedAt ?? task.createdAt;
  const limitMs = placedAt === undefined ? policy.capacityTimeoutMs : policy.timeoutMs;
  const limit =
    since !== undefined && limitMs !== undefined && !phase.stop ? since + limitMs : Number.POSITIVE_INFINITY;
  return {
    ...launch,
    slowness,
    phase: { ...phase, task, seenAt: now, missingSince: undefined, placedAt },
    dueAt: Math.min(now + wait, Math.max(now, limit)),
  };
}

function stopped(launch: Launch, { stop }: Following, task: TaskView): Launch {
  const { container, cancel } = launch;
  return { ...launch, phase: { kind: 'ended', end: endOf(task, { container, cancel, stopped: stop?.why }) } };
}

/** Without an instance, a task waits for a capacity provider to find it one. */
function placed(task: TaskView, before: number | undefined, now: number): number | undefined {
  if (task.startedAt !== undefined || before !== undefined) return task.startedAt ?? before;
  const isPlaced = task.containerInstanceArn !== undefined || task.lastStatus !== 'PROVISIONING';
  return isPlaced ? now : undefined;
}

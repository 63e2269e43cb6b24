import { runsSince, SETTLES_MS, waitsSince } from './decide.ts';
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
    firstSeenAt: now,
    seenAt: now,
    isAttached,
    missingSince: undefined,
    placedAt: placed(task, undefined, now),
    stop: undefined,
    stopFailures: 0,
    stopRefusals: 0,
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
  const placedAt = placed(task, phase, now);
  const slowness = faster(launch.slowness);
  const age = now - (placedAt ?? task.createdAt ?? now);
  const wait = phase.stop ? STOPPING_DELAY_MS : lookDelay(age, random, slowness);
  const since = placedAt === undefined ? waitsSince({ ...phase, task }, now) : runsSince(task, placedAt, now);
  const limitMs = placedAt === undefined ? policy.capacityTimeoutMs : policy.timeoutMs;
  const limit = limitMs !== undefined && !phase.stop ? since + limitMs : Number.POSITIVE_INFINITY;
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

/**
 * Since when it has a place to run. Without an instance, a task waits for a capacity provider to find it one. ECS says by its own clock
 * when it has started: where that is long before it was last seen not to have, or yet to come, this host's clock is wrong.
 */
function placed(task: TaskView, before: Following | undefined, now: number): number | undefined {
  const { startedAt } = task;
  if (startedAt !== undefined && before?.task.startedAt === undefined) {
    const isWrong = before !== undefined && startedAt < before.seenAt - SETTLES_MS;
    return isWrong ? before.seenAt : Math.min(startedAt, now);
  }
  if (before?.placedAt !== undefined) return before.placedAt;
  const isPlaced = task.containerInstanceArn !== undefined || task.lastStatus !== 'PROVISIONING';
  return isPlaced ? now : undefined;
}

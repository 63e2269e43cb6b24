import type { Task } from '../../aws/ecs.ts';
import { known, unknown } from '../../base/reading.ts';
import { ASK_AGAIN_MS } from '../decide/limits.ts';
import type { ContainerInstance, DrainState, EcsView, Event, Mutation } from '../model.ts';
import { attemptsOf, withAttempts, withoutDraining } from './drain-state.ts';
import type { SettleContext, Settled } from './settled.ts';

/** What it means that AWS has done it. */
export function done(state: DrainState, mutation: Mutation, context: SettleContext): Settled {
  const { memory } = state;
  const { now, isDryRun } = context;
  switch (mutation.kind) {
    case 'set-draining': {
      const times = attemptsOf(state, mutation).refusals + 1;
      const rest = SET_AGAIN_REST_MS[times - 1] ?? 15_000;
      return {
        state: withAttempts(state, mutation, { refusals: times, restsUntil: now + rest }),
        shows: shown(context, { ...mutation.containerInstance, status: 'DRAINING' }),
        // Listed before, it may miss a task that was placed in between.
        stale: context.isHostBusy ? [] : ['ecsView'],
        events: [
          {
            event: 'drain.draining',
            message: 'the container instance is DRAINING: no new task is placed on it',
          },
        ],
      };
    }
    case 'set-active': {
      return {
        state: { ...state, memory: withoutDraining(memory) },
        shows: shown(context, { ...mutation.containerInstance, status: 'ACTIVE' }),
        stale: [],
        events: [
          {
            event: 'drain.cancelled',
            message: 'the signal is gone: the container instance is ACTIVE again',
          },
        ],
      };
    }
    case 'stop-tasks':
      return stopping(state, mutation, mutation.tasks, context);
    case 'deregister':
      return deregistered(state, mutation, context);
    case 'complete': {
      const { hook, result, why } = mutation;
      const standing = isDryRun ? 'confirmed' : 'answered';
      const event = result === 'CONTINUE' ? 'lifecycle.completed' : 'lifecycle.abandoned';
      const message = `lifecycle action of hook ${hook} ended with ${result} (${why})`;
      return {
        state: {
          ...state,
          memory: { ...memory, completed: { hook, result, at: now, standing } },
        },
        // The action that was completed is gone within seconds; one that was abandoned may leave the instance retained.
        stale: result === 'CONTINUE' ? [] : ['lifecycle'],
        events: [{ event, message, fields: { hook, result, why } }],
      };
    }
    case 'terminate': {
      const { why } = mutation;
      const times = attemptsOf(state, mutation).refusals + 1;
      const resting = withAttempts(state, mutation, {
        refusals: times,
        restsUntil: now + terminateRest(times),
      });
      const message = `asked the group to terminate this instance (${why})`;
      const again: Event = {
        event: 'instance.retained-again',
        message: `the group has retained this instance each of ${times - 1} times that it was told to terminate it: one of its hooks ends with ABANDON each time`,
        fields: { times: times - 1 },
      };
      return {
        state: { ...resting, memory: { ...memory, terminatedAt: now } },
        stale: ['lifecycle'],
        // An instance that stays in service was not retained: no hook of its group is to blame.
        events: [
          { event: 'instance.terminated', message, fields: { why } },
          ...(times > 2 && why !== 'rebalance' ? [again] : []),
        ],
      };
    }
  }
}

/** What it means that some tasks, or all, were asked to stop. */
export function stopping(
  state: DrainState,
  { tasks, why }: Extract<Mutation, { kind: 'stop-tasks' }>,
  asked: readonly Task[],
  { now }: SettleContext,
): Settled {
  const { memory } = state;
  // Older ones are asked again anyway, and a drain can last for days.
  const before = Object.entries(memory.askedToStop ?? {}).filter(([, at]) => now < at + ASK_AGAIN_MS);
  const askedToStop = Object.fromEntries([...before, ...asked.map(({ arn }) => [arn, now] as const)]);
  const of = asked.length < tasks.length ? `${asked.length} of ` : '';
  const what = `${of}${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}`;
  const message = `asked ${what} to stop (${STOPPED_FOR[why]})`;
  return {
    state: { ...withoutRefusals(state, asked), memory: { ...memory, askedToStop } },
    // Another list tells nothing new of them, and its pages are the requests that are needed when the last has ended.
    stale: [],
    events: [{ event: 'drain.tasks-stopping', message, fields: { why } }],
  };
}

/** Those that could be asked after all. */
function withoutRefusals(state: DrainState, asked: readonly Task[]): DrainState {
  const { stopRefusedAt } = state;
  if (stopRefusedAt === undefined) return state;
  const isAsked = new Set(asked.map(({ arn }) => arn));
  const left = Object.entries(stopRefusedAt).filter(([arn]) => !isAsked.has(arn));
  return { ...state, stopRefusedAt: Object.fromEntries(left) };
}

function deregistered(
  state: DrainState,
  { containerInstance }: Extract<Mutation, { kind: 'deregister' }>,
  { view, viewAskedAt, tasksLeft }: SettleContext,
): Settled {
  const message = 'the container instance is out of its cluster';
  const events = [{ event: 'drain.deregistered', message }] as const;
  const current = view?.containerInstance;
  // The host has registered anew meanwhile: that the old one is gone says nothing of what runs under the new one.
  if (current?.kind === 'registered' && current.arn !== containerInstance.arn)
    return { state, stale: ['ecsView'], events };
  const left = tasksLeft.kind === 'known' ? tasksLeft.value : [];
  // It was given tasks until now, or a look since the call was decided on could not tell which it has.
  const mayHaveMore = containerInstance.status === 'ACTIVE' || tasksLeft.kind === 'unknown';
  // Unless the ECS agent had named this very one, the host may have another, with tasks, which must be looked for.
  const mayBeAnother = view?.heard !== containerInstance.arn;
  const isUntold = left.length === 0 && (mayHaveMore || mayBeAnother);
  const shows: EcsView = {
    containerInstance: { kind: 'deregistered', arn: containerInstance.arn },
    tasks: isUntold ? unknown('asking what was placed last') : known(left),
    isListed: false,
    requests: 0,
    heard: view?.heard,
    own: view?.own ?? [],
    gone: [],
  };
  // What we had set DRAINING is not there any more to be given back.
  const memory = withoutDraining(state.memory);
  return {
    // After a restart ECS lists no tasks of it: that they were known is.
    state: { ...state, memory: mayHaveMore ? memory : { ...memory, deregistered: containerInstance.arn } },
    shows: { view: shows, asOf: mayBeAnother ? -Infinity : viewAskedAt },
    stale: left.length > 0 || mayHaveMore ? ['ecsView'] : [],
    events,
  };
}

function shown({ view, now }: SettleContext, containerInstance: ContainerInstance): Settled['shows'] {
  const { requests = 2, heard, own = [] } = view ?? {};
  const tasks = unknown('being listed again');
  const shows = {
    containerInstance,
    tasks,
    isListed: false,
    describedAt: now,
    requests,
    heard,
    own,
    gone: [],
  };
  return { view: shows, asOf: now };
}

/** ECS's descriptions lag: one that it still calls ACTIVE afterwards is set DRAINING again, ever more rarely. In ms. */
const SET_AGAIN_REST_MS = [2_000, 4_000, 8_000, 15_000] as const;
/** A group that retains the instance again whenever it is told to terminate it is told ever more rarely: after so many ms. */
export const terminateRest = (times: number): number =>
  Math.min(LONGEST_TERMINATE_REST_MS, TERMINATE_REST_MS * 2 ** (times - 1));

const TERMINATE_REST_MS = 30_000;
const LONGEST_TERMINATE_REST_MS = 300_000;
const STOPPED_FOR = {
  timeout: 'the drain timeout has passed',
  spot: 'the Spot interruption is near',
  ignored: 'no other task is left',
} as const;

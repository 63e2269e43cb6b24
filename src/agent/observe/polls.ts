import type { AutoScaling, Hook, Lifecycle } from '../../aws/auto-scaling.ts';
import { REQUESTS } from '../../aws/budget.ts';
import { type Imds, readInstanceId } from '../../aws/imds.ts';
import type { Clock } from '../../base/clock.ts';
import { ifKnown, known, type Reading, unknown } from '../../base/reading.ts';
import type { EcsAgent, LocalTask, Registration } from '../../host/ecs-agent.ts';
import type { ReadSignal } from '../../signals/metadata.ts';
import { readSignals } from '../../signals/read-signals.ts';
import type { Signal } from '../../signals/signal.ts';
import { type Explained, serviceName } from '../report/blocked.ts';
import type { Look, LookAt } from './ecs-view.ts';
import type { Explain } from './explain.ts';
import { createSource, REST_MS, type Source } from './poll.ts';

/** What the agent is about, as far as it decides what must be looked at, and how often. */
export type Phase = 'watching' | 'draining' | 'done';

export type Sources = {
  readonly signals: Source<readonly Signal[]>;
  readonly identity: Source<string>;
  readonly registration: Source<Registration>;
  readonly localTasks: Source<readonly LocalTask[]>;
  /** The tasks that the ECS agent on this host has listed in this drain, and that ECS has not called STOPPED since. */
  tasksSeenHere(): readonly LocalTask[];
  readonly look: Source<Look>;
  readonly lifecycle: Source<Lifecycle>;
  readonly hooks: Source<GroupHooks>;
  readonly explained: Source<Explained>;
  /** Since when the ECS agent has seen no task here, in ms by the agent's clock. */
  emptySince(): number | undefined;
  /** Asks what is due now. Returns when the next thing is due, in ms by the agent's clock. */
  askDue(phase: Phase): number;
};

export type GroupHooks = {
  readonly hooks: readonly Hook[];
  readonly retainsAbandoned: Reading<boolean>;
};

export type SourcesPorts = {
  readonly imds: Imds;
  readonly ecsAgent: EcsAgent;
  readonly autoScaling: AutoScaling;
  readonly look: LookAt;
  /** Absent: nobody wants to know why a drain waits. */
  readonly explain?: Explain | undefined;
  readonly signals: readonly ReadSignal[];
  readonly clock: Clock;
  readonly random: () => number;
  /** In ms. */
  readonly pollInterval: number;
  readonly onAnswer: () => void;
  /** ARNs of the tasks that were left when ECS was last heard. */
  readonly tasksLeft: () => readonly string[];
};

const LOCAL_TASKS_MS = 1_000;
const LOOK_MS = 15_000;
const LONGEST_LOOK_MS = 300_000;
const LOOK_RELEASED_MS = 60_000;
/** After the host's last task ended, until ECS has noticed: a few fast looks, then as many as are allowed. */
const QUICK_LOOKS_MS = [1_000, 2_000, 3_000, 4_000, 4_000] as const;
const LATER_QUICK_LOOKS_MS = 5_000;
const LIFECYCLE_MS = 30_000;
const LIFECYCLE_DONE_MS = 60_000;
/** A drained instance that the group may still take: the shortest hook waits for 30 s. */
const LIFECYCLE_MAINTENANCE_MS = 15_000;
/** From `Terminating` to `Terminating:Wait` takes seconds. */
const TERMINATING_MS = [3_000, 4_000, 5_000] as const;
const HOOKS_MS = 600_000;
const REGISTRATION_MS = 15_000;
const SETTLED_REGISTRATION_MS = 600_000;
const SETTLED_IDENTITY_MS = 60_000;
/** Why a drain waits is asked once it has waited a while, and then at the pace of the progress line. */
const EXPLAIN_AFTER_MS = 20_000;
const EXPLAIN_MS = 60_000;
const FIRST_ANSWER_MS = 5_000;

export function createSources(ports: SourcesPorts): Sources {
  const { imds, ecsAgent, autoScaling, clock, random, pollInterval } = ports;
  const source = <T>(read: () => Promise<Reading<T>>, rests = REST_MS) =>
    createSource(read, clock, ports.onAnswer, random, rests);
  let emptySince: number | undefined;
  let quickLooks = 0;
  let terminatingLooks = 0;
  let waitingSince: number | undefined;
  let explainedAt = -Infinity;
  let nextLook: 'full' | 'quick' = 'full';
  let spread = random();

  const signals = source(() => readSignals(ports.signals));
  const identity = source(() => readInstanceId(imds));
  const registration = source(async () => {
    const registered = await ecsAgent.registration();
    if (registered.kind === 'known' && seemsNeverRegistered()) look.forget();
    return registered;
  });
  const seenHere = new Map<string, LocalTask>();
  const localTasks = source(async () => {
    const tasks = await ecsAgent.tasks();
    if (ifKnown(tasks)?.length === 0) emptySince ??= clock.now();
    else emptySince = undefined;
    for (const task of ifKnown(tasks) ?? []) seenHere.set(task.arn, task);
    return tasks;
  });
  const look: Source<Look> = source(async () => {
    const asked = [...new Set([...ports.tasksLeft(), ...seenHere.keys()])];
    const looked = await ports.look(nextLook, ifKnown(look.reading()), asked);
    const left = ifKnown(looked)?.tasks;
    if (left?.kind === 'known') {
      const arns = new Set(left.value.map(({ arn }) => arn));
      for (const arn of asked) if (!arns.has(arn)) seenHere.delete(arn);
    }
    return looked;
  });
  const seemsNeverRegistered = () => ifKnown(look.reading())?.containerInstance.kind === 'never-registered';
  // The shortest heartbeat time-out is 30 s (API reference, PutLifecycleHook): what heartbeats rest on can't wait longer.
  const heartbeatRests = { ...REST_MS, throttled: FIRST_ANSWER_MS };
  const lifecycle = source(async () => known(await autoScaling.lifecycle()), heartbeatRests);
  const hooks = source(async () => {
    const state = ifKnown(lifecycle.reading());
    if (state?.kind !== 'in-group') return known({ hooks: [], retainsAbandoned: known(false) });
    const found = await autoScaling.terminatingHooks(state.group);
    return known({ hooks: found, retainsAbandoned: await retains(autoScaling, state.group) });
  }, heartbeatRests);

  const explained = source(async () => {
    const { containerInstance, tasks } = ifKnown(look.reading()) ?? {};
    if (!ports.explain || containerInstance?.kind !== 'registered' || tasks?.kind !== 'known') {
      return unknown('nothing to explain');
    }
    return known(await ports.explain(containerInstance.cluster, tasks.value));
  });

  const every = (asked: Source<unknown>, ms: number) =>
    asked.isStale() ? asked.restsUntil() : Math.max(asked.askedAt() + ms, asked.restsUntil());

  function lookDue(): number {
    const last = ifKnown(look.reading());
    nextLook = 'full';
    if (look.isStale() || !last) return every(look, FIRST_ANSWER_MS);
    if (last.containerInstance.kind !== 'registered') return lookReleasedDue();
    const interval = lookInterval(last.requests) * (1 + spread * 0.2);
    const isEmpty = ifKnown(last.tasks)?.length === 0 && seenHere.size === 0;
    if (emptySince === undefined || isEmpty) {
      quickLooks = 0;
      return every(look, interval);
    }
    if (look.askedAt() + interval > clock.now() + LATER_QUICK_LOOKS_MS) nextLook = 'quick';
    if (look.askedAt() < emptySince) return every(look, 0);
    return every(look, QUICK_LOOKS_MS[quickLooks] ?? LATER_QUICK_LOOKS_MS);
  }

  /** Nothing new comes to a host that ECS has let go; what was seen on it must still be seen to end. */
  function lookReleasedDue(): number {
    if (seenHere.size === 0) return every(look, LOOK_RELEASED_MS);
    if (emptySince === undefined) return every(look, LOOK_MS);
    return every(look, look.askedAt() < emptySince ? 0 : LATER_QUICK_LOOKS_MS);
  }

  function lifecycleDue(phase: Phase): number {
    const last = ifKnown(lifecycle.reading());
    if (!last) return every(lifecycle, FIRST_ANSWER_MS);
    if (last.kind === 'in-group' && last.state === 'Terminating') {
      return every(lifecycle, TERMINATING_MS[terminatingLooks] ?? LATER_QUICK_LOOKS_MS);
    }
    terminatingLooks = 0;
    if (phase !== 'done') return every(lifecycle, LIFECYCLE_MS);
    const isTaken = last.kind === 'no-group' || last.state.startsWith('Terminat');
    return every(lifecycle, isTaken ? LIFECYCLE_DONE_MS : LIFECYCLE_MAINTENANCE_MS);
  }

  function hooksDue(): number {
    const last = ifKnown(lifecycle.reading());
    if (last?.kind !== 'in-group' || !last.state.startsWith('Terminating')) return Infinity;
    return every(hooks, hooks.reading().kind === 'known' ? HOOKS_MS : FIRST_ANSWER_MS);
  }

  function explainedDue(): number {
    const last = ifKnown(look.reading());
    const waitsForService =
      last?.containerInstance.kind === 'registered' &&
      ifKnown(last.tasks)?.some(({ group }) => serviceName(group) !== undefined);
    if (!ports.explain || !waitsForService) {
      waitingSince = undefined;
      return Infinity;
    }
    waitingSince ??= clock.now();
    return Math.max(waitingSince + EXPLAIN_AFTER_MS, explainedAt + EXPLAIN_MS);
  }

  function registrationDue(phase: Phase): number {
    if (phase !== 'watching') {
      return every(registration, seemsNeverRegistered() ? FIRST_ANSWER_MS : REGISTRATION_MS);
    }
    return every(
      registration,
      registration.reading().kind === 'known' ? SETTLED_REGISTRATION_MS : FIRST_ANSWER_MS,
    );
  }

  function dueIn(phase: Phase): readonly [Source<unknown>, number][] {
    const always: [Source<unknown>, number][] = [
      [signals, every(signals, pollInterval * (0.8 + spread * 0.4))],
      [identity, every(identity, phase === 'watching' ? SETTLED_IDENTITY_MS : pollInterval)],
      [registration, registrationDue(phase)],
    ];
    if (phase === 'watching') return always;
    always.push([look, lookDue()], [lifecycle, lifecycleDue(phase)], [hooks, hooksDue()]);
    if (phase === 'draining') {
      always.push([localTasks, every(localTasks, LOCAL_TASKS_MS)], [explained, explainedDue()]);
    }
    return always;
  }

  function ask(due: Source<unknown>) {
    if (due === signals) spread = random();
    if (due === look && emptySince !== undefined && look.askedAt() >= emptySince) quickLooks++;
    if (due === lifecycle) terminatingLooks++;
    if (due === explained) explainedAt = clock.now();
    due.ask();
  }

  return {
    signals,
    identity,
    registration,
    localTasks: {
      ...localTasks,
      forget: () => {
        seenHere.clear();
        localTasks.forget();
      },
    },
    tasksSeenHere: () => [...seenHere.values()],
    look,
    lifecycle,
    hooks,
    explained,
    emptySince: () => emptySince,
    askDue: (phase) => {
      const now = clock.now();
      let next = Infinity;
      for (const [due, at] of dueIn(phase)) {
        if (due.isAsking()) continue;
        if (at <= now) ask(due);
        else next = Math.min(next, at);
      }
      return next;
    },
  };
}

/** More pages, fewer looks: what ListTasks may be asked in a minute must always leave room for one look more. */
function lookInterval(requests: number): number {
  const room = Math.max(1, REQUESTS - requests);
  return Math.min(LONGEST_LOOK_MS, Math.max(LOOK_MS, (requests * 60_000) / room));
}

// Whether the group retains is a comfort: without the permission to read it, the drain goes on as if it did not.
async function retains(autoScaling: AutoScaling, group: string): Promise<Reading<boolean>> {
  try {
    return known(await autoScaling.retainsAbandoned(group));
  } catch (error) {
    return { kind: 'unknown', cause: error instanceof Error ? error.message : String(error) };
  }
}

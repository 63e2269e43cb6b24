import { createRandom } from '../../test/simulation/random.ts';
import type { Cluster, Instance, Policy, RunningJob } from './cluster.ts';
import { createEventQueue } from './event-queue.ts';
import { HOUR, type Job, type Placement, type Trace } from './model.ts';
import { createPlacement } from './placement.ts';

export type ReplayOptions = {
  readonly trace: Trace;
  readonly placement: Placement;
  readonly bootMs: number;
  readonly instanceCpu: number;
  readonly maxSize: number;
  readonly seed: number;
};

export type Replayed = {
  readonly instanceHours: number;
  /** From a job's submission to its start, in ms, a job each. */
  readonly waits: readonly number[];
  readonly launches: number;
  readonly emptyHours: number;
  readonly drainingHours: number;
  readonly requests: number;
};

type Event =
  | { readonly kind: 'registered'; readonly instance: Instance }
  | { readonly kind: 'ended'; readonly running: RunningJob };

/**
 * Plays a trace through a group whose size a policy changes, on a virtual clock. Jobs start in the moment in which an
 * instance has room for them, the longest waiting first, and one that does not fit holds up none behind it. Hours are counted
 * up to the last submission.
 */
export function replay(options: ReplayOptions, policy: Policy): Replayed {
  const { trace, bootMs, instanceCpu, maxSize } = options;
  const { jobs } = trace;
  const countedUntil = jobs.at(-1)?.submittedAt ?? 0;
  const place = createPlacement(options.placement, createRandom(options.seed));
  const events = createEventQueue<Event>();
  const instances = new Set<Instance>();
  const waiting: Job[] = [];
  const waits: number[] = [];
  let [now, version, launches, requests, submitted] = [0, 0, 0, 0, 0];
  let [aliveMs, emptyMs, drainingMs] = [0, 0, 0];
  let nextTurn = 0;

  const cluster: Cluster = {
    get now() {
      return now;
    },
    get version() {
      return version;
    },
    instanceCpu,
    bootMs,
    maxSize,
    instances,
    waiting,
    launch: (count) => {
      for (let left = Math.min(count, maxSize - wanted()); left > 0; left--) {
        const instance = newInstance(launches++, now, bootMs, instanceCpu);
        instances.add(instance);
        events.add(instance.readyAt, { kind: 'registered', instance });
      }
      version++;
    },
    cordon: (instance) => {
      if (instance.state !== 'active') return;
      instance.state = 'draining';
      instance.drainingSince = now;
      version++;
    },
    uncordon: (instance) => {
      if (instance.state !== 'draining' || instance.isLeaving) return;
      drainingMs += counted(instance.drainingSince);
      instance.state = 'active';
      version++;
      fill(instance);
    },
    terminate: (instance) => {
      if (instance.state === 'gone' || instance.isLeaving) return;
      cluster.cordon(instance);
      instance.isLeaving = true;
      if (instance.tasks.size === 0) leave(instance);
      version++;
    },
    asked: (count) => {
      requests += count;
    },
  };

  while (submitted < jobs.length || waiting.length > 0) {
    const submission = jobs[submitted]?.submittedAt ?? Infinity;
    const next = Math.min(events.nextAt, submission, nextTurn);
    now = next;
    if (events.nextAt === next) happen(events.take());
    else if (submission === next) submit(jobs[submitted++] as Job);
    else {
      nextTurn = next + policy.everyMs;
      policy.turn(cluster);
    }
  }
  for (const instance of instances) {
    aliveMs += counted(instance.launchedAt);
    if (instance.state !== 'booting' && instance.tasks.size === 0) emptyMs += counted(instance.idleSince);
    if (instance.state === 'draining') drainingMs += counted(instance.drainingSince);
  }
  return {
    instanceHours: aliveMs / HOUR,
    waits,
    launches,
    emptyHours: emptyMs / HOUR,
    drainingHours: drainingMs / HOUR,
    requests,
  };

  function happen(event: Event): void {
    version++;
    if (event.kind === 'registered') {
      const { instance } = event;
      if (instance.state !== 'booting') return;
      instance.state = 'active';
      instance.idleSince = now;
      fill(instance);
      return;
    }
    const { running } = event;
    const { instance, job } = running;
    instance.tasks.delete(running);
    instance.freeCpu += job.cpu;
    instance.idleSince = now;
    if (instance.isLeaving && instance.tasks.size === 0) leave(instance);
    else fill(instance);
  }

  function submit(job: Job): void {
    version++;
    const instance = place(job, instances, now);
    if (instance) start(job, instance);
    else {
      waiting.push(job);
      nextTurn = Math.min(nextTurn, now + (policy.afterDemandMs ?? Infinity));
    }
  }

  /** Only one instance has changed: nothing that waits has room elsewhere. */
  function fill(instance: Instance): void {
    if (waiting.length === 0 || instance.state !== 'active') return;
    let kept = 0;
    for (const job of waiting) {
      if (instance.freeCpu >= job.cpu) start(job, instance);
      else waiting[kept++] = job;
    }
    waiting.length = kept;
  }

  function start(job: Job, instance: Instance): void {
    const running: RunningJob = {
      job,
      instance,
      startedAt: now,
      endsAt: now + job.runMs,
      guessedEnd: now + job.guessedMs,
    };
    if (instance.tasks.size === 0) emptyMs += counted(instance.idleSince);
    instance.tasks.add(running);
    instance.freeCpu -= job.cpu;
    waits.push(now - job.submittedAt);
    events.add(running.endsAt, { kind: 'ended', running });
  }

  function leave(instance: Instance): void {
    if (instance.tasks.size > 0) throw new Error(`Instance ${instance.id} has gone with tasks on it.`);
    if (instance.state === 'draining') drainingMs += counted(instance.drainingSince);
    if (instance.state !== 'booting') emptyMs += counted(instance.idleSince);
    aliveMs += counted(instance.launchedAt);
    instance.state = 'gone';
    instances.delete(instance);
  }

  /** An instance that is terminated counts for nothing any more, although its tasks still run. */
  function wanted(): number {
    let count = 0;
    for (const { isLeaving } of instances) if (!isLeaving) count++;
    return count;
  }

  function counted(since: number): number {
    return Math.max(0, Math.min(now, countedUntil) - since);
  }
}

function newInstance(id: number, now: number, bootMs: number, cpu: number): Instance {
  return {
    id,
    launchedAt: now,
    readyAt: now + bootMs,
    state: 'booting',
    isLeaving: false,
    freeCpu: cpu,
    tasks: new Set(),
    idleSince: now,
    drainingSince: now,
  };
}

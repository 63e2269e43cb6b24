import type { TimelineEvent } from '../../src/sandbox/index.ts';

/** What became of one instance. Times are in ms since the Unix epoch; undefined where it did not come to that. */
export type Drain = {
  signalAt: number | undefined;
  drainingAt: number | undefined;
  /** When its last container exited on the host. */
  lastExitAt: number | undefined;
  /** When ECS called its last task STOPPED. */
  lastStoppedAt: number | undefined;
  /** When its lifecycle action was completed by a call. */
  releasedAt: number | undefined;
  timedOut: boolean;
  tasksCut: number;
  /** When each of its tasks was asked to stop. */
  readonly askedToStop: Map<string, number>;
  /** Those cut short that nobody had asked to stop. */
  tasksUnasked: number;
  /** Its requests to AWS since the signal, by API, throttled ones included. */
  readonly requests: Map<string, number>;
  /** Those that were throttled. */
  readonly throttled: Map<string, number>;
};

/** The drains of a fleet, by instance. */
export type Drains = {
  readonly byInstance: ReadonlyMap<string, Drain>;
  onEvent(event: TimelineEvent): void;
  onRequest(instanceId: string, api: string, isThrottled: boolean): void;
  isGone(instanceId: string): boolean;
  /** How many machines have not gone yet. */
  left(): number;
};

export function followDrains(): Drains {
  const byInstance = new Map<string, Drain>();
  const gone = new Set<string>();
  const of = (instanceId: string): Drain => {
    const drain = byInstance.get(instanceId) ?? newDrain();
    byInstance.set(instanceId, drain);
    return drain;
  };
  return {
    byInstance,
    onEvent: (event) => {
      if (event.type === 'task-interrupted')
        noteCut(of(event.interruption.instanceId), event.interruption.taskArn);
      else if (event.type === 'machine-shutting-down') gone.add(event.instanceId);
      else if ('instanceId' in event && !gone.has(event.instanceId)) note(of(event.instanceId), event);
    },
    onRequest: (instanceId, api, isThrottled) => {
      const drain = of(instanceId);
      if (drain.signalAt === undefined) return;
      countOne(drain.requests, api);
      if (isThrottled) countOne(drain.throttled, api);
    },
    isGone: (instanceId) => gone.has(instanceId),
    left: () => byInstance.size - gone.size,
  };
}

function countOne(counts: Map<string, number>, api: string): void {
  counts.set(api, (counts.get(api) ?? 0) + 1);
}

function noteCut(drain: Drain, taskArn: string): void {
  drain.tasksCut++;
  if (!drain.askedToStop.has(taskArn)) drain.tasksUnasked++;
}

function note(drain: Drain, event: TimelineEvent): void {
  switch (event.type) {
    case 'scale-in-chosen':
    case 'spot-interruption':
      drain.signalAt ??= event.at;
      break;
    case 'container-instance':
      if (event.to === 'DRAINING') drain.drainingAt ??= event.at;
      break;
    case 'task-containers':
      if (event.to === 'exited') drain.lastExitAt = event.at;
      break;
    case 'task-asked-to-stop':
      drain.askedToStop.set(event.taskArn, event.at);
      break;
    case 'task':
      if (event.to === 'STOPPED') drain.lastStoppedAt = event.at;
      break;
    case 'lifecycle-action-ended':
      if (event.by !== 'call') drain.timedOut = true;
      else if (event.result === 'CONTINUE') drain.releasedAt = event.at;
      break;
  }
}

const newDrain = (): Drain => ({
  signalAt: undefined,
  drainingAt: undefined,
  lastExitAt: undefined,
  lastStoppedAt: undefined,
  releasedAt: undefined,
  timedOut: false,
  tasksCut: 0,
  askedToStop: new Map(),
  tasksUnasked: 0,
  requests: new Map(),
  throttled: new Map(),
});

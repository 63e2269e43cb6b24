import { throttlingError } from '../faults.ts';
import { introspect, type PlainResponse } from './ecs-agent.ts';
import { serviceError } from './errors.ts';
import type { WorldInput, WorldOperation, WorldOutput } from './handlers.ts';
import { operations } from './handlers.ts';
import { askImds, type ImdsRequest } from './imds.ts';
import { instanceTypes } from './launch-templates.ts';
import { createRequestLimits } from './limits.ts';
import { resolveOptions, type WorldOptions } from './options.ts';
import { createEventQueue } from './queue.ts';
import { createRequestLog, logRequest } from './request-log.ts';
import type { Machine, WorldState } from './state.ts';
import type { LifecycleNotification, TimelineEvent } from './timeline.ts';

/** A simulated AWS account: its state, and the four ways in which something from outside can meet it. */
export type World = WorldState & {
  /** Lets everything happen that is due up to `now` (ms since the Unix epoch). Time never runs backwards. */
  advance(now: number): void;
  /** When the next thing happens by itself, in ms since the Unix epoch. */
  nextEventAt(): number | undefined;
  /** Answers one API call, or throws the error of the service. Call `advance` first. */
  call<O extends WorldOperation>(
    operation: O,
    input: WorldInput<O>,
    caller?: Caller,
    options?: CallOptions,
  ): WorldOutput<O>;
  /** Answers one request to an instance's metadata service; undefined = the connection is refused. */
  imds(instanceId: string, request: ImdsRequest): PlainResponse | undefined;
  /** Answers one request to the ECS agent of an instance; undefined = the connection is refused. */
  introspection(instanceId: string, path: string): PlainResponse | undefined;
  /** Listens to what happens. Returns the way to stop. */
  onEvent(listener: (event: TimelineEvent) => void): () => void;
  /** Listens to the lifecycle events, as EventBridge would deliver them. Returns the way to stop. */
  onLifecycleEvent(listener: (event: LifecycleNotification) => void): () => void;
};

/** Who calls, as far as the request tells. */
export type Caller = {
  readonly instanceId?: string | undefined;
  readonly accessKeyId?: string | undefined;
};

export type CallOptions = {
  /** What ECS lists and describes is as of so many ms ago: both are eventually consistent. */
  readonly staleMs?: number | undefined;
  /** Takes nothing from the account's limits: for what a test does, and nobody in the account. */
  readonly unlimited?: boolean | undefined;
};

export function createWorld(options: WorldOptions = {}): World {
  const listeners: World['listeners'] = options.onEvent ? [options.onEvent] : [];
  const lifecycleListeners: World['lifecycleListeners'] = [];
  const queue = createEventQueue();
  let isAdvancing = false;
  const world: World = {
    now: options.now ?? 0,
    asOf: options.now ?? 0,
    options: resolveOptions(options),
    queue,
    machines: new Map(),
    clusters: new Map(),
    taskDefinitions: new Map(),
    groups: new Map(),
    messageQueues: new Map(),
    metrics: new Map(),
    launchTemplates: new Map(),
    instanceTypes: new Map(instanceTypes),
    accessKeys: new Map(),
    interruptions: [],
    limits: createRequestLimits(options.limits ?? 'none'),
    requestLog: createRequestLog(options.requestLog ?? 'entries'),
    faults: [],
    listeners,
    lifecycleListeners,
    serial: 0,
    advance: (now) => {
      // What happens can ask for the same: it goes on in its own time, and what comes later waits for it.
      if (isAdvancing) return;
      isAdvancing = true;
      try {
        for (let due = queue.takeDue(now); due; due = queue.takeDue(now)) {
          if (due.at > world.now) world.now = due.at;
          due.run?.();
        }
        if (now > world.now) world.now = now;
      } finally {
        isAdvancing = false;
      }
    },
    nextEventAt: queue.nextAt,
    call: (operation, input, caller = {}, { staleMs = 0, unlimited = false } = {}) => {
      if (!unlimited && !world.limits.take(operation, world.now))
        throw throttled(world, operation, input, caller);
      world.asOf = world.now - staleMs;
      return answer(world, operation, input, caller);
    },
    imds: (instanceId, request) => {
      const machine = machineOf(world, instanceId);
      const response = askImds(world, machine, request);
      logMetadataRequest(world, 'imds', instanceId, request.path, response);
      return response;
    },
    introspection: (instanceId, path) => {
      const response = introspect(machineOf(world, instanceId), path);
      logMetadataRequest(world, 'introspection', instanceId, path, response);
      return response;
    },
    onEvent: (listener) => subscribe(listeners, listener),
    onLifecycleEvent: (listener) => subscribe(lifecycleListeners, listener),
  };
  return world;
}

export function machineOf(world: WorldState, instanceId: string): Machine {
  const machine = world.machines.get(instanceId);
  if (!machine)
    throw new Error(`The sandbox has no instance ${instanceId}: it has ${[...world.machines.keys()]}.`);
  return machine;
}

function answer<O extends WorldOperation>(
  world: World,
  operation: O,
  input: WorldInput<O>,
  caller: Caller,
): WorldOutput<O> {
  try {
    const handler = operations[operation] as (world: WorldState, input: WorldInput<O>) => WorldOutput<O>;
    const output = handler(world, input);
    logRequest(world, operation, input, 'ok', caller);
    return output;
  } catch (error) {
    logRequest(world, operation, input, error instanceof Error ? error.name : String(error), caller);
    throw error;
  }
}

function throttled(world: World, operation: WorldOperation, input: unknown, caller: Caller): Error {
  logRequest(world, operation, input, 'throttled', caller);
  const { name, message, status } = throttlingError(operation.slice(0, operation.indexOf(':')));
  return serviceError(name, message, status);
}

function logMetadataRequest(
  world: WorldState,
  api: 'imds' | 'introspection',
  instanceId: string,
  path: string,
  response: PlainResponse | undefined,
): void {
  const outcome =
    response === undefined ? 'refused' : response.status === 200 ? 'ok' : String(response.status);
  logRequest(world, api, path, outcome, { instanceId });
}

function subscribe<T>(listeners: ((event: T) => void)[], listener: (event: T) => void): () => void {
  listeners.push(listener);
  return () => {
    const index = listeners.indexOf(listener);
    if (index >= 0) listeners.splice(index, 1);
  };
}

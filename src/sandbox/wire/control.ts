import { messageOf } from '../../base/text.ts';
import { addFault, type FaultPlan, removeFault } from '../faults.ts';
import type { Fleet, TaskOptions } from '../fleet.ts';
import type { MachineOptions } from '../world/machines.ts';
import type { Machine, Task } from '../world/state.ts';
import type { TimelineEvent } from '../world/timeline.ts';
import { machineOf } from '../world/world.ts';
import type { Control } from './api-server.ts';

/** What the control endpoint needs to know beside the World. */
export type ControlContext = {
  readonly fleet: Fleet;
  readonly timeline: readonly TimelineEvent[];
  environment(instanceId: string): Record<string, string>;
  /** Called when an instance was added: its ports open soon. */
  added(): void;
};

/** The endpoint under `/_sandbox/`: what happened, what goes wrong, and what AWS has no API for. JSON in and out. */
export function createControl(context: ControlContext): Control {
  return ({ method, path, body }) => {
    const url = new URL(path, 'http://sandbox');
    const parts = url.pathname.split('/').filter(Boolean).slice(1).map(decodeURIComponent);
    try {
      const answer = route(context, method, parts, url.searchParams, body);
      if (answer === notFound) return json(404, { error: `No ${method} ${url.pathname} here.`, ...index });
      return json(200, answer ?? { ok: true });
    } catch (error) {
      return json(400, { error: messageOf(error) });
    }
  };
}

const notFound = Symbol('not found');

const index = {
  endpoints: [
    'GET    /_sandbox/requests[?api=ecs:ListTasks][&instance=i-…]',
    'DELETE /_sandbox/requests',
    'GET    /_sandbox/timeline[?after=INDEX]',
    'GET    /_sandbox/snapshot',
    'GET    /_sandbox/faults',
    'POST   /_sandbox/faults  {"match":{"api":"ecs:ListTasks"},"fault":{"what":"throttle"},"count":3}',
    'DELETE /_sandbox/faults[/ID]',
    'POST   /_sandbox/instances  {}',
    'GET    /_sandbox/instances/ID/environment',
    'POST   /_sandbox/instances/ID  {"metadataTags":true,"imds":"on","credentials":true,"ecsAgent":"up"}',
    'POST   /_sandbox/instances/ID/scale-in|replace-root-volume|terminate|reboot|hibernate|spot|rebalance|schedule|unschedule',
    'POST   /_sandbox/tasks  {"instanceId":"i-…","family":"batch","runsForMs":60000}',
    'POST   /_sandbox/tasks/ID/end',
    'POST   /_sandbox/services  {"name":"web","desiredCount":2}',
  ],
};

function route(
  context: ControlContext,
  method: string,
  parts: string[],
  query: URLSearchParams,
  body: string,
): unknown {
  const { fleet, timeline } = context;
  const { world } = fleet;
  const [folder, id, verb] = parts;
  switch (`${method} ${folder ?? ''}${id === undefined ? '' : '/ID'}${verb === undefined ? '' : '/VERB'}`) {
    case 'GET ':
      return index;
    case 'GET requests':
      return requests(context, query);
    case 'DELETE requests':
      world.requestLog.entries?.splice(0);
      world.requestLog.counts.clear();
      world.requestLog.throttled.clear();
      return undefined;
    case 'GET timeline':
      return timeline.slice(Number(query.get('after') ?? 0));
    case 'GET snapshot':
      return snapshot(context);
    case 'GET faults':
      return world.faults;
    case 'POST faults':
      return addFault(world, faultPlan(read(body)));
    case 'DELETE faults':
      return removeFault(world);
    case 'DELETE faults/ID':
      return removeFault(world, Number(id));
    case 'POST instances': {
      const machine = fleet.addInstance(read(body) as Partial<MachineOptions>);
      context.added();
      return { instanceId: machine.id };
    }
    case 'GET instances/ID/VERB':
      return verb === 'environment' ? context.environment(machineOf(world, id ?? '').id) : notFound;
    case 'POST instances/ID':
      return changeInstance(fleet, machineOf(world, id ?? ''), read(body));
    case 'POST instances/ID/VERB':
      return actOnInstance(fleet, machineOf(world, id ?? ''), verb ?? '', read(body));
    case 'POST tasks': {
      const { instanceId, ...options } = read(body);
      const task = fleet.runTask(machineOf(world, String(instanceId)), options as TaskOptions);
      return { taskArn: task.arn };
    }
    case 'POST tasks/ID/VERB':
      return verb === 'end' ? fleet.endTask(taskNamed(fleet, id ?? '')) : notFound;
    case 'POST services':
      return { serviceArn: fleet.addService(read(body) as { name: string }).arn };
    default:
      return notFound;
  }
}

function requests({ fleet }: ControlContext, query: URLSearchParams): unknown {
  const api = query.get('api');
  const instance = query.get('instance');
  return (fleet.world.requestLog.entries ?? []).filter(
    (entry) => (api === null || entry.api === api) && (instance === null || entry.instanceId === instance),
  );
}

function faultPlan(plan: Record<string, unknown>): FaultPlan {
  const fault = plan.fault as { what?: unknown } | undefined;
  if (typeof fault?.what !== 'string')
    throw new Error('A fault is {"match":{…},"fault":{"what":"throttle"},"count":1 or "forMs":60000}.');
  return plan as FaultPlan;
}

function changeInstance(fleet: Fleet, machine: Machine, change: Record<string, unknown>): undefined {
  const { imds } = machine;
  for (const [name, value] of Object.entries(change)) {
    switch (name) {
      case 'metadataTags':
        imds.tags = value === true;
        break;
      case 'imds':
        imds.started = value !== 'off';
        imds.forbidden = value === 'forbidden';
        break;
      case 'credentials':
        imds.credentialsFrom = value === true ? 0 : Number.POSITIVE_INFINITY;
        break;
      case 'claimsInstanceId':
        imds.claimsInstanceId = typeof value === 'string' ? value : undefined;
        break;
      case 'expireTokens':
        imds.tokens.clear();
        break;
      case 'protectedFromScaleIn':
        if (machine.member) machine.member.protectedFromScaleIn = value === true;
        break;
      case 'ecsAgent':
        if (!ecsAgentChanges.has(String(value)))
          throw new Error(`ecsAgent is one of ${[...ecsAgentChanges].join(', ')}: it was ${String(value)}.`);
        fleet.ecsAgent(machine, value as 'up');
        break;
      default:
        throw new Error(
          `${name} cannot be changed. What can: metadataTags, imds (on, off, forbidden), credentials, ` +
            'claimsInstanceId, expireTokens, protectedFromScaleIn, ecsAgent.',
        );
    }
  }
  return undefined;
}

const ecsAgentChanges = new Set(['up', 'down', 'frozen', 'thawed', 'registered-anew']);

function actOnInstance(
  fleet: Fleet,
  machine: Machine,
  verb: string,
  options: Record<string, unknown>,
): unknown {
  switch (verb) {
    case 'scale-in':
      return fleet.scaleIn(machine);
    case 'replace-root-volume':
      return fleet.replaceRootVolume(machine);
    case 'terminate':
      return fleet.terminate(machine, 'the control endpoint was asked to');
    case 'reboot':
      return fleet.reboot(machine, typeof options.downMs === 'number' ? options.downMs : undefined);
    case 'hibernate':
      return fleet.hibernate(machine, typeof options.forMs === 'number' ? options.forMs : 300_000);
    case 'spot':
      return fleet.interruptSpot(machine, {
        ...(typeof options.inMs === 'number' ? { time: fleet.world.now + options.inMs } : {}),
      });
    case 'rebalance':
      return fleet.recommendRebalance(machine);
    case 'schedule':
      return { eventId: scheduleEvent(fleet, machine, options) };
    case 'unschedule':
      return fleet.unscheduleEvent(machine, String(options.eventId));
    default:
      return notFound;
  }
}

function scheduleEvent(fleet: Fleet, machine: Machine, options: Record<string, unknown>): string {
  const { code = 'instance-retirement', inMs } = options;
  if (!scheduledEventCodes.has(String(code)))
    throw new Error(`code is one of ${[...scheduledEventCodes].join(', ')}: it was ${String(code)}.`);
  return fleet.scheduleEvent(machine, {
    code: code as 'instance-retirement',
    ...(typeof inMs === 'number' ? { notBefore: fleet.world.now + inMs } : {}),
  });
}

const scheduledEventCodes = new Set([
  'instance-stop',
  'instance-retirement',
  'instance-reboot',
  'system-reboot',
  'system-maintenance',
]);

function taskNamed(fleet: Fleet, id: string): Task {
  for (const cluster of fleet.world.clusters.values()) {
    const task = cluster.tasks.get(id);
    if (task) return task;
  }
  throw new Error(`No task ${id}. GET /_sandbox/snapshot lists them.`);
}

function snapshot({ fleet, environment }: ControlContext): unknown {
  const { world } = fleet;
  return {
    now: world.now,
    instances: [...world.machines.values()].map((machine) => ({
      instanceId: machine.id,
      state: machine.state,
      lifecycleState: machine.member?.state,
      group: machine.member?.group.name,
      tags: Object.fromEntries(machine.tags),
      metadataTags: machine.imds.tags,
      ecsAgent: machine.ecsAgent.up ? (machine.ecsAgent.frozen ? 'frozen' : 'up') : 'down',
      containerInstanceArn: machine.ecsAgent.containerInstance?.arn,
      containerInstanceStatus: machine.ecsAgent.containerInstance?.status,
      tasks: tasksPlacedOn(machine).map((task) => ({
        id: task.id,
        group: task.group,
        lastStatus: task.lastStatus,
        desiredStatus: task.desiredStatus,
      })),
      environment: environment(machine.id),
    })),
    groups: [...world.groups.values()].map((group) => ({
      name: group.name,
      desired: group.desired,
      hooks: [...group.hooks.values()],
    })),
    interruptions: world.interruptions,
    requests: Object.fromEntries(world.requestLog.counts),
    throttled: Object.fromEntries(world.requestLog.throttled),
  };
}

/** As ECS knows them: its ECS agent may not have been told of them yet. */
const tasksPlacedOn = ({ placed, ecsAgent }: Machine): readonly Task[] =>
  placed.filter(({ containerInstance }) => containerInstance === ecsAgent.containerInstance);

function read(body: string): Record<string, unknown> {
  if (body.trim() === '') return {};
  const value: unknown = JSON.parse(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('The body must be a JSON object.');
  return value as Record<string, unknown>;
}

function json(status: number, body: unknown) {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(body, undefined, 2)}\n`,
  };
}

import type { FaultKind, FaultMatch } from '../../src/sandbox/index.ts';
import type { Kill, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const MINUTE = 60_000;

/** What goes wrong between the agent and everything it asks, from `start` to `end` and a little around it. */
export function drawFaults(random: Random, start: number, end: number): PlannedFault[] {
  return Array.from({ length: random.chance(0.8) ? random.integer(1, 3) : random.integer(4, 8) }, () => {
    const at = Math.max(0, Math.round(start - 15_000 + random.next() * (end - start + 30_000)));
    const match = drawMatch(random);
    const fault = drawFault(random, match);
    if (random.chance(0.5)) return { at, match, fault, count: random.spread(1, 20) };
    const kind = random.next();
    const forMs =
      kind < 0.9
        ? random.spread(1_000, MINUTE)
        : kind < 0.998
          ? random.spread(MINUTE, 5 * MINUTE)
          : random.spread(5 * MINUTE, 180 * MINUTE);
    return { at, match, fault, forMs };
  });
}

function drawMatch(random: Random): FaultMatch {
  if (random.chance(0.04)) return {};
  if (random.chance(0.45)) return { api: random.pick(APIS) };
  const service = random.pick(['ecs', 'autoscaling', 'ec2', 'imds', 'imds', 'introspection'] as const);
  if (service === 'imds' && random.chance(0.5)) return { service, path: random.pick(IMDS_PATHS) };
  if (service === 'introspection' && random.chance(0.5))
    return { service, path: random.pick(['/v1/tasks', '/v1/metadata']) };
  return { service };
}

// What heartbeats rest on fails as often as all that ends a drain.
const APIS = [
  'autoscaling:DescribeAutoScalingInstances',
  'autoscaling:DescribeAutoScalingInstances',
  'ec2:DescribeTags',
  'ecs:DescribeContainerInstances',
  'ecs:ListContainerInstances',
  'ecs:ListTasks',
  'ecs:DescribeTasks',
  'ecs:UpdateContainerInstancesState',
  'ecs:DeregisterContainerInstance',
  'ecs:StopTask',
  'autoscaling:DescribeAutoScalingInstances',
  'autoscaling:DescribeAutoScalingGroups',
  'autoscaling:DescribeLifecycleHooks',
  'autoscaling:RecordLifecycleActionHeartbeat',
  'autoscaling:CompleteLifecycleAction',
  'autoscaling:TerminateInstanceInAutoScalingGroup',
];

const IMDS_PATHS = [
  '/latest/api/token',
  'tags/instance',
  'target-lifecycle-state',
  'spot/instance-action',
  'instance-id',
];

function drawFault(random: Random, match: FaultMatch): FaultKind {
  const onHost = match.service === 'imds' || match.service === 'introspection';
  const kind = random.pick(onHost ? HOST_FAULTS : API_FAULTS);
  return kind.what === 'delay' ? { what: 'delay', ms: random.spread(20, 20_000) } : kind;
}

const BOTH: FaultKind[] = [
  { what: '5xx' },
  { what: '5xx', status: 500 },
  { what: 'reset' },
  { what: 'reset-mid-body' },
  { what: 'refuse' },
  { what: 'delay', ms: 0 },
  { what: 'stall' },
  { what: 'garbage' },
  { what: 'truncated' },
  { what: 'html' },
  { what: 'redirect' },
  { what: 'drip' },
];

const HOST_FAULTS: FaultKind[] = [
  ...BOTH,
  { what: 'huge' },
  { what: 'error', name: 'Unauthorized', status: 401 },
  { what: 'error', name: 'Forbidden', status: 403 },
];

// Being throttled, and answers that are lost after the server has acted, are what really happens.
const API_FAULTS: FaultKind[] = [
  ...BOTH,
  { what: 'throttle' },
  { what: 'throttle' },
  { what: 'throttle' },
  { what: 'act-then-lose-response' },
  { what: 'act-then-lose-response' },
  { what: 'act-then-lose-response' },
  {
    what: 'error',
    name: 'AccessDeniedException',
    status: 400,
    message: 'User is not authorized to perform this',
  },
  { what: 'error', name: 'ExpiredTokenException', status: 400, message: 'The security token is expired' },
];

const MISNAMING = [
  'ecs:DescribeContainerInstances',
  'ecs:ListContainerInstances',
  'ecs:DescribeTasks',
  'autoscaling:DescribeAutoScalingInstances',
  'ec2:DescribeTags',
];

/** An answer that lacks something, names another instance, or lists everybody's. */
export function drawWrongAnswer(random: Random): Pick<PlannedFault, 'match' | 'fault'> {
  const kind = random.next();
  if (kind < 0.25) return { match: { api: 'ecs:ListContainerInstances' }, fault: { what: 'unfiltered' } };
  if (kind < 0.5) return { match: { api: random.pick(MISNAMING) }, fault: { what: 'misnames' } };
  return { match: { api: random.pick(APIS) }, fault: { what: 'omits', nth: random.integer(0, 40) } };
}

export function drawKills(random: Random, start: number, end: number): Kill[] {
  return Array.from({ length: random.chance(0.75) ? 1 : random.integer(2, 5) }, (): Kill => {
    const kind = random.next();
    const downMs =
      kind < 0.7
        ? random.spread(100, 10_000)
        : kind < 0.99
          ? random.spread(10_000, 4 * MINUTE)
          : random.spread(4 * MINUTE, 120 * MINUTE);
    const fate = random.next();
    const state = fate < 0.8 ? 'kept' : fate < 0.9 ? 'lost' : 'corrupt';
    const when = random.pick([
      'at',
      'before-call',
      'after-call',
      'before-call',
      'after-call',
      'in-write',
    ] as const);
    if (when === 'at')
      return { downMs, state, when, at: Math.round(start + random.next() * (end - start + 20_000)) };
    if (when === 'in-write') return { downMs, state: 'kept', when, operation: random.spread(1, 60) };
    return { downMs, state, when, call: random.spread(1, 60) };
  });
}

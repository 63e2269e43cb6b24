import type { ServicePrefix } from './world/sdks.ts';

/** What goes wrong with a request. */
export type FaultKind =
  | { what: 'throttle' }
  | { what: 'error'; name: string; status?: number; message?: string }
  | { what: '5xx'; status?: number }
  /** The connection is cut before an answer. */
  | { what: 'reset' }
  /** The connection is cut in the middle of the answer's body. */
  | { what: 'reset-mid-body' }
  | { what: 'refuse' }
  | { what: 'delay'; ms: number }
  /** No answer, ever: the connection stays open. */
  | { what: 'stall' }
  | { what: 'garbage' }
  | { what: 'truncated' }
  | { what: 'html' }
  /** HTTP 200 without a body. */
  | { what: 'empty' }
  /** A body of this many bytes; 10 MB unless told. */
  | { what: 'huge'; bytes?: number }
  | { what: 'redirect'; to?: string }
  /** One byte of the answer every `ms`; 1 s unless told. */
  | { what: 'drip'; ms?: number }
  /** The server acts, and the answer never arrives. */
  | { what: 'act-then-lose-response' }
  /** The server acts, and there is no answer, ever: the connection stays open. */
  | { what: 'act-then-stall' }
  | WrongAnswer;

/** What a service says is not true, or not whole. */
export type WrongAnswer =
  /** ECS's lists and descriptions are as of so many ms ago. */
  | { what: 'stale'; ms: number }
  /** Filters are not applied: everybody's are listed. */
  | { what: 'unfiltered' }
  /** One member is missing: the `nth` of those that an answer can be without, counted round and round. */
  | { what: 'omits'; nth: number }
  /** It names another instance in place of the one that was asked for. */
  | { what: 'misnames' };

/** Which requests a fault is for. What is left out matches everything. */
export type FaultMatch = {
  service?: ServicePrefix | 'imds' | 'introspection';
  /** An API by IAM's name of it (`ecs:ListTasks`), or by its bare name. */
  api?: string;
  /** The instance that calls. */
  instanceId?: string;
  /** The credentials of the call. */
  accessKeyId?: string;
  /** Part of the path of a request to IMDS or to the ECS agent. */
  path?: string;
};

export type Fault = {
  readonly id: number;
  readonly match: FaultMatch;
  readonly kind: FaultKind;
  /** How many matching requests still pass unharmed. */
  skip: number;
  /** How many requests it is still for. */
  left: number;
  /** It ends at this time, in ms since the Unix epoch. */
  readonly until: number;
  /** How many requests it has hit. */
  hits: number;
};

export type FaultPlan = {
  match?: FaultMatch;
  fault: FaultKind;
  /** Lets this many matching requests pass first. */
  skip?: number;
  /** For the next `count` requests: 1 unless `until` or `forMs` is set. */
  count?: number;
  /** Until this time, in ms since the Unix epoch. */
  until?: number;
  /** For this many ms from now. */
  forMs?: number;
};

export type FaultedRequest = {
  service: ServicePrefix | 'imds' | 'introspection';
  api?: string | undefined;
  instanceId?: string | undefined;
  accessKeyId?: string | undefined;
  path?: string | undefined;
};

type Faulty = { readonly now: number; readonly faults: Fault[]; serial: number };

export function addFault(world: Faulty, plan: FaultPlan): Fault {
  const timed = plan.until !== undefined || plan.forMs !== undefined;
  const fault: Fault = {
    id: ++world.serial,
    match: plan.match ?? {},
    kind: plan.fault,
    skip: plan.skip ?? 0,
    left: plan.count ?? (timed ? Number.POSITIVE_INFINITY : 1),
    until: plan.until ?? (plan.forMs === undefined ? Number.POSITIVE_INFINITY : world.now + plan.forMs),
    hits: 0,
  };
  world.faults.push(fault);
  return fault;
}

export function removeFault(world: Faulty, id?: number): void {
  for (let index = world.faults.length - 1; index >= 0; index--)
    if (id === undefined || world.faults[index]?.id === id) world.faults.splice(index, 1);
}

/** The first fault that is for this request, used up by it; undefined when all goes well. */
export function takeFault(world: Faulty, request: FaultedRequest): FaultKind | undefined {
  for (let index = 0; index < world.faults.length; index++) {
    const fault = world.faults[index] as Fault;
    if (fault.until <= world.now) {
      world.faults.splice(index--, 1);
      continue;
    }
    if (!matches(fault.match, request)) continue;
    if (fault.skip > 0) {
      fault.skip--;
      continue;
    }
    fault.hits++;
    if (--fault.left <= 0) world.faults.splice(index, 1);
    return fault.kind;
  }
  return undefined;
}

function matches(match: FaultMatch, request: FaultedRequest): boolean {
  if (match.service !== undefined && match.service !== request.service) return false;
  if (match.instanceId !== undefined && match.instanceId !== request.instanceId) return false;
  if (match.accessKeyId !== undefined && match.accessKeyId !== request.accessKeyId) return false;
  if (match.path !== undefined && !request.path?.includes(match.path)) return false;
  if (match.api === undefined) return true;
  return match.api === request.api || `${request.service}:${match.api}` === request.api;
}

/** The code with which each service says that it was asked too often. */
export function throttlingError(service: string): { name: string; message: string; status: number } {
  switch (service) {
    case 'ec2':
      return { name: 'RequestLimitExceeded', message: 'Request limit exceeded.', status: 503 };
    case 'ecs':
      return { name: 'ThrottlingException', message: 'Rate exceeded', status: 400 };
    case 'sqs':
      return {
        name: 'RequestThrottled',
        message: 'The request was denied due to request throttling.',
        status: 403,
      };
    default:
      return { name: 'Throttling', message: 'Rate exceeded', status: 400 };
  }
}

/** The code that each service gives an error of its own. */
export function serverError(service: string): { name: string; message: string } {
  switch (service) {
    case 'ec2':
      return { name: 'InternalError', message: 'An internal error has occurred' };
    case 'ecs':
      return { name: 'ServerException', message: 'Service Unavailable. Please try again later.' };
    default:
      return { name: 'InternalFailure', message: 'An internal failure has occurred' };
  }
}

/** The faults in which the server acts, and only its answer comes to harm. */
export function actsAllTheSame(fault: FaultKind): boolean {
  return (
    fault.what === 'act-then-lose-response' ||
    fault.what === 'act-then-stall' ||
    fault.what === 'truncated' ||
    fault.what === 'reset-mid-body' ||
    fault.what === 'drip' ||
    fault.what === 'stale' ||
    fault.what === 'unfiltered' ||
    fault.what === 'omits' ||
    fault.what === 'misnames'
  );
}

import type { Input, Operation, Output, Transport } from '../aws/operations.ts';
import type { Clock } from '../base/clock.ts';
import type { Http, HttpRequest, HttpResponse } from '../host/http.ts';
import { type FaultKind, serverError, takeFault, throttlingError } from './faults.ts';
import { longPoll } from './long-poll.ts';
import { garbage, html } from './wire/send.ts';
import { serviceError } from './world/errors.ts';
import { logRequest } from './world/request-log.ts';
import type { ServicePrefix } from './world/sdks.ts';
import { machineOf, type World } from './world/world.ts';
import { answerWrongly } from './wrong-answers.ts';

/** How one instance meets the World without a network: the two ports that the agent is given. */
export type InMemoryFace = { readonly transport: Transport; readonly http: Http };

/** The ports of the agent on `instanceId`. Delays pass on `clock`; nothing here waits for real time. */
export function inMemory(world: World, options: { clock: Clock; instanceId: string }): InMemoryFace {
  const { clock, instanceId } = options;
  return {
    transport: (operation, input, { signal }) => callApi(world, clock, instanceId, operation, input, signal),
    http: (request) => askHost(world, clock, instanceId, request),
  };
}

async function callApi<O extends Operation>(
  world: World,
  clock: Clock,
  instanceId: string,
  operation: O,
  input: Input<O>,
  signal: AbortSignal,
): Promise<Output<O>> {
  world.advance(clock.now());
  if (signal.aborted) throw aborted();
  const machine = machineOf(world, instanceId);
  const caller = { instanceId, accessKeyId: machine.imds.accessKeyId };
  if (!machine.imds.started || machine.imds.forbidden || world.now < machine.imds.credentialsFrom)
    throw credentialsMissing();
  const colon = operation.indexOf(':');
  const service = operation.slice(0, colon) as ServicePrefix;
  const fault = takeFault(world, { service, api: operation, ...caller });
  if (!fault) {
    await longPoll(world, clock, operation, input, signal);
    return world.call(operation, input, caller) as Output<O>;
  }

  switch (fault.what) {
    case 'delay':
      await pause(clock, fault.ms, signal);
      world.advance(clock.now());
      return world.call(operation, input, caller) as Output<O>;
    case 'act-then-lose-response':
    case 'act-then-stall':
      try {
        world.call(operation, input, caller);
      } catch {
        // The refusal is lost with the answer.
      }
      if (fault.what === 'act-then-lose-response') throw connectionError('ECONNRESET', 'socket hang up');
      await pause(clock, forever, signal);
      throw aborted();
    case 'reset-mid-body':
    case 'truncated':
    case 'drip':
      // In these three the server has answered, whatever becomes of the answer on its way.
      world.call(operation, input, caller);
      if (fault.what === 'drip') await pause(clock, (fault.ms ?? 1000) * 1000, signal);
      throw fault.what === 'reset-mid-body' ? cutOff() : unreadable(service, fault);
    case 'stale':
    case 'unfiltered':
    case 'omits':
    case 'misnames':
      return answerWrongly(world, operation, input, caller, fault) as Output<O>;
    default:
      logRequest(world, operation, input, `fault:${fault.what}`, caller);
      throw await failure(clock, service, fault, signal);
  }
}

const speaksJson: ReadonlySet<string> = new Set<ServicePrefix>(['cloudwatch', 'ecs', 'logs', 'sqs']);

async function failure(
  clock: Clock,
  service: ServicePrefix,
  fault: FaultKind,
  signal: AbortSignal,
): Promise<Error> {
  switch (fault.what) {
    case 'throttle': {
      const { name, message, status } = throttlingError(service);
      return serviceError(name, message, status);
    }
    case 'error':
      return serviceError(
        fault.name,
        fault.message ?? `${fault.name}, as the sandbox was told`,
        fault.status ?? 400,
      );
    case '5xx': {
      const { name, message } = serverError(service);
      return serviceError(name, message, fault.status ?? 503);
    }
    case 'reset':
      return connectionError('ECONNRESET', 'socket hang up');
    case 'refuse':
      return connectionError('ECONNREFUSED', 'connect ECONNREFUSED');
    case 'garbage':
    case 'html':
    case 'empty':
      return serviceError('NotFromAws', 'the answer has no request id', 200);
    case 'redirect':
      return serviceError('NotFromAws', 'the answer has no request id', 302);
    case 'huge':
      return serviceError('AnswerTooLarge', 'the answer is too large', 200);
    case 'stall':
      await pause(clock, forever, signal);
      return aborted();
    default:
      return unreadable(service, fault);
  }
}

async function askHost(
  world: World,
  clock: Clock,
  instanceId: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  world.advance(clock.now());
  if (request.signal?.aborted) throw aborted();
  const url = new URL(request.url);
  const path = url.pathname + url.search;
  const service = url.port === '51678' ? 'introspection' : 'imds';
  const fault = takeFault(world, { service, instanceId, path });
  if (fault) return faultedHost(world, clock, instanceId, request, service, path, fault);
  const { answersAfter } = machineOf(world, instanceId).ecsAgent;
  if (service === 'introspection' && answersAfter > 0) {
    if (answersAfter >= request.timeoutMs) throw await noAnswer(clock, request);
    await pause(clock, answersAfter, request.signal);
    world.advance(clock.now());
  }
  return answerHost(world, instanceId, request, service, path);
}

function answerHost(
  world: World,
  instanceId: string,
  request: HttpRequest,
  service: 'imds' | 'introspection',
  path: string,
): HttpResponse {
  const response =
    service === 'imds'
      ? world.imds(instanceId, { method: request.method, path, headers: lowerCased(request.headers) })
      : world.introspection(instanceId, path);
  if (!response) throw connectionError('ECONNREFUSED', `connect ECONNREFUSED ${request.url}`);
  if (response.body.length > request.maxBytes)
    throw new Error(`The answer is larger than ${request.maxBytes} bytes.`);
  return response;
}

async function faultedHost(
  world: World,
  clock: Clock,
  instanceId: string,
  request: HttpRequest,
  service: 'imds' | 'introspection',
  path: string,
  fault: FaultKind,
): Promise<HttpResponse> {
  const log = () => logRequest(world, service, path, `fault:${fault.what}`, { instanceId });
  switch (fault.what) {
    case 'delay':
      if (fault.ms >= request.timeoutMs) break;
      await pause(clock, fault.ms, request.signal);
      world.advance(clock.now());
      return answerHost(world, instanceId, request, service, path);
    case 'throttle':
      log();
      return { status: 429, body: 'Too Many Requests' };
    case 'error':
      log();
      return { status: fault.status ?? 400, body: fault.message ?? fault.name };
    case '5xx':
      log();
      return { status: fault.status ?? 503, body: 'Service Unavailable' };
    case 'redirect':
      log();
      return { status: 302, body: '' };
    case 'garbage':
      log();
      return { status: 200, body: garbage };
    case 'html':
      log();
      return { status: 200, body: html };
    case 'empty':
      log();
      return { status: 200, body: '' };
    case 'truncated': {
      const response = answerHost(world, instanceId, request, service, path);
      return { status: response.status, body: response.body.slice(0, response.body.length >> 1) };
    }
    case 'refuse':
      log();
      throw connectionError('ECONNREFUSED', `connect ECONNREFUSED ${request.url}`);
    case 'huge':
      log();
      throw new Error(`The answer is larger than ${request.maxBytes} bytes.`);
    case 'act-then-lose-response':
      answerHost(world, instanceId, request, service, path);
      throw hostReset();
    case 'reset-mid-body':
      answerHost(world, instanceId, request, service, path);
      throw hostReset();
    case 'reset':
      log();
      throw hostReset();
    case 'act-then-stall':
      answerHost(world, instanceId, request, service, path);
      throw await noAnswer(clock, request);
    case 'stall':
    case 'drip':
      break;
    default:
      return answerHost(world, instanceId, request, service, path);
  }
  log();
  throw await noAnswer(clock, request);
}

/** Waits for as long as the request may. */
async function noAnswer(clock: Clock, request: HttpRequest): Promise<Error> {
  await pause(clock, request.timeoutMs, request.signal);
  return Object.assign(new Error(`No answer within ${request.timeoutMs} ms from ${request.url}`), {
    name: 'TimeoutError',
    code: 'ETIMEDOUT',
  });
}

/** Longer than any test waits, and still a time. */
const forever = 10 * 365 * 86_400_000;

async function pause(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  await clock.sleep(ms, { signal });
  if (signal?.aborted) throw aborted();
}

/** As the SDK's HTTP handler rejects when its caller gives up. */
function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' });
}

/** As the SDK's HTTP handler passes on a broken connection: a cut one under the name of a time-out. */
function connectionError(code: 'ECONNRESET' | 'ECONNREFUSED', message: string): Error {
  return Object.assign(new Error(message), { code, name: code === 'ECONNRESET' ? 'TimeoutError' : 'Error' });
}

/** As the SDK passes on a connection that breaks when the answer has begun. */
function cutOff(): Error {
  const $metadata = { httpStatusCode: 200, attempts: 1, totalRetryDelay: 0 };
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET', $metadata });
}

/** As Node's own client rejects, without the SDK. */
function hostReset(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

/** As the SDK's protocol layer throws on an answer that it cannot read. */
function unreadable(service: string, fault: FaultKind): Error {
  const error = speaksJson.has(service)
    ? new SyntaxError(`Unexpected token in the answer (${fault.what})`)
    : new Error(`Unparsable XML (${fault.what})`);
  return Object.assign(error, { $metadata: { httpStatusCode: 200, attempts: 1, totalRetryDelay: 0 } });
}

function credentialsMissing(): Error {
  return Object.assign(new Error('Could not load credentials from any providers'), {
    name: 'CredentialsProviderError',
    tryNextLink: false,
  });
}

function lowerCased(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const lowered: Record<string, string> = {};
  for (const name in headers) lowered[name.toLowerCase()] = headers[name] as string;
  return lowered;
}

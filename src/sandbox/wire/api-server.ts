import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { actsAllTheSame, type FaultKind, serverError, takeFault, throttlingError } from '../faults.ts';
import { longPoll } from '../long-poll.ts';
import type { ServiceError } from '../world/errors.ts';
import type { WorldInput } from '../world/handlers.ts';
import { isWorldOperation } from '../world/handlers.ts';
import { logRequest } from '../world/request-log.ts';
import type { Caller, World } from '../world/world.ts';
import { answerWrongly, isWrongAnswer } from '../wrong-answers.ts';
import { autoScalingQuery } from './auto-scaling-query.ts';
import { credentialScope, protocolOf } from './detect-protocol.ts';
import { ecsJson } from './ecs-json.ts';
import type { Protocol, WireRequest, WireResponse } from './protocol.ts';
import { send, sendFaulty } from './send.ts';

/** Answers a request under `/_sandbox/`. */
export type Control = (request: { method: string; path: string; body: string }) => {
  status: number;
  headers: Record<string, string>;
  body: string;
};

/** The API port: ECS, EC2, Auto Scaling, CloudWatch, CloudWatch Logs and SQS on their real wire protocols, and the control endpoint. */
export function createApiServer(world: World, clock: Clock, control: Control): Server {
  const server = createServer((request, response) => {
    readBody(request)
      .then((body) => handle(world, clock, control, request, response, body))
      .catch((error: unknown) => {
        if (!response.headersSent) send(response, plain(500, `The sandbox failed: ${String(error)}`));
        else response.destroy();
      });
  });
  // As AWS's own: Node's five seconds would end many a connection just when the next request comes.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

const KEEP_ALIVE_MS = 60_000;

async function handle(
  world: World,
  clock: Clock,
  control: Control,
  request: IncomingMessage,
  response: ServerResponse,
  body: string | undefined,
): Promise<void> {
  if (body === undefined) return send(response, plain(413, 'The sandbox reads requests of up to 4 MB.'));
  world.advance(clock.now());
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  if (path === '/_sandbox' || path.startsWith('/_sandbox/')) {
    // A web page in somebody's browser has no business here.
    if (request.headers.origin !== undefined) return send(response, plain(403, 'Not from a browser.'));
    const answer = control({ method: request.method ?? 'GET', path: request.url ?? '/', body });
    return send(response, answer);
  }

  const wire: WireRequest = { headers: request.headers, body, query };
  const protocol = protocolOf(wire);
  if (!protocol) return send(response, refuseService(wire, randomUUID()));
  const { action, input } = protocol.read(wire);
  const api = `${protocol.service}:${action}`;
  const accessKeyId = credentialScope(wire)?.accessKeyId;
  const caller: Caller = { accessKeyId, instanceId: accessKeyId && world.accessKeys.get(accessKeyId) };

  const fault = takeFault(world, { service: protocol.service, api, ...caller });
  if (fault?.what === 'delay') {
    await clock.sleep(fault.ms);
    world.advance(clock.now());
  }
  const address = `http://${request.headers.host}`;
  const answer = () => answerCall(world, protocol, action, input, caller, fault, address);
  if (!fault || fault.what === 'delay') {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await longPoll(world, clock, api, inputOrText(input), gone.signal);
    return send(response, answer());
  }
  if (!actsAllTheSame(fault)) logRequest(world, api, inputOrText(input), `fault:${fault.what}`, caller);
  const said = saidByService(protocol, fault, randomUUID());
  if (said) return send(response, said);
  return sendFaulty(request, response, fault, clock, answer);
}

function answerCall(
  world: World,
  protocol: Protocol,
  action: string,
  input: () => unknown,
  caller: Caller,
  fault: FaultKind | undefined,
  address: string,
): WireResponse {
  const operation = `${protocol.service}:${action}`;
  const requestId = randomUUID();
  if (!isWorldOperation(operation)) {
    const error = protocol.unknownAction(action);
    logRequest(world, operation, inputOrText(input), error.name, caller);
    return protocol.fail(error, error.status, requestId);
  }
  try {
    const asked = input() as WorldInput<typeof operation>;
    const output =
      fault && isWrongAnswer(fault)
        ? answerWrongly(world, operation, asked, caller, fault)
        : world.call(operation, asked, caller);
    return protocol.answer(action, reachable(output, address), requestId);
  } catch (error) {
    const { name, message, resourceIds, $metadata } = error as ServiceError;
    if ($metadata)
      return protocol.fail(
        { name, message, ...(resourceIds && { resourceIds }) },
        $metadata.httpStatusCode,
        requestId,
      );
    // A mistake of the sandbox, or an input of a shape that no SDK sends.
    return protocol.fail(
      { name: 'InternalFailure', message: `The sandbox failed: ${message}` },
      500,
      requestId,
    );
  }
}

/** A queue's URL is where its messages go: to the sandbox, under the address by which it was asked. */
function reachable<T extends object>(output: T, address: string): T {
  if (!('QueueUrl' in output) || typeof output.QueueUrl !== 'string') return output;
  return { ...output, QueueUrl: `${address}${new URL(output.QueueUrl).pathname}` };
}

/** The faults in which the service itself answers, in its own form. */
function saidByService(protocol: Protocol, fault: FaultKind, requestId: string): WireResponse | undefined {
  switch (fault.what) {
    case 'throttle': {
      const error = throttlingError(protocol.service);
      return protocol.fail(error, error.status, requestId);
    }
    case 'error':
      return protocol.fail(
        { name: fault.name, message: fault.message ?? `${fault.name}, as the sandbox was told` },
        fault.status ?? 400,
        requestId,
      );
    case '5xx':
      return protocol.fail(serverError(protocol.service), fault.status ?? 503, requestId);
    default:
      return undefined;
  }
}

function inputOrText(input: () => unknown): unknown {
  try {
    return input();
  } catch (error) {
    return String(error);
  }
}

const mostBytes = 4_000_000;

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** A request to a service that is not here, answered so that its client can read why. */
function refuseService({ headers, body, query }: WireRequest, requestId: string): WireResponse {
  if (headers['x-amz-target'] !== undefined)
    return ecsJson.fail({ name: 'UnknownOperationException', message: notSpoken }, 400, requestId);
  if (new URLSearchParams(body || query).has('Action'))
    return autoScalingQuery.fail({ name: 'InvalidAction', message: notSpoken }, 400, requestId);
  return plain(400, `${notSpoken}\n`);
}

const notSpoken =
  'The sandbox speaks ECS and CloudWatch Logs (AWS JSON 1.1), CloudWatch and SQS (AWS JSON 1.0), EC2 (EC2 Query) and Auto Scaling (AWS Query). This was none of them. ' +
  'GET /_sandbox/ tells what else there is.';

function plain(status: number, body: string) {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import { actsAllTheSame, type FaultKind, takeFault } from '../faults.ts';
import { logRequest } from '../world/request-log.ts';
import type { Machine } from '../world/state.ts';
import type { World } from '../world/world.ts';
import { openPort, type Port } from './port.ts';
import { send, sendFaulty } from './send.ts';

/** The two ports of one instance: its metadata service and its ECS agent. */
export type HostPorts = { readonly imds: Port; readonly introspection: Port };

export async function openHostPorts(
  world: World,
  clock: Clock,
  machine: Machine,
  host: string,
): Promise<HostPorts> {
  const [imds, introspection] = await Promise.all([
    openPort(host, () => createServer(listener(world, clock, machine, 'imds'))),
    openPort(host, () => createServer(listener(world, clock, machine, 'introspection'))),
  ]);
  return { imds, introspection };
}

function listener(
  world: World,
  clock: Clock,
  machine: Machine,
  service: 'imds' | 'introspection',
): RequestListener {
  return (request, response) => {
    request.resume();
    request.on('end', () => {
      answer(world, clock, machine, service, request, response).catch(() => response.destroy());
    });
  };
}

async function answer(
  world: World,
  clock: Clock,
  machine: Machine,
  service: 'imds' | 'introspection',
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  world.advance(clock.now());
  const path = request.url ?? '/';
  const instanceId = machine.id;
  const ask = () => {
    const said =
      service === 'imds'
        ? world.imds(instanceId, { method: request.method ?? 'GET', path, headers: flat(request) })
        : world.introspection(instanceId, path);
    return said && { ...said, headers: { ...headersOf(service), ...said.headers } };
  };

  const fault = takeFault(world, { service, instanceId, path });
  if (fault?.what === 'delay') {
    await clock.sleep(fault.ms);
    world.advance(clock.now());
  }
  const { answersAfter } = machine.ecsAgent;
  if (service === 'introspection' && answersAfter > 0) {
    // Until whoever asks has given up.
    if (answersAfter === Infinity) return;
    await clock.sleep(answersAfter);
    world.advance(clock.now());
  }
  if (!fault || fault.what === 'delay') {
    const said = ask();
    if (said) send(response, said);
    else request.socket.resetAndDestroy();
    return;
  }
  if (!actsAllTheSame(fault)) logRequest(world, service, path, `fault:${fault.what}`, { instanceId });
  const said = saidByHost(service, fault);
  if (said) send(response, said);
  else
    await sendFaulty(request, response, fault, clock, () => ask() ?? { status: 503, headers: {}, body: '' });
}

function saidByHost(service: 'imds' | 'introspection', fault: FaultKind) {
  const headers = headersOf(service);
  switch (fault.what) {
    case 'throttle':
      return { status: 429, headers, body: 'Too Many Requests' };
    case 'error':
      return { status: fault.status ?? 400, headers, body: fault.message ?? fault.name };
    case '5xx':
      return { status: fault.status ?? 503, headers, body: 'Service Unavailable' };
    default:
      return undefined;
  }
}

function headersOf(service: 'imds' | 'introspection'): Record<string, string> {
  return service === 'imds'
    ? // Metadata keeps no connection, whatever the client asks for.
      { 'content-type': 'text/plain', server: 'EC2ws', connection: 'close' }
    : { 'content-type': 'application/json' };
}

function flat(request: IncomingMessage): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return headers;
}

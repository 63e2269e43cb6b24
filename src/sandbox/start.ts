import type { AddressInfo } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Fleet } from './fleet.ts';
import { createApiServer } from './wire/api-server.ts';
import { createControl } from './wire/control.ts';
import { type HostPorts, openHostPorts } from './wire/host-servers.ts';
import { close, listen } from './wire/port.ts';
import type { TimelineEvent } from './world/timeline.ts';

/** The World on loopback: one API port, and for each instance a metadata port and an introspection port. */
export type Sandbox = {
  readonly apiUrl: string;
  /** All that has happened since the start, oldest first. */
  readonly timeline: readonly TimelineEvent[];
  imdsUrl(instanceId: string): string;
  introspectionUrl(instanceId: string): string;
  /** The environment that points the agent, an SDK or the AWS CLI at this instance's place in the World. */
  environment(instanceId: string): Record<string, string>;
  /** Resolves when every port is open or closed as the World now says: after instances were added or changed. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

export type SandboxOptions = {
  clock: Clock;
  /** The API's port; one that is free unless told. Always on the loopback address. */
  port?: number;
};

const host = '127.0.0.1';

export async function startSandbox(fleet: Fleet, options: SandboxOptions): Promise<Sandbox> {
  const { world } = fleet;
  const { clock, port = 0 } = options;
  const timeline: TimelineEvent[] = [];
  const stopListening = world.onEvent((event) => {
    timeline.push(event);
    if (movesPorts.has(event.type)) void settle();
  });
  const ports = new Map<string, HostPorts>();

  const portsOf = (instanceId: string): HostPorts => {
    const found = ports.get(instanceId);
    if (!found) throw new Error(`${instanceId} has no ports yet: await settled() after adding an instance.`);
    return found;
  };
  const environment = (instanceId: string) => ({
    AWS_REGION: world.options.region,
    // What boto3 and version 1 of the AWS CLI read.
    AWS_DEFAULT_REGION: world.options.region,
    AWS_ENDPOINT_URL: apiUrl,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: imdsUrl(instanceId),
    ECS_DRAIN_INTROSPECTION_URL: introspectionUrl(instanceId),
  });
  const imdsUrl = (instanceId: string) => `http://${host}:${portsOf(instanceId).imds.number}`;
  const introspectionUrl = (instanceId: string) =>
    `http://${host}:${portsOf(instanceId).introspection.number}`;

  // One after the other: a port that is just closing is not opened again before it has closed.
  const stopped = new AbortController();
  let settling = Promise.resolve();
  const settle = () => {
    // One that could not be opened fails whoever waits for it, and is tried again the next time.
    settling = settling.catch(() => {}).then(movePorts);
    settling.catch(() => {});
    return settling;
  };
  const movePorts = async () => {
    if (stopped.signal.aborted) return;
    for (const machine of world.machines.values()) {
      let own = ports.get(machine.id);
      if (!own) {
        own = await openHostPorts(world, clock, machine, host);
        ports.set(machine.id, own);
      }
      const { imds, ecsAgent } = machine;
      await own.imds.set(imds.started);
      const speaks = ecsAgent.up && ecsAgent.containerInstance !== undefined;
      await own.introspection.set(speaks || ecsAgent.impostor !== undefined);
    }
  };

  const control = createControl({
    fleet,
    timeline,
    environment: (instanceId) => (ports.has(instanceId) ? environment(instanceId) : {}),
    added: () => void settle(),
  });
  const api = createApiServer(world, clock, (request) => {
    const answer = control(request);
    void settle();
    return answer;
  });
  await listen(api, host, port);
  const apiUrl = `http://${host}:${(api.address() as AddressInfo).port}`;

  const ticking = tick(fleet, clock, stopped.signal, () => void settle());
  await settle();

  return {
    apiUrl,
    timeline,
    imdsUrl,
    introspectionUrl,
    environment,
    settled: () => {
      world.advance(clock.now());
      return settle();
    },
    close: async () => {
      stopped.abort();
      stopListening();
      await Promise.allSettled([ticking, settling]);
      const open = [...ports.values()].flatMap((own) => [own.imds.release(), own.introspection.release()]);
      await Promise.all([close(api), ...open]);
    },
  };
}

/** Lets things happen when their time has come, though nobody calls. */
async function tick(
  { world }: Fleet,
  clock: Clock,
  stopped: AbortSignal,
  changed: () => void,
): Promise<void> {
  let wake = new AbortController();
  const stop = () => wake.abort();
  stopped.addEventListener('abort', stop);
  world.queue.onEarlier = () => wake.abort();
  while (!stopped.aborted) {
    world.advance(clock.now());
    changed();
    wake = new AbortController();
    const next = world.nextEventAt();
    await clock.sleep(next === undefined ? aDay : Math.max(1, next - clock.now()), { signal: wake.signal });
  }
  world.queue.onEarlier = undefined;
  stopped.removeEventListener('abort', stop);
}

const movesPorts = new Set<TimelineEvent['type']>([
  'machine-launched',
  'machine-shutting-down',
  'machine-rebooted',
  'machine-hibernated',
  'machine-stopped',
  'ecs-agent',
  'imds',
]);

const aDay = 86_400_000;

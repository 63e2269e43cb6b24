import { clusterName, isCluster } from './arn.ts';
import { isoTime, parseTime } from './clock.ts';
import { isRecord, isText } from './shape.ts';
import { clip, messageOf, oneLine } from './text.ts';

/**
 * What one task needs that waits for room: a message of a demand queue. Whoever waits says it again and again, so what is
 * not repeated is not needed any more; cluster and key tell one from another.
 */
export type Demand = {
  /** The cluster's name. */
  readonly cluster: string;
  /** The Auto Scaling group that is to make room; undefined: any of the cluster. */
  readonly group: string | undefined;
  readonly key: string;
  /** CPU units and MiB of the whole task. */
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  /** One for a task of the network mode `awsvpc`. */
  readonly networkInterfaces: number;
  /** The host's ports that it binds. */
  readonly ports: readonly HostPort[];
  /** As in RunTask and in task definitions. */
  readonly constraints: readonly PlacementConstraint[];
  /** Since when it waits, in ms since the Unix epoch; undefined where the message does not say. */
  readonly since: number | undefined;
};

export type HostPort = { readonly port: number; readonly protocol: 'tcp' | 'udp' };

export type PlacementConstraint =
  | { readonly type: 'distinctInstance' }
  | { readonly type: 'memberOf'; readonly expression: string };

export type ParsedDemand =
  | { readonly kind: 'demand'; readonly demand: Demand }
  /** In words, as they follow on a colon. */
  | { readonly kind: 'unreadable'; readonly why: string };

/** The text of a message. `{"cluster":"batch","group_name":"workers","key":"k","cpu":1024,"memory":512,…}` */
export function demandMessage({ group, networkInterfaces, ports, since, ...demand }: Demand): string {
  return JSON.stringify({
    ...demand,
    ...(group !== undefined && { group_name: group }),
    ...(networkInterfaces > 0 && { network_interfaces: networkInterfaces }),
    ports: ports.map(({ port, protocol }) => (protocol === 'tcp' ? port : `${port}/${protocol}`)),
    ...(since !== undefined && { since: isoTime(since) }),
  });
}

/**
 * Reads a message, which anybody may have sent. Members that it does not know are passed over, and all but cluster, key,
 * cpu and memory may be missing. What `hako oneshot` publishes to SNS is understood too, also in SNS's own envelope.
 */
export function parseDemand(body: string): ParsedDemand {
  if (body.length > LONGEST) return unreadable(`it is longer than ${LONGEST} characters`);
  let value: unknown;
  try {
    value = JSON.parse(body);
    // SNS without raw message delivery.
    if (isRecord(value) && value.Type === 'Notification' && isText(value.Message))
      value = JSON.parse(value.Message);
  } catch (error) {
    return unreadable(`it is not JSON (${oneLine(clip(messageOf(error), 100))})`);
  }
  if (!isRecord(value)) return unreadable('it is no JSON object');
  const { cluster, group_name: group = null, key = value.hako_task_id, since = null } = value;
  if (!isText(cluster) || !isCluster(cluster))
    return wrong('cluster', cluster, 'the name or ARN of a cluster');
  if (group !== null && !(isText(group) && /^[^\s/:]{1,255}$/.test(group)))
    return wrong('group_name', group, 'the name of an Auto Scaling group');
  if (!isText(key) || key.length > 255) return wrong('key', key, 'a text of 1 to 255 characters');
  const { cpu, memory, gpu = 0, network_interfaces: networkInterfaces = 0 } = value;
  if (!isCount(cpu)) return wrong('cpu', cpu, 'CPU units, a whole number from 0');
  if (!isCount(memory)) return wrong('memory', memory, 'MiB, a whole number from 0');
  if (!isCount(gpu)) return wrong('gpu', gpu, 'a whole number from 0');
  if (!isCount(networkInterfaces))
    return wrong('network_interfaces', networkInterfaces, 'a whole number from 0');
  const { ports: givenPorts = [], constraints: givenConstraints = [] } = value;
  const ports = readAll(givenPorts, readPort);
  if (!ports) return wrong('ports', givenPorts, 'a list such as [8080, "53/udp"]');
  const constraints = readAll(givenConstraints, readConstraint);
  if (!constraints)
    return wrong(
      'constraints',
      givenConstraints,
      'a list such as [{"type": "distinctInstance"}], RunTask\'s',
    );
  const at = isText(since) ? parseTime(since) : undefined;
  if (since !== null && at === undefined) return wrong('since', since, 'a time in ISO 8601');
  return {
    kind: 'demand',
    demand: {
      cluster: clusterName(cluster),
      group: group ?? undefined,
      key,
      cpu,
      memory,
      gpu,
      networkInterfaces,
      ports,
      constraints,
      since: at,
    },
  };
}

/** Far beyond what a task can need. */
const LONGEST = 65_536;
const MOST = 10_000_000;
/** ECS takes 10 constraints, and 100 ports on an instance. */
const MOST_ITEMS = 100;

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST;

function readAll<T>(given: unknown, read: (one: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(given) || given.length > MOST_ITEMS) return undefined;
  const found = given.map(read);
  return found.every((one) => one !== undefined) ? found : undefined;
}

function readPort(given: unknown): HostPort | undefined {
  const [, digits = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(String(given)) ?? [];
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { port, protocol: protocol as 'tcp' | 'udp' } : undefined;
}

function readConstraint(given: unknown): PlacementConstraint | undefined {
  if (!isRecord(given)) return undefined;
  const { type, expression } = given;
  if (type === 'distinctInstance') return { type };
  return type === 'memberOf' && isText(expression) && expression.length <= 2_000
    ? { type, expression }
    : undefined;
}

const unreadable = (why: string): ParsedDemand => ({ kind: 'unreadable', why });

const wrong = (name: string, value: unknown, allowed: string): ParsedDemand =>
  unreadable(
    `${name} is ${value === undefined ? 'missing' : oneLine(clip(JSON.stringify(value), 100))}; it must be ${allowed}`,
  );

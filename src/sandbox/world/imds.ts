import { dateAt, isoTime } from '../../base/clock.ts';
import type { PlainResponse } from './ecs-agent.ts';
import type { Machine, ScheduledEvent, WorldState } from './state.ts';

export type ImdsRequest = {
  readonly method: string;
  readonly path: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
};

const longestTokenTtl = 21_600;
const tokenHeader = 'x-aws-ec2-metadata-token';
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';
const imageId = 'ami-0123456789abcdef0';

/** What the metadata service answers to one request; undefined = the connection is refused. Version 2 only. */
export function askImds(
  world: WorldState,
  machine: Machine,
  request: ImdsRequest,
): PlainResponse | undefined {
  const imds = machine.imds;
  if (!imds.started) return undefined;
  if (imds.forbidden) return forbidden;
  const path = request.path.split('?', 1)[0] as string;
  if (path === '/latest/api/token') return makeToken(world, machine, request);
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: '' };

  const token = request.headers[tokenHeader];
  const expiresAt = token === undefined ? undefined : imds.tokens.get(token);
  if (expiresAt === undefined || expiresAt <= world.now) return unauthorized;

  const body = documentAt(world, machine, decodePath(path));
  return body === undefined ? notFound : { status: 200, body };
}

function makeToken(world: WorldState, machine: Machine, request: ImdsRequest): PlainResponse {
  if (request.method !== 'PUT') return { status: 405, body: '' };
  // A forwarded PUT is how a misconfigured proxy would hand the credentials to strangers.
  if (request.headers['x-forwarded-for'] !== undefined) return forbidden;
  const ttl = request.headers[ttlHeader] ?? '';
  const seconds = /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
  if (seconds < 1 || seconds > longestTokenTtl) return { status: 400, body: 'Bad Request' };
  const token = `AQAEA${(++world.serial).toString(36).padStart(8, '0')}-${machine.id}==`;
  machine.imds.tokens.set(token, world.now + seconds * 1000);
  // The SDK for Go does not take a token without it.
  return { status: 200, body: token, headers: { [ttlHeader]: String(seconds) } };
}

/** What stands at a path, with a slash at its end or without. A folder is the list of what is in it. */
function documentAt(world: WorldState, machine: Machine, path: string): string | undefined {
  const place = path.endsWith('/') ? path.slice(0, -1) : path;
  if (place.startsWith(metaData)) {
    const name = place.slice(metaData.length);
    if (name === tagFolder) return machine.imds.tags ? tagKeys(world, machine) : undefined;
    return metadataAt(world, machine, name) ?? tagAt(machine, name) ?? folderAt(world, machine, place);
  }
  if (place === identityPath)
    return identityDocument(world, machine, machine.imds.claimsInstanceId ?? machine.id);
  return folderAt(world, machine, place);
}

const metaData = '/latest/meta-data/';
const identityPath = '/latest/dynamic/instance-identity/document';

/** Everything under `/latest/meta-data` that can be there, but for the tags. */
const metadataNames = [
  'ami-id',
  'autoscaling/target-lifecycle-state',
  'events/maintenance/history',
  'events/maintenance/scheduled',
  'events/recommendations/rebalance',
  'hostname',
  'iam/info',
  'iam/security-credentials',
  'instance-id',
  'instance-life-cycle',
  'instance-type',
  'local-hostname',
  'local-ipv4',
  'placement/availability-zone',
  'placement/region',
  'services/domain',
  'services/partition',
  'spot/instance-action',
] as const;

function metadataAt(world: WorldState, machine: Machine, name: string): string | undefined {
  const { imds } = machine;
  switch (name as (typeof metadataNames)[number]) {
    case 'ami-id':
      return imageId;
    case 'autoscaling/target-lifecycle-state':
      return imds.targetLifecycleState;
    case 'events/maintenance/history':
      return '[]';
    case 'events/maintenance/scheduled':
      return JSON.stringify(imds.scheduledEvents.map(describeScheduled));
    case 'events/recommendations/rebalance':
      return imds.rebalanceNoticeAt === undefined
        ? undefined
        : JSON.stringify({ noticeTime: wholeSeconds(imds.rebalanceNoticeAt) });
    case 'hostname':
    case 'local-hostname':
      return `ip-${machine.privateIp.replaceAll('.', '-')}.${world.options.region}.compute.internal`;
    case 'iam/info':
      return world.now < imds.credentialsFrom ? undefined : profile(world, imds.roleName);
    case 'iam/security-credentials':
      return world.now < imds.credentialsFrom ? undefined : imds.roleName;
    case 'instance-id':
      return imds.claimsInstanceId ?? machine.id;
    case 'instance-life-cycle':
      return imds.spotAction ? 'spot' : 'on-demand';
    case 'instance-type':
      return machine.instanceType;
    case 'local-ipv4':
      return machine.privateIp;
    case 'placement/availability-zone':
      return machine.availabilityZone;
    case 'placement/region':
      return world.options.region;
    case 'services/domain':
      return 'amazonaws.com';
    case 'services/partition':
      return 'aws';
    case 'spot/instance-action':
      return imds.spotAction && instanceAction(imds.spotAction);
  }
  if (name !== `iam/security-credentials/${imds.roleName}`) return undefined;
  return world.now < imds.credentialsFrom ? undefined : credentials(world, imds.accessKeyId);
}

/** One name a line, those of folders with a slash; undefined where there is nothing. */
function folderAt(world: WorldState, machine: Machine, folder: string): string | undefined {
  const there = metadataNames.filter((name) => metadataAt(world, machine, name) !== undefined);
  const paths = [
    identityPath,
    ...there.map((name) => `${metaData}${name}${name === 'iam/security-credentials' ? '/' : ''}`),
    ...(machine.imds.tags && tagKeys(world, machine) !== undefined ? [`${metaData}${tagFolder}/`] : []),
  ];
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(`${folder}/`)) continue;
    const [name, ...rest] = path.slice(folder.length + 1).split('/');
    names.add(rest.length > 0 ? `${name}/` : (name ?? ''));
  }
  return names.size === 0 ? undefined : [...names].sort().join('\n');
}

const tagFolder = 'tags/instance';

function tagAt(machine: Machine, name: string): string | undefined {
  return name.startsWith(`${tagFolder}/`) ? shownTag(machine, name.slice(tagFolder.length + 1)) : undefined;
}

/** The value of a tag as metadata shows it: what was changed may show minutes later only. */
export function shownTag({ imds, tags }: Machine, key: string): string | undefined {
  if (!imds.tags) return undefined;
  const lagging = imds.laggingTags.get(key);
  return lagging ? lagging.value : tags.get(key);
}

/** One key a line; with no tag at all the folder may be there or not. */
function tagKeys({ options }: WorldState, machine: Machine): string | undefined {
  const all = new Set([...machine.tags.keys(), ...machine.imds.laggingTags.keys()]);
  const shown = [...all].filter((key) => shownTag(machine, key) !== undefined);
  return shown.length === 0 && options.emptyTagFolder === 'missing' ? undefined : shown.join('\n');
}

function instanceAction({ action, time }: { action: string; time: number }): string {
  return JSON.stringify({ action, time: wholeSeconds(time) });
}

function identityDocument(world: WorldState, machine: Machine, instanceId: string): string {
  return JSON.stringify(
    {
      accountId: world.options.accountId,
      architecture: 'x86_64',
      availabilityZone: machine.availabilityZone,
      imageId,
      instanceId,
      instanceType: machine.instanceType,
      pendingTime: wholeSeconds(machine.launchedAt),
      privateIp: machine.privateIp,
      region: world.options.region,
      version: '2017-09-30',
    },
    undefined,
    2,
  );
}

function credentials(world: WorldState, accessKeyId: string): string {
  return JSON.stringify({
    Code: 'Success',
    LastUpdated: wholeSeconds(world.now),
    Type: 'AWS-HMAC',
    AccessKeyId: accessKeyId,
    SecretAccessKey: 'sandbox-secret-that-nothing-verifies',
    Token: 'sandbox-session-token',
    Expiration: wholeSeconds(world.now + 6 * 3_600_000),
  });
}

function profile(world: WorldState, roleName: string): string {
  return JSON.stringify({
    Code: 'Success',
    LastUpdated: wholeSeconds(world.now),
    InstanceProfileArn: `arn:aws:iam::${world.options.accountId}:instance-profile/${roleName}`,
    InstanceProfileId: 'AIPASANDBOX0000000001',
  });
}

/** As the EC2 user guide shows it ("Scheduled events for your instances"). */
function describeScheduled({ id, code, description, notBefore, notAfter }: ScheduledEvent) {
  return {
    NotBefore: httpTime(notBefore),
    Code: code,
    Description: description,
    EventId: id,
    ...(notAfter === undefined ? {} : { NotAfter: httpTime(notAfter) }),
    State: 'active',
  };
}

/** `2 Jan 2026 03:04:05 GMT`: like the time in an HTTP header, without the day of the week. */
function httpTime(at: number): string {
  return dateAt(at)
    .toUTCString()
    .replace(/^\w+, 0?/, '');
}

/** IMDS writes times without a fraction of the second. */
function wholeSeconds(at: number): string {
  return isoTime(at).replace(/\.\d+Z$/, 'Z');
}

function decodePath(path: string): string {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const notFound: PlainResponse = { status: 404, body: '404 - Not Found' };
const unauthorized: PlainResponse = { status: 401, body: '401 - Unauthorized' };
const forbidden: PlainResponse = { status: 403, body: '403 - Forbidden' };

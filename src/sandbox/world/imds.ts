import { isoTime } from '../../base/clock.ts';
import type { PlainResponse } from './ecs-agent.ts';
import type { Machine, WorldState } from './state.ts';

export type ImdsRequest = {
  readonly method: string;
  readonly path: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
};

const longestTokenTtl = 21_600;
const tokenHeader = 'x-aws-ec2-metadata-token';

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
  const ttl = request.headers['x-aws-ec2-metadata-token-ttl-seconds'] ?? '';
  const seconds = /^\d{1,5}$/.test(ttl) ? Number(ttl) : 0;
  if (seconds < 1 || seconds > longestTokenTtl) return { status: 400, body: 'Bad Request' };
  const token = `AQAEA${(++world.serial).toString(36).padStart(8, '0')}-${machine.id}==`;
  machine.imds.tokens.set(token, world.now + seconds * 1000);
  return { status: 200, body: token };
}

function documentAt(world: WorldState, machine: Machine, path: string): string | undefined {
  const imds = machine.imds;
  const claimed = imds.claimsInstanceId ?? machine.id;
  switch (path) {
    case '/latest/meta-data/instance-id':
      return claimed;
    case '/latest/meta-data/instance-type':
      return machine.instanceType;
    case '/latest/meta-data/local-ipv4':
      return machine.privateIp;
    case '/latest/meta-data/placement/region':
      return world.options.region;
    case '/latest/meta-data/placement/availability-zone':
      return machine.availabilityZone;
    case '/latest/dynamic/instance-identity/document':
      return identityDocument(world, machine, claimed);
    case '/latest/meta-data/autoscaling/target-lifecycle-state':
      return imds.targetLifecycleState;
    case '/latest/meta-data/spot/instance-action':
      return imds.spotAction && instanceAction(imds.spotAction);
    case '/latest/meta-data/events/recommendations/rebalance':
      return imds.rebalanceNoticeAt === undefined
        ? undefined
        : JSON.stringify({ noticeTime: wholeSeconds(imds.rebalanceNoticeAt) });
    case '/latest/meta-data/iam/security-credentials':
    case '/latest/meta-data/iam/security-credentials/':
      return world.now < imds.credentialsFrom ? undefined : imds.roleName;
    case `/latest/meta-data/iam/security-credentials/${imds.roleName}`:
      return world.now < imds.credentialsFrom ? undefined : credentials(world, imds.accessKeyId);
    case '/latest/meta-data/tags/instance':
    case '/latest/meta-data/tags/instance/':
      return imds.tags ? tagKeys(world, machine) : undefined;
    default:
      return tagAt(machine, path);
  }
}

const tagFolder = '/latest/meta-data/tags/instance/';

function tagAt(machine: Machine, path: string): string | undefined {
  return path.startsWith(tagFolder) ? shownTag(machine, path.slice(tagFolder.length)) : undefined;
}

/** The value of a tag as metadata shows it: one that was removed may be shown for minutes still. */
export function shownTag({ imds, tags }: Machine, key: string): string | undefined {
  return imds.tags ? (tags.get(key) ?? imds.removedTags.get(key)) : undefined;
}

/** One key a line; with no tag at all the folder may be there or not. */
function tagKeys({ options }: WorldState, { tags, imds }: Machine): string | undefined {
  const keys = new Set([...tags.keys(), ...imds.removedTags.keys()]);
  return keys.size === 0 && options.emptyTagFolder === 'missing' ? undefined : [...keys].join('\n');
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
      imageId: 'ami-0123456789abcdef0',
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

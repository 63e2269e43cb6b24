import type { Environment } from '../base/environment.ts';
import { ifKnown, known, type Reading, unknown } from '../base/reading.ts';
import { messageOf } from '../base/text.ts';
import { type Http, withoutTrailingSlashes } from '../host/http.ts';
import { isInstanceId } from './instance-id.ts';

const DEFAULT_ENDPOINT = 'http://169.254.169.254';
const IPV6_ENDPOINT = 'http://[fd00:ec2::254]';
/** The longest that IMDS grants, in seconds. */
const TOKEN_TTL_SECONDS = 21_600;
/** Longer than the time between two polls: Node would wake for the end of each, in vain. */
const TIMEOUT_MS = 4_000;
const MAX_BYTES = 64 * 1024;

/** The instance's metadata, version 2 only. */
export type Imds = {
  /**
   * Reads one path below `/latest`. A known `undefined` is a 404, "not there". No answer, or one that makes no
   * sense, is unknown.
   */
  get(path: string): Promise<Reading<string | undefined>>;
};

/** The endpoint that the AWS SDK would use too. */
export function imdsEndpoint(environment: Environment): string {
  const endpoint = environment.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  if (endpoint) return withoutTrailingSlashes(endpoint);
  return endpointMode(environment) === 'IPv6' ? IPV6_ENDPOINT : DEFAULT_ENDPOINT;
}

/**
 * By which protocol metadata is asked, as the SDK for JavaScript spells it; undefined where nothing says so. Those of other
 * languages take it in small letters too, but this one would find no credentials then.
 */
export function endpointMode(environment: Environment): 'IPv4' | 'IPv6' | undefined {
  const mode = environment.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE;
  if (!mode) return undefined;
  return mode.toLowerCase() === 'ipv6' ? 'IPv6' : 'IPv4';
}

export function createImds(http: Http, endpoint: string, stop?: AbortSignal): Imds {
  let token: string | undefined;
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal: stop };

  async function newToken(): Promise<string> {
    const { status, body } = await http({
      method: 'PUT',
      url: `${endpoint}/latest/api/token`,
      headers: { 'X-aws-ec2-metadata-token-ttl-seconds': String(TOKEN_TTL_SECONDS) },
      ...limits,
    });
    if (status === 403) throw new Error('IMDS is switched off for this instance (403)');
    // The token becomes a header: anything but one printable word is no token.
    if (status !== 200 || !/^[\x21-\x7e]{1,1024}$/.test(body)) {
      throw new Error(`IMDS gave no session token (HTTP ${status})`);
    }
    return body;
  }

  async function getWithToken(path: string) {
    token ??= await newToken();
    const headers = { 'X-aws-ec2-metadata-token': token };
    return http({ method: 'GET', url: `${endpoint}/latest/${path}`, headers, ...limits });
  }

  return {
    get: async (path) => {
      try {
        let response = await getWithToken(path);
        if (response.status === 401) {
          token = undefined;
          response = await getWithToken(path);
        }
        if (response.status === 200) return known(response.body);
        if (response.status === 404) return known(undefined);
        return unknown(`IMDS answered HTTP ${response.status} for ${path}`);
      } catch (error) {
        return unknown(`asking IMDS for ${path}: ${messageOf(error)}`);
      }
    },
  };
}

/** Who this instance is: the only source of the instance id that any mutating call names. */
export type Identity = { readonly instanceId: string; readonly region: string };

/**
 * Reads the instance's own id and Region.
 *
 * @param regionGiven the Region that the environment gives, which then is not asked for
 */
export async function readIdentity(imds: Imds, regionGiven?: string): Promise<Reading<Identity>> {
  const instanceId = await readInstanceId(imds);
  if (instanceId.kind === 'unknown') return instanceId;
  const region = regionGiven ? known(regionGiven) : await readRegion(imds);
  if (region.kind === 'unknown') return region;
  return known({ instanceId: instanceId.value, region: region.value });
}

/** Reads the instance's own Region. */
export async function readRegion(imds: Imds): Promise<Reading<string>> {
  const region = await imds.get('meta-data/placement/region');
  if (region.kind === 'unknown') return region;
  if (region.value && /^[a-z0-9-]{1,40}$/.test(region.value)) return known(region.value);
  return unknown('IMDS names no Region; set AWS_REGION');
}

/**
 * What is wrong where the Region that is asked is not the instance's own, in which its cluster and its group are, as where the
 * configuration came with an image of another Region; undefined where it is, or metadata does not tell.
 */
export async function readOtherRegion(imds: Imds, region: string): Promise<string | undefined> {
  const own = ifKnown(await readRegion(imds));
  return own === undefined || own === region
    ? undefined
    : `AWS_REGION or AWS_DEFAULT_REGION is ${region}, and this instance is in ${own}, as its cluster and its group are: none of them will be found`;
}

/** Reads the instance's own id. */
export async function readInstanceId(imds: Imds): Promise<Reading<string>> {
  const id = await imds.get('meta-data/instance-id');
  if (id.kind === 'unknown') return id;
  return id.value !== undefined && isInstanceId(id.value)
    ? known(id.value)
    : unknown('IMDS names no instance id');
}

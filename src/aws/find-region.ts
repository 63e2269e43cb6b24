import { type Environment, regionIn } from '../base/environment.ts';
import { known, type Reading, unknown } from '../base/reading.ts';
import { readSharedRegion } from '../config/shared-region.ts';
import type { Http } from '../host/http.ts';
import { createImds, imdsEndpoint, readRegion } from './imds.ts';

/**
 * The Region of a program that need not run on an EC2 instance: the one that is given, that of the environment, that of
 * the AWS CLI's files, else this instance's own.
 */
export async function findRegion(
  given: string | undefined,
  environment: Environment,
  http: Http,
): Promise<Reading<string>> {
  const named = given ?? regionIn(environment);
  if (named) return known(named);
  const shared = readSharedRegion(environment);
  if (shared !== undefined) return known(shared);
  const own = await readRegion(createImds(http, imdsEndpoint(environment)));
  if (own.kind === 'known') return own;
  return unknown(`it is not set, nor is AWS_REGION, the AWS configuration files name none, and ${own.cause}`);
}

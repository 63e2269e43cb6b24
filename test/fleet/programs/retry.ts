import type { Clock } from '../../../src/base/clock.ts';
import type { Random } from '../../simulation/random.ts';
import { SECOND } from '../scenario.ts';
import { isThrottling } from './host.ts';

/** Three attempts with exponential pauses and full jitter: what the AWS SDKs do unless told otherwise. */
export async function asTheSdkRetries<T>(clock: Clock, random: Random, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === ATTEMPTS || !mayPass(error)) throw error;
      const first = isThrottling(error) ? 500 : 100;
      await clock.sleep(Math.round(random.next() * first * 2 ** (attempt - 1)));
    }
  }
}

/** Until the next round, in ms: 10 s, a little more or less, or the same would always come too late. */
export const pause = (random: Random): number => Math.round(10 * SECOND * (0.9 + 0.2 * random.next()));

const ATTEMPTS = 3;

const mayPass = (error: unknown) =>
  isThrottling(error) || (error instanceof Error && '$fault' in error && error.$fault === 'server');

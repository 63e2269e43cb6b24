import type { Clock } from '../../base/clock.ts';
import { classify } from '../errors.ts';
import { limitAnswers } from './answer-limit.ts';
import { createRefreshPace } from './refresh-pace.ts';

/** What a module of one AWS service exports: how to make its client, and the SDK's commands that a program uses. */
export type SdkModule = {
  readonly createClient: (config: object) => unknown;
  readonly [name: `${string}Command`]: Command<object, object>;
};

/** The modules of AWS services, by the prefix that IAM gives their actions. */
export type SdkModules = Readonly<Record<string, () => Promise<SdkModule>>>;

/** An SDK command's class, as far as its types tell what AWS is asked and answers. */
export type Command<I, O> = new (
  input: never,
) => { readonly input: I; resolveMiddleware(...args: never): (args: never) => Promise<{ output: O }> };

/** Makes one attempt at one call, and a second only where the first has told AWS's time. Rejects with what the SDK throws, or with the signal's reason. */
export type Send = (operation: string, input: object, signal: AbortSignal) => Promise<unknown>;

/** How long a call waits for new credentials, in ms, before it is sent with those that were there. */
const REFRESH_TIMEOUT_MS = 3_000;

/** By how much the clock must have been wrong for AWS to refuse a signature, in ms: it takes one for 5 minutes, and its answer took a moment. */
const REFUSED_SKEW_MS = 240_000;

/**
 * One AWS service. Its client is replaced by a new one, with credentials that are asked of instance metadata anew, once
 * AWS has refused those of the old one or forbidden a call: the SDK itself keeps its credentials until shortly before
 * their Expiration, hours after the role was made anew or the instance profile exchanged.
 *
 * A new client, and not the SDK's `forceRefresh`: an answer of metadata that is cut off leaves the SDK's credential
 * chain waiting for ever, and every later question waits with it.
 */
export function createService(
  module: SdkModule,
  config: object,
  ports: { readonly clock: Clock; readonly random: () => number },
): Send {
  const { clock } = ports;
  const pace = createRefreshPace(ports);
  let client = createClient(module, config);
  let refreshing: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    const timeout = new AbortController();
    const { requestHandler, systemClockOffset } = client.config;
    // `ignoreCache`: credentials files are read anew as well.
    const fresh = createClient(module, { ...config, requestHandler, systemClockOffset, ignoreCache: true });
    const isReady = await Promise.race([
      fresh.config.credentials().then(
        () => true,
        () => false,
      ),
      clock.sleep(REFRESH_TIMEOUT_MS, { signal: timeout.signal }).then(() => false),
    ]);
    timeout.abort();
    // Where none are to be had, the old ones may still do for other calls.
    if (isReady) client = fresh;
  }

  return async (operation, input, signal) => {
    const name = operation.slice(operation.indexOf(':') + 1);
    const Command = module[`${name}Command`] as (new (input: object) => unknown) | undefined;
    if (!Command) throw new Error(`no SDK command for ${operation}`);
    if (pace.isDue()) {
      pace.begun();
      refreshing = refresh().finally(() => {
        refreshing = undefined;
      });
    }
    if (refreshing) await unlessAborted(refreshing, signal);
    const used = client;
    try {
      await unlessAborted(used.config.credentials(), signal);
    } catch (error) {
      if (signal.aborted) pace.doubt('silent');
      throw error;
    }
    try {
      return await sendAtAwsTime(used, operation, () => new Command(input), signal);
    } catch (error) {
      const { kind } = classify(operation, error);
      if (used === client) {
        if (kind === 'credentials') pace.doubt('refused');
        if (kind === 'permission') pace.doubt('denied');
      }
      throw error;
    }
  };
}

/**
 * Sends a command; and once more, at once, where AWS has refused the signature because this host's clock is wrong. The SDK takes
 * AWS's own time from that answer and signs with it from then on: it is no matter of credentials.
 */
async function sendAtAwsTime(
  client: Client,
  operation: string,
  command: () => unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const before = client.config.systemClockOffset;
  try {
    return await client.send(command(), { abortSignal: signal });
  } catch (error) {
    const isCorrected = Math.abs(client.config.systemClockOffset - before) >= REFUSED_SKEW_MS;
    if (!isCorrected || classify(operation, error).kind !== 'credentials') throw error;
    return await client.send(command(), { abortSignal: signal });
  }
}

/** What is used of an SDK client; the SDK types each service's apart. */
type Client = {
  send(command: unknown, options: { abortSignal: AbortSignal }): Promise<unknown>;
  readonly config: {
    readonly requestHandler: unknown;
    readonly credentials: () => Promise<unknown>;
    /** How far AWS's time is ahead of this host's, in ms, as the SDK last learnt. */
    readonly systemClockOffset: number;
  };
  readonly middlewareStack: Parameters<typeof limitAnswers>[0];
};

function createClient(module: SdkModule, config: object): Client {
  const client = module.createClient(config) as Client;
  limitAnswers(client.middlewareStack);
  return client;
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

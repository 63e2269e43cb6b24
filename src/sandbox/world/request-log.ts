/** One request that the World was asked. `at` is in ms since the Unix epoch. */
export type RequestRecord = {
  readonly at: number;
  /** `ecs:ListTasks` for an API, `imds` or `introspection` for the two on the instance. */
  readonly api: string;
  /** The instance that called, where its access key or its address tells; else the one that the call names. */
  readonly instanceId: string | undefined;
  readonly accessKeyId: string | undefined;
  /** The call's input, or the path of a request to IMDS or the ECS agent. */
  readonly input: unknown;
  /**
   * `ok`, the error's name, the status of a metadata request that was not 200, `throttled` beyond the account's limits, or
   * `fault:WHAT`.
   */
  readonly outcome: string;
};

export type RequestLog = {
  /** Undefined in the counting mode. */
  readonly entries: RequestRecord[] | undefined;
  /** Number of requests by API. */
  readonly counts: Map<string, number>;
  /** How many of them were beyond the account's limits, by API. */
  readonly throttled: Map<string, number>;
};

export function createRequestLog(mode: 'entries' | 'counts'): RequestLog {
  return { entries: mode === 'entries' ? [] : undefined, counts: new Map(), throttled: new Map() };
}

export function logRequest(
  world: { readonly now: number; readonly requestLog: RequestLog },
  api: string,
  input: unknown,
  outcome: string,
  caller: { instanceId?: string | undefined; accessKeyId?: string | undefined },
): void {
  const log = world.requestLog;
  countUp(log.counts, api);
  if (outcome === 'throttled') countUp(log.throttled, api);
  if (!log.entries) return;
  const instanceId = caller.instanceId ?? instanceNamedIn(input);
  log.entries.push({ at: world.now, api, instanceId, accessKeyId: caller.accessKeyId, input, outcome });
}

function countUp(counts: Map<string, number>, api: string): void {
  counts.set(api, (counts.get(api) ?? 0) + 1);
}

function instanceNamedIn(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('InstanceId' in input)) return undefined;
  return typeof input.InstanceId === 'string' ? input.InstanceId : undefined;
}

/** One plain HTTP request to a service on this host or on the link (IMDS, the ECS agent). */
export type HttpRequest = {
  readonly method: 'GET' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The whole exchange, body included, must end within this many ms. */
  readonly timeoutMs: number;
  /** A body larger than this many bytes is a failure: nothing that this program reads is large. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
};

export type HttpResponse = { readonly status: number; readonly body: string };

/**
 * Sends one request. Redirects are not followed and every status is a value; it rejects only when no complete
 * answer came (refused, reset, timed out, too large, aborted).
 */
export type Http = (request: HttpRequest) => Promise<HttpResponse>;

/** An endpoint as it was configured, without slashes at its end: paths that begin with one are put behind it. */
export function withoutTrailingSlashes(endpoint: string): string {
  let end = endpoint.length;
  while (endpoint[end - 1] === '/') end--;
  return endpoint.slice(0, end);
}

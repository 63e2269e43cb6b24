import type { Clock } from '../base/clock.ts';
import type { Http, HttpRequest, HttpResponse } from './http.ts';

// Not imported: an import reads every export, and one of them loads Node's whole fetch, about 13 MB.
const { request: send } = process.getBuiltinModule('node:http');

/** The `Http` port on Node's own client: no redirects, no proxy, no connection kept. */
export function createNodeHttp(clock: Clock): Http {
  return async (request) => {
    const done = new AbortController();
    const exchange = new AbortController();
    const abort = () => exchange.abort();
    request.signal?.addEventListener('abort', abort, { once: true });
    if (request.signal?.aborted) abort();
    const timeout = clock.sleep(request.timeoutMs, { signal: done.signal }).then(abort);
    try {
      return await exchangeOnce(request, exchange.signal);
    } catch (cause) {
      if (!exchange.signal.aborted || request.signal?.aborted) throw cause;
      throw new Error(`no complete answer in ${request.timeoutMs} ms`, { cause });
    } finally {
      done.abort();
      await timeout;
      request.signal?.removeEventListener('abort', abort);
    }
  };
}

function exchangeOnce(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const { method, url, headers = {}, maxBytes } = request;
    const outgoing = send(url, { method, headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) response.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        // 'end' also comes for a body that was cut off before its announced length.
        if (response.complete)
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
        else reject(new Error('the connection closed in the middle of the answer'));
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

import type { Clock } from '../base/clock.ts';
import type { Http, HttpRequest, HttpResponse } from './http.ts';

// Not imported, for where the sources run as they are: an import reads every export, and one of them loads all of fetch.
const { Agent, request: send } = process.getBuiltinModule('node:http');

/** Without it Node makes a new one for each request. Metadata closes every connection after its answer. */
const agent = new Agent({ keepAlive: false });

/** The `Http` port on Node's own client: no redirects, no proxy, no connection kept. */
export function createNodeHttp(clock: Clock): Http {
  return async (request) => {
    const { signal, timeoutMs } = request;
    signal?.throwIfAborted();
    const { answer, cancel } = begin(request);
    const done = new AbortController();
    const giveUp = () => cancel(signal?.reason);
    signal?.addEventListener('abort', giveUp, { once: true });
    void clock.sleep(timeoutMs, { signal: done.signal }).then(() => {
      if (!done.signal.aborted) cancel(new Error(`no complete answer in ${timeoutMs} ms`));
    });
    try {
      return await answer;
    } finally {
      done.abort(DONE);
      signal?.removeEventListener('abort', giveUp);
    }
  };
}

/** In the place of an error with a stack, which nobody would read. */
const DONE = 'done';

/** A proxy may send one or two before its answer. Without an end they would keep the process busy until the time-out. */
const MAX_INFORMATIONAL = 10;
/**
 * The largest body in the smallest segments that TCP may send has a third of that. In pieces of one byte it would keep
 * the process busy until the time-out.
 */
const MAX_PIECES = 50_000;

type Exchange = {
  readonly answer: Promise<HttpResponse>;
  /** The answer is rejected with `why`, and the connection closed. */
  readonly cancel: (why: Error) => void;
};

function begin({ method, url, headers = {}, maxBytes }: HttpRequest): Exchange {
  const { promise: answer, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const outgoing = send(url, { method, headers, agent }, (response) => {
    const tooLarge = () => response.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
    const body = collect();
    let pieces = 0;
    response.on('data', (chunk: Buffer) => {
      if (body.length() + chunk.length > maxBytes) tooLarge();
      else if (++pieces > MAX_PIECES)
        response.destroy(new Error(`the answer is in more than ${MAX_PIECES} pieces`));
      else body.add(chunk);
    });
    response.on('end', () => {
      // 'end' also comes for a body that was cut off before its announced length.
      if (response.complete) resolve({ status: response.statusCode ?? 0, body: body.text() });
      else reject(new Error('the connection closed in the middle of the answer'));
    });
    response.on('error', reject);
    if (Number(response.headers['content-length']) > maxBytes) tooLarge();
  });
  let informational = 0;
  outgoing.on('information', () => {
    if (++informational > MAX_INFORMATIONAL)
      outgoing.destroy(new Error('informational responses, and no answer'));
  });
  // Nobody asked for another protocol. Without a listener Node drops the request, and tells nobody.
  outgoing.on('upgrade', (_response, socket) => {
    socket.destroy();
    reject(new Error('another protocol, and no answer'));
  });
  outgoing.on('error', reject);
  outgoing.end();
  return {
    answer,
    cancel: (why) => {
      // Whatever Node drops without a word: a question that never ends is never asked again.
      reject(why);
      outgoing.destroy(why);
    },
  };
}

/** Most answers of metadata are one word. */
const FIRST_BLOCK_BYTES = 512;
const BLOCK_BYTES = 64 * 1024;

/**
 * Puts the pieces of a body together. Each is copied: one kept as it comes holds on to all that was received with it,
 * and a body can be sent in pieces of one byte.
 */
function collect() {
  const full: Buffer[] = [];
  let block = Buffer.allocUnsafe(FIRST_BLOCK_BYTES);
  let used = 0;
  let length = 0;
  return {
    length: () => length,
    add: (piece: Buffer) => {
      length += piece.length;
      for (let at = 0; at < piece.length; ) {
        if (used === block.length) {
          full.push(block);
          block = Buffer.allocUnsafe(BLOCK_BYTES);
          used = 0;
        }
        const copied = piece.copy(block, used, at);
        used += copied;
        at += copied;
      }
    },
    text: () =>
      full.length === 0
        ? block.toString('utf8', 0, used)
        : Buffer.concat([...full, block.subarray(0, used)]).toString(),
  };
}

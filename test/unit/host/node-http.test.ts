import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { createNodeHttp } from '../../../src/host/node-http.ts';
import { createVirtualClock, settled } from '../../support/virtual-clock.ts';

const limits = { timeoutMs: 5_000, maxBytes: 1_000 };
const http = createNodeHttp(systemClock);

describe('one plain request', () => {
  test('has its headers, its method, and the whole answer', async (t) => {
    const url = await listen(t, (request, response) => {
      response.writeHead(418).end(`${request.method} ${request.url} ${request.headers['x-a']}`);
    });
    const headers = { 'X-A': 'b' };
    assert.deepEqual(await http({ method: 'PUT', url: `${url}/x?y`, headers, ...limits }), {
      status: 418,
      body: 'PUT /x?y b',
    });
  });

  test('does not follow a redirect: it could lead anywhere', async (t) => {
    const asked: string[] = [];
    const url = await listen(t, (request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    assert.equal((await http({ method: 'GET', url, ...limits })).status, 302);
    assert.deepEqual(asked, ['/']);
  });

  test('fails at a body that is too large', async (t) => {
    const url = await listen(t, (_request, response) => void response.end('x'.repeat(1_001)));
    await assert.rejects(http({ method: 'GET', url, ...limits }), {
      message: 'the answer is larger than 1000 bytes',
    });
  });

  test('fails at a body that is cut off', async (t) => {
    const url = await listen(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    await assert.rejects(http({ method: 'GET', url, ...limits }));
  });

  test('fails where nobody listens', async () => {
    await assert.rejects(http({ method: 'GET', url: 'http://127.0.0.1:1', ...limits }), {
      code: 'ECONNREFUSED',
    });
  });

  test('ends when its caller gives up', async (t) => {
    const stop = new AbortController();
    const url = await listen(t, () => stop.abort());
    await assert.rejects(http({ method: 'GET', url, ...limits, signal: stop.signal }), {
      name: 'AbortError',
    });
  });

  test('is not even begun when its caller has given up before', async (t) => {
    let asked = 0;
    const url = await listen(t, () => asked++);
    await assert.rejects(http({ method: 'GET', url, ...limits, signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
    assert.equal(asked, 0);
  });

  test('ends when its time is up, be it in the middle of the answer', async (t) => {
    const clock = createVirtualClock();
    const begun = Promise.withResolvers<void>();
    const url = await listen(t, (_request, response) => {
      response.writeHead(200);
      response.write('a drop', () => begun.resolve());
    });
    const answer = createNodeHttp(clock)({ method: 'GET', url, ...limits }).catch((error) => error);
    await begun.promise;
    clock.step();
    await settled();
    assert.equal((await answer).message, 'no complete answer in 5000 ms');
  });
});

describe('a server that breaks the rules fails its request at once, and holds up nothing else', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  for (const [what, said, message] of [
    [
      'headers without an end',
      `${ok}${`x-a: ${'y'.repeat(8_000)}\r\n`.repeat(4)}`,
      /^Parse Error: Header overflow$/,
    ],
    ['one endless header', `${ok}x-a: ${'y'.repeat(40_000)}`, /^Parse Error: Header overflow$/],
    [
      'informational responses without an end',
      'HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n'.repeat(11),
      /^informational responses, and no answer$/,
    ],
    [
      'an announced length that is too large, and nothing else',
      `${ok}content-length: 1001\r\n\r\n`,
      /^the answer is larger than 1000 bytes$/,
    ],
    [
      'a piece without an end',
      `${ok}transfer-encoding: chunked\r\n\r\nffffff\r\n${'z'.repeat(1_001)}`,
      /^the answer is larger than 1000 bytes$/,
    ],
    [
      'many pieces',
      `${ok}transfer-encoding: chunked\r\n\r\n${'1\r\nz\r\n'.repeat(1_001)}`,
      /^the answer is larger than 1000 bytes$/,
    ],
    [
      'a piece with an extension without an end',
      `${ok}transfer-encoding: chunked\r\n\r\n1;${'e'.repeat(20_000)}`,
      /^Parse Error: Chunk extensions overflow$/,
    ],
    [
      'trailers without an end',
      `${ok}transfer-encoding: chunked\r\n\r\n0\r\n${`x-a: ${'y'.repeat(8_000)}\r\n`.repeat(4)}`,
      /^Parse Error: Header overflow$/,
    ],
    ['two lengths', `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`, /^Parse Error/],
    ['more than the announced length', `${ok}content-length: 1\r\n\r\nxx`, /^Parse Error/],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', /^Parse Error: Expected HTTP\//],
    [
      'a switch to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      /^another protocol, and no answer$/,
    ],
  ] as const) {
    test(what, { timeout: 10_000 }, async (t) => {
      const gone = Promise.withResolvers<void>();
      const url = await speak(t, (socket) => {
        socket.on('close', () => gone.resolve());
        socket.write(said);
      });
      // The clock never moves: it does not take a time-out to end any of these.
      const patient = createNodeHttp(createVirtualClock());
      await assert.rejects(patient({ method: 'GET', url, ...limits }), { message });
      await gone.promise;
    });
  }

  test('a large body in pieces of one byte', { timeout: 10_000 }, async (t) => {
    const url = await speak(t, (socket) =>
      socket.write(`${ok}transfer-encoding: chunked\r\n\r\n${'1\r\nz\r\n'.repeat(60_000)}`),
    );
    const patient = createNodeHttp(createVirtualClock());
    await assert.rejects(patient({ method: 'GET', url, ...limits, maxBytes: 8_000_000 }), {
      message: 'the answer is in more than 50000 pieces',
    });
  });

  test('less than the announced length', async (t) => {
    const url = await speak(t, (socket) => socket.end(`${ok}content-length: 5\r\n\r\nhalf`));
    await assert.rejects(createNodeHttp(createVirtualClock())({ method: 'GET', url, ...limits }));
  });

  test('but informational responses before the answer are none of the answer', async (t) => {
    const url = await speak(t, (socket) =>
      socket.end(`${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(10)}${ok}content-length: 2\r\n\r\nhi`),
    );
    assert.deepEqual(await http({ method: 'GET', url, ...limits }), { status: 200, body: 'hi' });
  });

  test('a body in many pieces, some of them in the middle of a character, comes out whole', async (t) => {
    const body = 'ä日本語🙂'.repeat(2_500);
    const url = await listen(t, (_request, response) => {
      for (const byte of Buffer.from(body)) response.write(Buffer.of(byte));
      response.end();
    });
    const answer = await http({ method: 'GET', url, ...limits, maxBytes: Buffer.byteLength(body) });
    assert.ok(answer.body === body);
  });
});

/** Says on each connection what HTTP servers do not say. */
async function speak(t: TestContext, talk: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    // The client hangs up in the middle of it.
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    socket.once('data', () => talk(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

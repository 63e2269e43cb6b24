import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
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

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

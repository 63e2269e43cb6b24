import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { createTunnelAgent } from '../../../src/aws/sdk/tunnel-agent.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

/** A proxy on loopback that gives each connection to `answer` once it has asked for a tunnel. */
async function startAskedProxy(t: TestContext, answer: (socket: Socket) => void) {
  const server = createServer((socket) => {
    // A connection that breaks is what is tested.
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function askThrough(proxy: string, clock = createVirtualClock()) {
  const agent = createTunnelAgent({ keepAlive: true, proxyEnv: { https_proxy: proxy } }, clock);
  return once(get({ agent, host: 'aws-api.invalid' }), 'error') as Promise<[Error]>;
}

describe('a connection to the proxy that becomes no tunnel is closed: else an outage of the proxy fills the memory of the host', () => {
  for (const [what, line] of [
    ['is never answered', undefined],
    ['is answered, and then TLS is not', 'HTTP/1.1 200 Connection established\r\n\r\n'],
  ] as const)
    test(`one whose CONNECT ${what}`, async (t) => {
      const clock = createVirtualClock();
      const asked = Promise.withResolvers<Socket>();
      const proxy = await startAskedProxy(t, (socket) => {
        if (!line) return asked.resolve(socket);
        socket.write(line);
        // TLS has begun.
        socket.once('data', () => asked.resolve(socket));
      });
      const failed = askThrough(proxy, clock);
      const socket = await asked.promise;
      clock.step();
      assert.equal(clock.monotonic(), 7_500);
      const [{ name, message }] = await failed;
      assert.deepEqual([name, message], ['TimeoutError', 'no tunnel through the proxy in 7500 ms']);
      await once(socket.resume(), 'close');
    });

  test('one that the proxy refuses and leaves open: a reset of it would end the process', async (t) => {
    const asked = Promise.withResolvers<Socket>();
    const proxy = await startAskedProxy(t, (socket) => {
      asked.resolve(socket);
      socket.write('HTTP/1.1 503 Service Unavailable\r\n\r\n');
    });
    const clock = createVirtualClock();
    const [{ message }] = await askThrough(proxy, clock);
    assert.match(message, /503 Service Unavailable/);
    await once((await asked.promise).resume(), 'close');
    assert.deepEqual([clock.step(), clock.monotonic()], [false, 0]);
  });
});

test('a proxy that refuses a tunnel and resets it in the same moment does not end the process', async (t) => {
  const proxy = await startAskedProxy(t, (socket) =>
    socket.write('HTTP/1.1 503 Service Unavailable\r\n\r\n', () => socket.resetAndDestroy()),
  );
  for (let call = 0; call < 20; call++) await askThrough(proxy);
});

test('a connection that NO_PROXY lets past the proxy has as long as any other', async (t) => {
  const asked = Promise.withResolvers<Socket>();
  const direct = new URL(await startAskedProxy(t, asked.resolve));
  const clock = createVirtualClock();
  const proxyEnv = { https_proxy: 'http://127.0.0.1:9', no_proxy: direct.hostname };
  const request = get({
    agent: createTunnelAgent({ keepAlive: true, proxyEnv }, clock),
    host: direct.hostname,
    port: direct.port,
  });
  (await asked.promise).destroy();
  await once(request, 'error');
  assert.deepEqual([clock.step(), clock.monotonic()], [false, 0]);
});

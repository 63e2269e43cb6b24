import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import type { EventName } from '../../../src/log/events.ts';
import { startMetrics } from '../../../src/metrics/start-metrics.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

function start(test: TestContext, where: { listen?: { host: string; port: number }; file?: string }) {
  const clock = createVirtualClock();
  const stop = new AbortController();
  test.after(() => stop.abort());
  const said: [EventName, string][] = [];
  let heard = Promise.withResolvers<{ port?: number }>();
  const recorder = startMetrics({
    listen: where.listen,
    file: where.file,
    clock,
    log: (event, message, fields) => {
      said.push([event, message]);
      heard.resolve(fields as { port?: number });
      heard = Promise.withResolvers();
    },
    stop: stop.signal,
  });
  return { recorder, clock, stop, said, next: () => heard.promise };
}

it('answers a Prometheus, and nobody who wants something else', async (test) => {
  const { next } = start(test, { listen: { host: '127.0.0.1', port: 0 } });
  const { port = 0 } = await next();
  const metrics = await ask(port, 'GET', '/metrics');
  assert.equal(metrics.status, 200);
  assert.equal(metrics.type, 'text/plain; version=0.0.4; charset=utf-8');
  assert.match(metrics.body, /^ecs_drain_agent_state\{state="starting"\} 1$/m);
  assert.deepEqual(
    [(await ask(port, 'GET', '/')).status, (await ask(port, 'GET', '/state')).status],
    [404, 404],
  );
  assert.equal((await ask(port, 'POST', '/metrics')).status, 405);
  assert.deepEqual(await ask(port, 'HEAD', '/metrics').then(({ status, body }) => [status, body]), [200, '']);
});

it('listens on the other loopback address too, where there is one', async (test) => {
  const { next, said } = start(test, { listen: { host: '::1', port: 0 } });
  await next();
  assert.match(
    said[0]?.join(' ') ?? '',
    /^metrics\.(ready metrics at http:\/\/\[::1\]:\d+\/metrics|unavailable)/,
  );
});

it('tries again where the port is taken, and says so once', async (test) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  test.after(() => taken.close());
  const { clock, said, stop, next } = start(test, { listen: { host: '127.0.0.1', port } });
  await next();
  for (let minute = 0; minute < 20; minute++) {
    clock.pass(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const listeners = getEventListeners(stop.signal, 'abort').length;
  assert.ok(listeners <= 1, `memory grows with each try: ${listeners} of them wait for the end`);
  taken.close();
  await once(taken, 'close');
  const ready = next();
  // The second try may have failed before the port was free: the third does not.
  while (said.length < 2) {
    clock.pass(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ready;
  assert.deepEqual(
    said.map(([event]) => event),
    ['metrics.unavailable', 'metrics.ready'],
  );
});

it('keeps a file, whole at every moment and readable for all, and removes it at the end', async (test) => {
  const directory = mkdtempSync(join(tmpdir(), 'ecs-drain-metrics-'));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'agent.prom');
  const { recorder, clock, stop } = start(test, { file });
  assert.match(readFileSync(file, 'utf8'), /^ecs_drain_agent_state\{state="starting"\} 1$/m);
  assert.equal(statSync(file).mode & 0o777, 0o644);
  const { ino } = statSync(file);
  recorder.report({ state: 'watching', summary: '', signals: [] });
  clock.pass(15_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(readFileSync(file, 'utf8'), /^ecs_drain_agent_state\{state="watching"\} 1$/m);
  assert.notEqual(statSync(file).ino, ino, 'it was written in place: a reader may see half of it');
  assert.deepEqual(readdirSync(directory), ['agent.prom']);
  stop.abort();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!existsSync(file), 'it tells of an agent that is not there');
});

it('says once that the file cannot be written, and goes on', async (test) => {
  const { clock, said } = start(test, { file: '/nowhere/agent.prom' });
  clock.pass(15_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    said.map(([event]) => event),
    ['metrics.unavailable'],
  );
});

async function ask(port: number, method: string, path: string) {
  const outgoing = request({ host: '127.0.0.1', port, method, path, agent: false });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, type: response.headers['content-type'], body };
}

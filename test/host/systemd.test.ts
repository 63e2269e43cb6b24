import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createNotifier, type Spawn } from '../../src/host/systemd.ts';

const socket = { NOTIFY_SOCKET: '/run/systemd/notify' };

/** Records each systemd-notify that would run; `end` lets the running one exit. */
function recorder() {
  const messages: (readonly string[])[] = [];
  let running: EventEmitter | undefined;
  const spawn: Spawn = (command, args, { env }) => {
    assert.equal(command, 'systemd-notify');
    assert.equal(env.NOTIFY_SOCKET, '/run/systemd/notify');
    assert.equal(running, undefined, 'two at once could arrive in either order');
    messages.push(args);
    running = new EventEmitter();
    return Object.assign(running, { unref: () => {} });
  };
  const end = (event: 'exit' | 'error', ...values: unknown[]) => {
    const child = running;
    running = undefined;
    child?.emit(event, ...values);
  };
  return { messages, spawn, end };
}

test('outside systemd nothing is started', () => {
  const { messages, spawn } = recorder();
  const notifier = createNotifier({}, { spawn });
  notifier.ready();
  notifier.status('watching');
  notifier.watchdog();
  notifier.stopping();
  assert.deepEqual(messages, []);
  assert.equal(notifier.watchdogIntervalMs, undefined);
});

test('messages go one after another, and what comes meanwhile is merged, the last status winning', () => {
  const { messages, spawn, end } = recorder();
  const notifier = createNotifier(socket, { spawn });
  notifier.ready();
  notifier.status('waiting for IMDS');
  notifier.status('watching');
  notifier.watchdog();
  assert.deepEqual(messages, [['READY=1']]);
  end('exit', 0, null);
  assert.deepEqual(messages, [['READY=1'], ['STATUS=watching', 'WATCHDOG=1']]);
  end('exit', 0, null);
  assert.equal(messages.length, 2, 'nothing more to say');
  notifier.stopping();
  assert.deepEqual(messages.at(-1), ['STOPPING=1']);
});

test('a status of any text is one short line without control characters', () => {
  const { messages, spawn } = recorder();
  createNotifier(socket, { spawn }).status(`a\nREADY=1\u0000\u001b[2J\u009b${'x'.repeat(1_000_000)}`);
  const [[line = ''] = []] = messages;
  assert.equal(line.slice(0, 23), 'STATUS=a READY=1\ufffd\ufffd[2J\ufffdx');
  assert.ok(line.length < 1_000);
});

test('a status that has not changed costs nothing', () => {
  const { messages, spawn, end } = recorder();
  const notifier = createNotifier(socket, { spawn });
  notifier.status('watching');
  end('exit', 0, null);
  notifier.status('watching');
  assert.deepEqual(messages, [['STATUS=watching']]);
});

test('a task name with a line break cannot smuggle in another field', () => {
  const { messages, spawn } = recorder();
  createNotifier(socket, { spawn }).status('draining: web\nMAINPID=1');
  assert.deepEqual(messages, [['STATUS=draining: web MAINPID=1']]);
});

test('failures are told once and sending goes on', () => {
  const { messages, spawn, end } = recorder();
  const failures: string[] = [];
  const notifier = createNotifier(socket, { spawn, onFailure: (error) => failures.push(error.message) });
  notifier.ready();
  end('error', new Error('ENOENT'));
  notifier.watchdog();
  end('exit', 1, null);
  notifier.watchdog();
  end('exit', 0, null);
  assert.deepEqual(failures, ['systemd-notify could not be started']);
  assert.deepEqual(messages, [['READY=1'], ['WATCHDOG=1'], ['WATCHDOG=1']]);
});

test('a spawn that throws (no process left) does not take the agent down', () => {
  const failures: string[] = [];
  const spawn: Spawn = () => {
    throw new Error('EAGAIN');
  };
  const notifier = createNotifier(socket, { spawn, onFailure: (error) => failures.push(error.message) });
  notifier.ready();
  notifier.watchdog();
  assert.deepEqual(failures, ['systemd-notify could not be started']);
});

test('the watchdog is due at half of what systemd allows, when it is meant for us', () => {
  const interval = (environment: Record<string, string>) =>
    createNotifier({ ...socket, ...environment }, { pid: 42 }).watchdogIntervalMs;
  assert.equal(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }), 15_000);
  assert.equal(interval({ WATCHDOG_USEC: '30000000' }), 15_000);
  assert.equal(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }), undefined, 'a parent is watched');
  assert.equal(interval({ WATCHDOG_USEC: 'soon' }), undefined);
  assert.equal(interval({ WATCHDOG_USEC: '0' }), undefined);
  assert.equal(interval({}), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNotifier } from '../../src/host/systemd.ts';

const passed = { NOTIFY_FD: '3' };

/** Records each message; while `busy`, systemd has no room for one. */
function recorder() {
  const messages: string[] = [];
  const state = { busy: false };
  const send = (fd: number, message: string) => {
    assert.equal(fd, 3);
    if (state.busy) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
    messages.push(message);
  };
  return { messages, send, state };
}

test('outside systemd nothing is sent', () => {
  for (const NOTIFY_FD of [undefined, '', 'x', '-1', '1e3']) {
    const { messages, send } = recorder();
    const notifier = createNotifier({ NOTIFY_FD }, { send });
    notifier.ready();
    notifier.status('watching');
    notifier.watchdog();
    notifier.stopping();
    assert.deepEqual(messages, []);
    assert.equal(notifier.watchdogIntervalMs, undefined);
  }
});

test('each message is a datagram of its own, sent at once', () => {
  const { messages, send } = recorder();
  const notifier = createNotifier(passed, { send });
  notifier.ready();
  notifier.status('watching');
  notifier.watchdog();
  notifier.stopping();
  assert.deepEqual(messages, ['READY=1', 'STATUS=watching', 'WATCHDOG=1', 'STOPPING=1']);
});

test('what systemd has no room for goes with the next message, the last status winning', () => {
  const failures: string[] = [];
  const { messages, send, state } = recorder();
  const notifier = createNotifier(passed, { send, onFailure: ({ message }) => failures.push(message) });
  state.busy = true;
  notifier.ready();
  notifier.status('waiting for IMDS');
  notifier.status('watching');
  state.busy = false;
  notifier.watchdog();
  assert.deepEqual(messages, ['READY=1\nSTATUS=watching\nWATCHDOG=1']);
  notifier.watchdog();
  assert.deepEqual(messages.slice(1), ['WATCHDOG=1'], 'nothing is said twice');
  assert.deepEqual(failures, ['systemd could not be told'], 'told once');
});

test('a status of any text is one short line without control characters', () => {
  const { messages, send } = recorder();
  createNotifier(passed, { send }).status(`a\nREADY=1\u0000\u001b[2J\u009b${'x'.repeat(1_000_000)}`);
  const [line = ''] = messages;
  assert.equal(line.slice(0, 23), 'STATUS=a READY=1\ufffd\ufffd[2J\ufffdx');
  assert.ok(line.length < 1_000);
});

test('a status that has not changed costs nothing', () => {
  const { messages, send } = recorder();
  const notifier = createNotifier(passed, { send });
  notifier.status('watching');
  notifier.status('watching');
  assert.deepEqual(messages, ['STATUS=watching']);
});

test('a task name with a line break cannot smuggle in another field', () => {
  const { messages, send } = recorder();
  createNotifier(passed, { send }).status('draining: web\nMAINPID=1');
  assert.deepEqual(messages, ['STATUS=draining: web MAINPID=1']);
});

test('the watchdog is due at half of what systemd allows, when it is meant for us', () => {
  const interval = (environment: Record<string, string>) =>
    createNotifier({ ...passed, ...environment }, { pid: 42 }).watchdogIntervalMs;
  assert.equal(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }), 15_000);
  assert.equal(interval({ WATCHDOG_USEC: '30000000' }), 15_000);
  assert.equal(interval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }), undefined, 'a parent is watched');
  assert.equal(interval({ WATCHDOG_USEC: 'soon' }), undefined);
  assert.equal(interval({ WATCHDOG_USEC: '0' }), undefined);
  assert.equal(interval({}), undefined);
});

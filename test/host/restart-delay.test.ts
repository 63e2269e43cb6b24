import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const script = new URL('../../packaging/restart-delay', import.meta.url).pathname;

/** A host whose unit starts: what the script would sleep, in seconds. */
function createHost() {
  const directory = mkdtempSync(join(tmpdir(), 'restart-delay-'));
  const file = join(directory, 'restarts');
  const command = (name: string, text: string) => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  };
  return {
    file,
    /** @param uptime in s @param restarts as systemd counts them */
    start(uptime: number, restarts: number | string): string {
      command('systemctl', `[ "$4" = ecs-drain-agent.service ] && printf '%s' '${restarts}'`);
      command('cut', `printf '%s\n' '${uptime}'`);
      command('sleep', 'printf %s "$1"');
      const env = { PATH: `${directory}:/usr/bin:/bin` };
      return execFileSync(script, ['ecs-drain-agent.service', file], {
        env,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

test('the first restart is at once, the next ones wait up to a minute', () => {
  using host = createHost();
  const delays = [0, 1, 2, 3, 4, 5, 6, 7, 8, 500].map((restarts, at) => host.start(20 + 61 * at, restarts));
  assert.deepEqual(delays, ['', '', '2', '4', '8', '16', '32', '60', '60', '60']);
});

test('a crash a month never makes the agent wait: a Spot notice gives two minutes', () => {
  using host = createHost();
  const month = 30 * 86_400;
  const delays = Array.from({ length: 12 }, (_, restarts) => host.start(20 + restarts * month, restarts));
  assert.deepEqual(delays, Array(12).fill(''));
  assert.equal(
    host.start(20 + 11 * month + 5, 12),
    '2',
    'crashes that follow each other come without a pause',
  );
  assert.equal(host.start(20 + 11 * month + 15, 13), '4');
  assert.equal(host.start(20 + 11 * month + 700, 14), '');
});

test('a start by hand, which systemd counts anew from, is at once', () => {
  using host = createHost();
  for (const restarts of [0, 1, 2, 3]) host.start(20, restarts);
  assert.equal(host.start(1_000, 4), '');
  assert.deepEqual([host.start(1_001, 0), host.start(1_003, 1), host.start(1_005, 2)], ['', '', '2']);
});

test('a count that systemd does not give, and a damaged note, never keep the agent from starting', () => {
  using host = createHost();
  assert.equal(host.start(20, ''), '');
  for (const note of ['', 'x', '1 x\n', '-1\n']) {
    writeFileSync(host.file, note);
    assert.equal(host.start(20, 1), '', JSON.stringify(note));
  }
  assert.ok(existsSync(host.file));
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const script = new URL('../../packaging/restart-delay', import.meta.url).pathname;
const bin = mkdtempSync(join(tmpdir(), 'restart-delay-'));
after(() => rmSync(bin, { recursive: true }));

/** What the script would sleep, in seconds, when systemd counts this many restarts. */
function delayAfter(restarts: string): string {
  for (const [name, text] of [
    ['systemctl', `[ "$4" = ecs-drain-agent.service ] && printf '%s' '${restarts}'`],
    ['sleep', 'printf %s "$1"'],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const env = { PATH: `${bin}:/usr/bin:/bin` };
  return execFileSync(script, ['ecs-drain-agent.service'], { env, encoding: 'utf8', stdio: 'pipe' });
}

test('the first restart is at once, the next ones wait up to a minute', () => {
  const delays = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '500'].map(delayAfter);
  assert.deepEqual(delays, ['', '', '2', '4', '8', '16', '32', '60', '60', '60']);
});

test('a count that systemd does not give never keeps the agent from starting', () => {
  assert.equal(delayAfter(''), '');
});

import assert from 'node:assert/strict';
import { utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkAgent } from '../../../../src/commands/doctor/agent.ts';
import type { Check, Checks } from '../../../../src/commands/doctor/check.ts';
import { checkClock, checkJournal, checkUnit, timeOfMetadata } from '../../../../src/commands/doctor/host.ts';
import { checkLine, verdict } from '../../../../src/commands/doctor/print.ts';
import type { Status } from '../../../../src/commands/status-file.ts';
import { ownProcess } from '../../../../src/host/process.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';
import { createVirtualClock, START } from '../../../support/virtual-clock.ts';

const linesOf = async (checks: Checks) => {
  const lines: string[] = [];
  for await (const check of checks) lines.push(checkLine(check, false).trimEnd());
  return lines;
};

describe('the systemd unit', () => {
  const shown = (
    LoadState: string,
    ActiveState: string,
    UnitFileState: string,
    agent: 'runs' | 'off' | 'unknown' = 'off',
  ) =>
    linesOf(
      checkUnit(
        async () => `LoadState=${LoadState}\nActiveState=${ActiveState}\nUnitFileState=${UnitFileState}\n`,
        agent,
      ),
    );

  for (const [load, active, file, line] of [
    ['loaded', 'active', 'enabled', 'ok    systemd unit: ecs-drain-agent.service is active, enabled'],
    ['loaded', 'active', '', 'ok    systemd unit: ecs-drain-agent.service is active, started by hand'],
    [
      'loaded',
      'active',
      'disabled',
      'warn  systemd unit: ecs-drain-agent.service runs, but is disabled: it will not at the next boot. Fix: systemctl enable ecs-drain-agent.service',
    ],
    [
      'loaded',
      'failed',
      'enabled',
      'FAIL  systemd unit: ecs-drain-agent.service is failed: the agent does not run. Fix: systemctl start ecs-drain-agent.service; journalctl -u ecs-drain-agent.service -n 50 tells why it ended',
    ],
    // Who counts the hosts on which doctor fails would not see that nothing drains this one.
    [
      'loaded',
      'inactive',
      'disabled',
      'FAIL  systemd unit: ecs-drain-agent.service is inactive: the agent does not run. Fix: systemctl start ecs-drain-agent.service; journalctl -u ecs-drain-agent.service -n 50 tells why it ended',
    ],
    [
      'loaded',
      'activating',
      'enabled',
      'warn  systemd unit: ecs-drain-agent.service is activating: the agent does not run. Fix: systemctl start ecs-drain-agent.service; journalctl -u ecs-drain-agent.service -n 50 tells why it ended',
    ],
    [
      'not-found',
      'inactive',
      '',
      'warn  systemd unit: systemd knows no ecs-drain-agent.service: nothing starts the agent. Fix: install the package, or install.sh',
    ],
  ] as const) {
    test(`${load}, ${active}, ${file || 'no file'}`, async () => {
      assert.deepEqual(await shown(load, active, file), [line]);
    });
  }

  test('an agent of which this user may see nothing may run by other means', async () =>
    assert.match((await shown('loaded', 'inactive', 'enabled', 'unknown'))[0] ?? '', /^warn .* is inactive/));

  test('an agent that was started by other means', async () => {
    assert.match(
      (await shown('loaded', 'inactive', 'enabled', 'runs'))[0] ?? '',
      /^warn .* is inactive: the agent that runs here was started by other means/,
    );
  });

  test('no systemd', async () => {
    assert.deepEqual(await linesOf(checkUnit(async () => undefined, 'off')), [
      'skip  systemd unit: no systemd runs on this host; `ecs-drain-agent run` must be started by other means',
    ]);
  });
});

test('a journal in memory is lost with the instance', async () => {
  const socket = '/run/systemd/journal/socket';
  assert.deepEqual(await linesOf(checkJournal(() => false)), [
    'skip  journal: no journald runs on this host',
  ]);
  assert.deepEqual(await linesOf(checkJournal(() => true)), [
    'ok    journal: journald keeps the log on disk',
  ]);
  assert.deepEqual(await linesOf(checkJournal((path) => path === socket)), [
    'warn  journal: journald keeps the log in memory: a reboot loses it. Fix: mkdir -p /var/log/journal && systemctl restart systemd-journald',
  ]);
});

describe('the clock', () => {
  const wrong = (by: string) =>
    `warn  clock: ${by} off: requests to AWS are signed with its own time, but when a Spot interruption or a scheduled event comes is told by this clock. Fix: let chrony or systemd-timesyncd set it; 169.254.169.123 serves the time on every EC2 instance`;
  for (const [off, line] of [
    [0, 'ok    clock: agrees with instance metadata'],
    [29_999, 'ok    clock: agrees with instance metadata'],
    [-30_000, wrong('30 s')],
    // Which is no FAIL: the agent drains such a host like any other.
    [-1_200_000, wrong('20 min')],
    [undefined, 'skip  clock: not compared: instance metadata gives no time'],
  ] as const) {
    test(`${off} ms off`, async () => {
      const theirs = off === undefined ? undefined : START + off;
      assert.deepEqual(await linesOf(checkClock(createVirtualClock(), async () => theirs)), [line]);
    });
  }

  test('the time is in the header of any answer', async (t) => {
    const server = createServer((_request, response) => {
      response.writeHead(401, { date: 'Fri, 02 Jan 2026 03:04:05 GMT' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    assert.equal(await timeOfMetadata(`http://127.0.0.1:${port}`), START);
  });

  test('no answer is no time, nor is an endpoint that cannot be asked: doctor has other checks to make', async () => {
    assert.equal(await timeOfMetadata('127.0.0.1:9'), undefined);
    assert.equal(await timeOfMetadata('https://127.0.0.1:9'), undefined);
    assert.equal(await timeOfMetadata('http://127.0.0.1:1'), undefined);
  });
});

test('a configuration file that was changed after the agent was started is not in effect', async (t) => {
  const file = join(temporaryDirectory(t), 'agent.conf');
  writeFileSync(file, '');
  const summary = 'watching';
  const status: Status = {
    ...ownProcess(),
    schemaVersion: 1,
    updatedAt: '',
    state: 'watching',
    summary,
    signals: [],
    problems: [],
  };
  const warningsAt = async (aheadOfNowS: number) => {
    const at = Date.now() / 1_000 + aheadOfNowS;
    utimesSync(file, at, at);
    const lines = await linesOf(checkAgent({ kind: 'running', status, path: '' }, file));
    return lines.filter((line) => line.startsWith('warn'));
  };
  assert.deepEqual(await warningsAt(-3_600), []);
  assert.deepEqual(
    await warningsAt(60),
    [
      `warn  agent: ${file} was changed after the agent was started: what it says now is not in effect. Fix: systemctl restart ecs-drain-agent; that is safe at any time`,
    ],
    'user data that writes the file and does not restart the agent would have no effect, unnoticed',
  );
  assert.deepEqual(
    await linesOf(checkAgent({ kind: 'running', status, path: '' }, '/nonexistent/agent.conf')),
    ['ok    agent: it runs, watching'],
  );
});

describe('the lines', () => {
  const check: Check = { name: 'a', status: 'FAIL', detail: 'b\u001b[2J\nc', fix: 'd' };

  test('in a pipe a check is one line, whatever AWS has put into its message', () => {
    assert.equal(checkLine(check, false), 'FAIL  a: b\ufffd[2J\ufffdc. Fix: d\n');
  });

  test('on a terminal the fix has its own', () => {
    assert.equal(checkLine(check, true), '\u001b[31mFAIL\u001b[0m  a: b\ufffd[2J\ufffdc\n      fix: d\n');
  });

  test('the last one sums up', () => {
    const ok: Check = { name: 'a', status: 'ok', detail: 'b' };
    const warn: Check = { name: 'a', status: 'warn', detail: 'b', fix: 'c' };
    assert.equal(verdict([ok]), 'The agent can work on this host.\n');
    assert.equal(verdict([ok, warn]), 'The agent can work on this host, with 1 warning.\n');
    assert.equal(verdict([warn, warn, check]), 'The agent cannot work on this host: 1 to fix, 2 warnings.\n');
  });
});

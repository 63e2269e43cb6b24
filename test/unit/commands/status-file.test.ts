import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../../src/agent/report/report.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { createStatusFile, isFresh } from '../../../src/commands/status-file.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const draining = (summary: string): Report => ({
  state: 'draining',
  summary,
  signals: ['lifecycle'],
  tasksLeft: 3,
});

test('what a drain does next is in the status file at once, and its times are not', (t) => {
  const directory = temporaryDirectory(t);
  const file = createStatusFile(directory, {});
  const said = () => JSON.parse(readFileSync(join(directory, 'status.json'), 'utf8')).summary;
  file.write(draining('draining: setting the container instance DRAINING'));
  file.write(draining('draining: 3 tasks left, oldest 4 s'));
  assert.equal(said(), 'draining: 3 tasks left, oldest 4 s', 'for ten seconds it shows what is over');
  file.write(draining('draining: 3 tasks left, oldest 5 s'));
  assert.equal(said(), 'draining: 3 tasks left, oldest 4 s', 'the file would be written every second');
});

test('at rest the file is touched, so that a health check tells an agent that hangs from one that rests', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'status.json');
  const clock = createVirtualClock();
  const file = createStatusFile(directory, {}, clock);
  const rest = { state: 'watching', summary: 'watching', signals: [] } as const satisfies Report;
  file.write(rest);
  utimesSync(path, clock.now() / 1_000, clock.now() / 1_000);
  const text = readFileSync(path, 'utf8');
  for (let minute = 0; minute < 10; minute++) {
    clock.pass(60_000);
    file.write(rest);
    assert.ok(isFresh(path, clock), 'the container of an agent that rests is unhealthy');
  }
  assert.equal(readFileSync(path, 'utf8'), text, 'status would say that something has just changed');
  clock.pass(60_000);
  assert.ok(isFresh(path, clock));
  clock.pass(150_000);
  assert.ok(!isFresh(path, clock), 'the container of an agent that hangs is healthy for ever');

  const { mtimeMs } = statSync(path);
  file.write(rest);
  clock.pass(10_000);
  file.write(rest);
  assert.equal(statSync(path).mtimeMs, mtimeMs + 210_000, 'the disk would be written at each poll');
  rmSync(path);
  clock.pass(60_000);
  file.write(rest);
  file.write(rest);
  assert.ok(
    isFresh(path, systemClock),
    'a status file that somebody removed stays away until something changes',
  );
});

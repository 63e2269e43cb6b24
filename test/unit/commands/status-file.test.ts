import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../../src/agent/report/report.ts';
import { createStatusFile } from '../../../src/commands/status-file.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

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

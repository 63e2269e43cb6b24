import assert from 'node:assert/strict';
import { it } from 'node:test';
import { picture } from '../../../../scripts/demo/picture.ts';
import type { TimelineEvent } from '../../../../src/sandbox/index.ts';

const instanceId = 'i-1';
const history: TimelineEvent[] = [
  { at: 0, type: 'machine-launched', instanceId },
  {
    at: 0,
    type: 'task',
    taskArn: 't',
    group: 'family:report',
    instanceId,
    from: undefined,
    to: 'RUNNING',
  },
  { at: 5_000, type: 'scale-in-chosen', group: 'g', instanceId, cause: 'scale-in' },
  { at: 5_000, type: 'lifecycle-state', group: 'g', instanceId, from: 'InService', to: 'Terminating:Wait' },
  { at: 6_000, type: 'heartbeat', group: 'g', hook: 'h', instanceId, timesOutAt: 36_000 },
  {
    at: 15_000,
    type: 'task',
    taskArn: 't',
    group: 'family:report',
    instanceId,
    from: 'RUNNING',
    to: 'STOPPED',
  },
  {
    at: 16_500,
    type: 'lifecycle-action-ended',
    group: 'g',
    hook: 'h',
    instanceId,
    result: 'CONTINUE',
    by: 'call',
  },
  { at: 17_000, type: 'machine-terminated', instanceId },
];

it('a drain is drawn as it was: who waited, and how long after the last task the instance was released', () => {
  const svg = picture(history, instanceId, 'light');
  assert.match(svg, /released 1\.5 s later/);
  assert.match(svg, /Terminating:Wait/);
  assert.match(svg, /report, a batch job/);
  // From 1 s to 20 s is 670 wide; the job is drawn from 1 s to 15 s.
  assert.match(svg, /<rect x="190" y="133" width="493\.7"/);
});

it('a drain that did not end is not drawn', () => {
  assert.throws(
    () => picture(history.slice(0, 5), instanceId, 'light'),
    /there was no lifecycle-action-ended/,
  );
});

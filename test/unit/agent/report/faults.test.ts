import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createFaultLog } from '../../../../src/agent/report/faults.ts';
import { createVirtualClock } from '../../../support/virtual-clock.ts';

const HOUR = 3_600_000;

it('an error in this program is logged with its stack, of each question once an hour', () => {
  const clock = createVirtualClock();
  const said: [string, string, unknown][] = [];
  const onFault = createFaultLog((event, message, fields) => said.push([event, message, fields]), clock);
  const error = new TypeError('x is not a function');
  error.stack = 'TypeError: x is not a function\n    at toTask (ecs.ts:1:2)\n    at ask (poll.ts:3:4)';
  for (let times = 0; times < 3; times++) onFault('ecsView', error);
  onFault('hooks', 'a text');
  assert.deepEqual(
    said,
    [
      [
        'agent.fault',
        'an error in this program, asking for ecsView: x is not a function',
        { question: 'ecsView', stack: ['at toTask (ecs.ts:1:2)', 'at ask (poll.ts:3:4)'] },
      ],
      ['agent.fault', 'an error in this program, asking for hooks: a text', { question: 'hooks', stack: [] }],
    ],
    'it fills the disk, or nobody finds the line that is wrong',
  );
  clock.pass(HOUR - 1);
  onFault('ecsView', error);
  assert.equal(said.length, 2);
  clock.pass(1);
  onFault('ecsView', error);
  assert.equal(said.length, 3);
});

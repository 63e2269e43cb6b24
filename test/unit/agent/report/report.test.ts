import assert from 'node:assert/strict';
import { it } from 'node:test';
import { factsOf } from '../../../../src/agent/report/report.ts';
import { known } from '../../../../src/base/reading.ts';
import { MINUTE, NOW, policy, withTask } from '../decide/observations.ts';

it('shows no task’s end from before the drain: it would be read as that of this one’s last task', () => {
  const empty = { ...withTask, tasks: known([]) };
  const shown = (emptySince: number) =>
    Date.parse(factsOf({ ...empty, emptySince }, policy).lastTaskEndedAt ?? '') - NOW;
  assert.equal(shown(NOW - 5 * MINUTE), -MINUTE);
  assert.equal(shown(NOW - 1_000), -1_000);
});

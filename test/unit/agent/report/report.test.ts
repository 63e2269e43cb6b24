import assert from 'node:assert/strict';
import { it } from 'node:test';
import { factsOf, report } from '../../../../src/agent/report/report.ts';
import { known } from '../../../../src/base/reading.ts';
import { MINUTE, NOW, policy, withTask } from '../decide/observations.ts';

it('shows no task’s end from before the drain: it would be read as that of this one’s last task', () => {
  const empty = { ...withTask, tasks: known([]) };
  const shown = (emptySince: number) =>
    Date.parse(factsOf({ ...empty, emptySince }, policy).lastTaskEndedAt ?? '') - NOW;
  assert.equal(shown(NOW - 5 * MINUTE), -MINUTE);
  assert.equal(shown(NOW - 1_000), -1_000);
});

it('does not call drained and deregistered what was never registered', () => {
  const summary = (kind: 'never-registered' | 'deregistered') => {
    const containerInstance = known(kind === 'never-registered' ? { kind } : { kind, arn: 'a' });
    const done = { action: { kind: 'done', why: 'maintenance' } } as const;
    return report({ ...withTask, tasks: known([]), containerInstance }, done, policy, '').summary;
  };
  assert.equal(
    summary('never-registered'),
    'it was never registered; the Auto Scaling group has not asked for the instance',
  );
  assert.equal(
    summary('deregistered'),
    'drained and deregistered; the Auto Scaling group has not asked for the instance',
  );
});

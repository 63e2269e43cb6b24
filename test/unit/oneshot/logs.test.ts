import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError } from '../../../src/aws/errors.ts';
import type { LogPage } from '../../../src/oneshot/aws/logs.ts';
import { followLog } from '../../../src/oneshot/logs/follow.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { pass } from '../aws/virtual-time.ts';

/** Answers one question after the other; then there is nothing more. */
function scene(...answers: (LogPage | AwsError)[]) {
  const clock = createVirtualClock();
  const written: string[] = [];
  const troubles: string[] = [];
  const left = [...answers];
  let last: string | undefined;
  const follower = followLog({
    clock,
    random: () => 0.5,
    write: (lines) => written.push(...lines),
    onTrouble: (why) => troubles.push(why),
    stream: {
      last: async () => [],
      read: async () => {
        const answer = left.shift() ?? { lines: [], token: last };
        if (answer instanceof AwsError) throw answer;
        last = answer.token;
        return answer;
      },
    },
  });
  return { clock, follower, written, troubles };
}

const failure = (kind: AwsError['kind']) =>
  new AwsError('logs:GetLogEvents', kind, 'Code', `calling it: ${kind}`);

describe('following a log', () => {
  test('every page is written once, until there is no more', async () => {
    const { clock, follower, written } = scene(
      { lines: ['a'], token: 't1' },
      { lines: ['b', 'c'], token: 't2' },
      { lines: [], token: 't2' },
    );
    await pass(clock, follower.finish());
    assert.deepEqual(written, ['a', 'b', 'c']);
  });

  test('what comes just after the end is shown too', async () => {
    const { clock, follower, written } = scene(
      { lines: ['a'], token: 't1' },
      { lines: [], token: 't1' },
      { lines: ['late'], token: 't2' },
    );
    await pass(clock, follower.finish());
    assert.deepEqual(written, ['a', 'late']);
  });

  test('a log that never ends holds the exit code up for eight seconds, no longer', async () => {
    const endless = Array.from({ length: 10_000 }, (_, index) => ({ lines: ['x'], token: `t${index >> 1}` }));
    const { clock, follower } = scene(...endless);
    const began = clock.monotonic();
    await pass(clock, follower.finish());
    assert.ok(clock.monotonic() - began <= 8_000, `${clock.monotonic() - began} ms`);
  });

  test('throttled it tries again, and says nothing', async () => {
    const { clock, follower, written, troubles } = scene(failure('throttled'), { lines: ['a'], token: 't' });
    await pass(clock, follower.finish());
    assert.deepEqual([written, troubles], [['a'], []]);
  });

  test('forbidden it says so once, and asks no more', async () => {
    const { clock, follower, written, troubles } = scene(failure('permission'), { lines: ['a'], token: 't' });
    await pass(clock, follower.finish());
    assert.deepEqual([written, troubles], [[], ['calling it: permission']]);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { untilStopped } from '../../../src/oneshot/status.ts';
import { taskView } from './launch/launches.ts';

describe('a task that was asked to stop', () => {
  test('is waited for while ECS does not show it for some minutes', async () => {
    const { stopped, at } = await wait((now) => (now < 290_000 ? undefined : 'STOPPED'));
    assert.deepEqual([stopped?.lastStatus, at], ['STOPPED', 290_000]);
  });

  test('is given up once ECS has forgotten it: the command would never end', async () => {
    const { stopped, at } = await wait((now) => (now <= 60_000 ? 'STOPPING' : undefined));
    assert.deepEqual([stopped, at], [undefined, 360_000]);
  });
});

/** @param statusAt what ECS shows after so many ms; undefined: it does not know the task */
async function wait(statusAt: (now: number) => string | undefined) {
  let now = 0;
  const clock = {
    monotonic: () => now,
    sleep: async (ms: number) => {
      now += ms;
      assert.ok(now < 3_600_000, 'it waits without an end');
    },
  };
  const tasks = {
    describe: async () => {
      const lastStatus = statusAt(now);
      return lastStatus === undefined ? undefined : taskView({ lastStatus });
    },
  };
  const stopped = await untilStopped(tasks, taskView({ lastStatus: 'RUNNING' }), clock);
  return { stopped, at: now };
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWatchPolls } from '../../../../src/agent/observe/watch-polls.ts';
import { known } from '../../../../src/base/reading.ts';
import { createVirtualClock, settled } from '../../../support/virtual-clock.ts';

test('a source that has news wakes the loop, and all are read again: it would be seen a poll later', async () => {
  let tellNews: (() => void) | undefined;
  let wakes = 0;
  const polls = createWatchPolls(
    {
      imds: { get: async () => known('i-1') } as never,
      ecsAgent: { registration: async () => known(undefined as never) },
      signals: (onNews) => {
        tellNews = onNews;
        return [{ source: 'tag', read: async () => known(undefined) }];
      },
    },
    {
      clock: createVirtualClock(),
      random: () => 0.5,
      onAnswer: () => wakes++,
      onFault: (_, error) => assert.fail(String(error)),
    },
  );
  polls.signals.ask();
  await settled();
  assert.deepEqual([polls.signals.asked().isStale, wakes], [false, 1]);
  tellNews?.();
  assert.deepEqual([polls.signals.asked().isStale, wakes], [true, 2]);
});

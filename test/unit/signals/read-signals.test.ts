import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { known, type Reading, unknown } from '../../../src/base/reading.ts';
import { announcedAhead, goneIfRepeated } from '../../../src/signals/read-signals.ts';
import type { Signal } from '../../../src/signals/signal.ts';

const SPOT: Signal = { source: 'spot', action: 'terminate', interruptionAt: 120_000 };

describe('a notice that AWS gives minutes ahead', () => {
  const none: Reading<Signal | undefined> = known(undefined);
  for (const { what, said, at, expected } of [
    {
      what: 'is looked for every 5 s, however often the signals are read',
      said: { 0: none, 6: none, 12: none },
      at: [0, 3, 6, 9, 12],
      expected: [none, none, none, none, none],
    },
    {
      what: 'that comes is seen at the first look after 5 s',
      said: { 0: none, 5: known(SPOT) },
      at: [0, 4.9, 5],
      expected: [none, none, known(SPOT)],
    },
    {
      what: 'that is there is read each time, so that its end is seen at once',
      said: { 0: known(SPOT), 3: known(SPOT), 6: none },
      at: [0, 3, 6, 9],
      expected: [known(SPOT), known(SPOT), none, none],
    },
    {
      what: 'about which metadata does not answer is asked for again at once',
      said: { 0: none, 6: unknown('silent'), 9: known(SPOT) },
      at: [0, 6, 9],
      expected: [none, unknown('silent'), known(SPOT)],
    },
  ] as const) {
    test(what, async () => {
      let now = 0;
      const answers: Record<number, Reading<Signal | undefined>> = said;
      const read = announcedAhead(
        async () => {
          const answer = answers[now];
          assert.ok(answer, `it was read at ${now} s, when nothing new could be there`);
          return answer;
        },
        { monotonic: () => now * 1_000 },
      );
      const seen: Reading<Signal | undefined>[] = [];
      for (const time of at) {
        now = time;
        seen.push(await read());
      }
      assert.deepEqual(seen, expected);
    });
  }
});

describe('what metadata may not have', () => {
  const none = known(undefined);
  const gone = unknown('IMDS says that what it gave a moment ago is not there: a; asking once more');
  for (const { what, said, expected } of [
    { what: 'is not there', said: [none, none], expected: [none, none] },
    {
      what: 'was there, and is said once not to be: not known, or a drain would be cancelled',
      said: [known('x'), none, known('x'), none, known('x')],
      expected: [known('x'), gone, known('x'), gone, known('x')],
    },
    {
      what: 'is gone once that is repeated',
      said: [known(''), none, none, none],
      expected: [known(''), gone, none, none],
    },
    {
      what: 'was there before metadata fell silent',
      said: [known('x'), unknown('silent'), none, unknown('silent'), none],
      expected: [known('x'), unknown('silent'), gone, unknown('silent'), none],
    },
  ])
    test(what, async () => {
      const answers = [...said];
      const imds = goneIfRepeated({
        get: async (path) => (path === 'a' ? (answers.shift() ?? none) : known('always there')),
      });
      const seen: Reading<string | undefined>[] = [];
      for (const _ of said) {
        await imds.get('b');
        seen.push(await imds.get('a'));
      }
      assert.deepEqual(seen, expected);
    });
});

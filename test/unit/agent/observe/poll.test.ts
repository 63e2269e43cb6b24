import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSource, restAfter } from '../../../../src/agent/observe/poll.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import { known, type Reading } from '../../../../src/base/reading.ts';
import { createVirtualClock, START, settled } from '../../../support/virtual-clock.ts';

const failure = (kind: AwsErrorKind) => new AwsError('ecs:ListTasks', kind, 'Failed', `it was ${kind}`);

function setUp(answers: readonly (Reading<string> | AwsError)[], random = 0) {
  const clock = createVirtualClock();
  const left = [...answers];
  let told = 0;
  const source = createSource<string>(
    async () => {
      const answer = left.shift() ?? assert.fail('asked once too often');
      if (answer instanceof AwsError) throw answer;
      return answer;
    },
    clock,
    () => told++,
    () => random,
  );
  const ask = async () => {
    source.ask();
    await settled();
  };
  return { clock, source, ask, told: () => told };
}

describe('a source', () => {
  it('is due until it has answered, and says what it was told', async () => {
    const { source, ask, told } = setUp([known('a')]);
    assert.deepEqual(
      [source.isStale(), source.reading().kind, source.hasAnswered()],
      [true, 'unknown', false],
    );
    await ask();
    assert.deepEqual(source.reading(), known('a'));
    assert.deepEqual([source.isStale(), source.askedAt(), told()], [false, START, 1]);
  });

  it('that failed is due once it has rested: a second at first, then longer, and a second again once it has answered', async () => {
    const outage = failure('transient');
    const { clock, source, ask } = setUp([outage, outage, outage, known('a'), outage]);
    const rests: number[] = [];
    for (let times = 0; times < 5; times++) {
      await ask();
      rests.push(Math.max(0, source.restsUntil() - clock.now()));
      assert.equal(source.isStale(), times !== 3);
      clock.at(clock.now() + 10_000, () => {});
      clock.step();
    }
    assert.deepEqual(rests, [1_000, 5_000, 5_000, 0, 1_000]);
  });

  it('rests up to a fifth longer, so that a fleet does not come back at once', async () => {
    const { clock, source, ask } = setUp([failure('throttled')], 0.5);
    await ask();
    assert.equal(source.restsUntil() - clock.now(), 16_500);
  });

  it('keeps what is known better than by an answer that was on its way, as of when it is known', async () => {
    const { source } = setUp([known('late')]);
    source.ask();
    source.set('known', START - 7);
    await settled();
    assert.deepEqual(source.reading(), known('known'));
    assert.equal(source.askedAt(), START - 7);
  });

  it('that is invalidated is due at once, and says what it said until it answers', async () => {
    const { source, ask } = setUp([known('a'), known('b')]);
    await ask();
    source.invalidate();
    assert.deepEqual([source.isStale(), source.reading()], [true, known('a')]);
    await ask();
    assert.deepEqual([source.isStale(), source.reading()], [false, known('b')]);
  });
});

describe('after a failure', () => {
  for (const [kind, first, later] of [
    ['transient', 1_000, 5_000],
    ['credentials', 5_000, 5_000],
    ['throttled', 15_000, 15_000],
    ['rejected', 15_000, 15_000],
    ['permission', 60_000, 60_000],
    ['stopped', 0, 0],
  ] as const)
    it(`(${kind}) the rest is ${first} ms, and ${later} ms after the next`, () =>
      assert.deepEqual([restAfter(kind, 1), restAfter(kind, 2)], [first, later]));
});

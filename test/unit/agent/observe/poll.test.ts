import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askDue, createPoll } from '../../../../src/agent/observe/poll.ts';
import type { Poll } from '../../../../src/agent/polls.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import { createVirtualClock, START, settled } from '../../../support/virtual-clock.ts';

const failure = (kind: AwsErrorKind) => new AwsError('ecs:ListTasks', kind, 'Failed', `it was ${kind}`);

function setUp(answers: readonly (Reading<string> | Error)[]) {
  const clock = createVirtualClock();
  const left = [...answers];
  const told: string[] = [];
  const questions: number[] = [];
  const faults: string[] = [];
  const poll = createPoll<string>(
    'hooks',
    async () => {
      questions.push(clock.monotonic());
      const answer = left.shift() ?? assert.fail('asked once too often');
      if (answer instanceof Error) throw answer;
      return answer;
    },
    {
      clock,
      random: () => 0.5,
      onAnswer: () => told.push('news'),
      onFault: (question, error) => faults.push(`${question}: ${error}`),
    },
    (reading, at) => told.push(`${reading.kind} of ${at - START}`),
  );
  const ask = async () => {
    poll.ask();
    await settled();
  };
  return { clock, poll, ask, told, questions, faults };
}

describe('a poll', () => {
  it('is due until it has answered, and says what it was told', async () => {
    const { poll, ask, told } = setUp([known('a')]);
    assert.deepEqual(poll.asked(), {
      at: -Infinity,
      answeredAt: -Infinity,
      isAsking: false,
      isStale: true,
      failure: undefined,
    });
    assert.deepEqual([poll.reading(), poll.lastKnownAt()], [unknown('not asked yet'), -Infinity]);
    await ask();
    assert.equal(poll.lastKnownAt(), START);
    assert.deepEqual(poll.reading(), known('a'));
    assert.deepEqual(poll.asked(), {
      at: START,
      answeredAt: START,
      isAsking: false,
      isStale: false,
      failure: undefined,
    });
    assert.deepEqual(told, ['known of 0', 'news']);
  });
  it('puts one question at a time', async () => {
    const { poll, questions } = setUp([known('a'), known('b')]);
    poll.ask();
    poll.ask();
    assert.equal(poll.asked().isAsking, true);
    await settled();
    assert.equal(poll.asked().isAsking, false);
    assert.equal(questions.length, 1, 'each round of the loop would ask AWS once more');
  });
  it('a failure takes what was known with it, also where something has made the answer worthless meanwhile', async () => {
    const { poll, ask } = setUp([known('a'), failure('transient'), failure('transient')]);
    await ask();
    poll.ask();
    poll.invalidate();
    await settled();
    assert.equal(poll.reading().kind, 'unknown', 'tasks would be asked to stop for minutes on what is old');
    poll.ask();
    poll.show('shown', START);
    await settled();
    assert.deepEqual(poll.reading(), known('shown'), 'it is newer than the question that failed');
  });
  it('counts its failures in a row, and is due once it has rested', async () => {
    const { poll, ask } = setUp([failure('transient'), failure('throttled'), known('a')]);
    await ask();
    assert.deepEqual(poll.asked().failure, {
      kind: 'transient',
      times: 1,
      at: START,
      since: START,
      jitter: 0.5,
    });
    await ask();
    assert.deepEqual(poll.asked().failure, {
      kind: 'throttled',
      times: 2,
      at: START,
      since: START,
      jitter: 0.5,
    });
    assert.deepEqual([poll.asked().isStale, poll.reading()], [true, unknown('it was throttled')]);
    await ask();
    assert.deepEqual([poll.asked().failure, poll.asked().isStale], [undefined, false]);
  });
  it('takes any other error for an answer that says nothing, and tells of it: it is an error in this program', async () => {
    const { poll, ask, faults } = setUp([new Error('it broke'), failure('transient')]);
    await ask();
    assert.deepEqual([poll.reading(), poll.asked().failure], [unknown('it broke'), undefined]);
    assert.deepEqual(faults, ['hooks: Error: it broke'], 'nobody would look for it');
    await ask();
    assert.equal(faults.length, 1, 'that AWS fails is told already');
  });
  it('keeps what was last known, though a later question failed', async () => {
    const { poll, ask } = setUp([known('a'), failure('transient'), unknown('silent')]);
    assert.equal(poll.lastKnown(), undefined);
    for (let times = 0; times < 3; times++) await ask();
    assert.equal(poll.lastKnown(), 'a');
    assert.deepEqual(poll.reading(), unknown('silent'));
  });
});

describe('an answer on its way is dropped', () => {
  it('by what is shown, which counts as of when it is known', async () => {
    const { poll, told } = setUp([known('late')]);
    poll.ask();
    poll.show('known', START - 7);
    await settled();
    assert.deepEqual(
      [poll.reading(), poll.lastKnown(), poll.asked().at],
      [known('known'), 'known', START - 7],
    );
    assert.equal(poll.asked().isStale, false);
    assert.deepEqual(told, ['news'], 'the drain would count what the dropped answer said');
  });
  it('by what makes it worthless: the question is due at once, and says what it said', async () => {
    const { poll, ask } = setUp([known('a'), known('late'), known('b')]);
    await ask();
    poll.ask();
    poll.invalidate();
    await settled();
    assert.deepEqual([poll.asked().isStale, poll.reading()], [true, known('a')]);
    await ask();
    assert.deepEqual([poll.asked().isStale, poll.reading()], [false, known('b')]);
  });
  it('by what makes it worthless right after something was shown', async () => {
    const { poll } = setUp([known('late')]);
    poll.ask();
    poll.show('known', START);
    poll.invalidate();
    await settled();
    assert.deepEqual([poll.reading(), poll.asked().isStale], [known('known'), true]);
  });
  it('when nobody wants to know any more', async () => {
    const { poll, told, questions } = setUp([known('late'), known('later')]);
    poll.ask();
    poll.close();
    await settled();
    assert.equal(poll.reading().kind, 'unknown');
    assert.deepEqual(told, [], 'an answer of the drain before would land in this one');
    poll.ask();
    await settled();
    assert.equal(questions.length, 1, 'a drain that is over would go on asking');
  });
  it('for good: nothing is asked any more', async () => {
    const { poll, questions } = setUp([known('a')]);
    poll.close();
    poll.ask();
    await settled();
    assert.equal(questions.length, 0);
  });
});

it('what is forgotten is unknown until it is asked anew, and what comes of a question before is dropped', async () => {
  const { poll } = setUp([known('a'), known('b'), known('c')]);
  poll.ask();
  await settled();
  poll.ask();
  poll.forget('this process stood still');
  await settled();
  assert.deepEqual(poll.reading(), unknown('this process stood still'));
  assert.equal(poll.asked().isStale, true, 'it would not be asked anew');
  assert.equal(poll.lastKnown(), 'a', 'the group’s hooks do not change by themselves');
  poll.ask();
  await settled();
  assert.deepEqual(poll.reading(), known('c'));
});

describe('of several questions', () => {
  const fake = (isAsking: boolean) => {
    const asked: string[] = [];
    const poll = {
      asked: () => ({ at: 0, answeredAt: 0, isAsking, isStale: false }),
      ask: () => asked.push('asked'),
    } as unknown as Poll<unknown>;
    return { poll, asked };
  };
  it('those that are due are asked, unless they are already; the next one’s time is told', () => {
    const [a, b, c, d] = [fake(false), fake(true), fake(false), fake(false)];
    const polls = { a: a.poll, b: b.poll, c: c.poll, d: d.poll };
    assert.equal(askDue(polls, { a: 10, b: 5, c: 11, d: 20 }, 10), 11);
    assert.deepEqual([a.asked, b.asked, c.asked], [['asked'], [], []]);
  });
  it('none is due later where all are asked', () => {
    const { poll } = fake(false);
    assert.equal(askDue({ a: poll }, { a: 1 }, 1), Infinity);
  });
});

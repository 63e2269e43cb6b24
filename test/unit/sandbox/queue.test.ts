import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cancel, createEventQueue } from '../../../src/sandbox/world/queue.ts';

test('things happen in the order of their times, and within one instant in the order in which they were planned', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(20), cancelled: fc.boolean() })), (plans) => {
      const queue = createEventQueue();
      const happened: number[] = [];
      const planned = plans.map(({ at }, index) => queue.schedule(at, () => happened.push(index)));
      plans.forEach(({ cancelled }, index) => {
        if (cancelled) cancel(planned[index]);
      });
      const expected = plans
        .map((plan, index) => ({ ...plan, index }))
        .filter(({ cancelled }) => !cancelled)
        .sort((a, b) => a.at - b.at || a.index - b.index);
      assert.equal(queue.nextAt(), expected[0]?.at);
      for (let due = queue.takeDue(20); due; due = queue.takeDue(20)) due.run?.();
      assert.deepEqual(
        happened,
        expected.map(({ index }) => index),
      );
      assert.equal(queue.nextAt(), undefined);
    }),
  );
});

test('what is not due stays', () => {
  const queue = createEventQueue();
  queue.schedule(5, () => {});
  assert.equal(queue.takeDue(4), undefined);
  assert.equal(queue.nextAt(), 5);
});

test('whoever sleeps until the next is told of an earlier one, and only then', () => {
  const queue = createEventQueue();
  let told = 0;
  queue.onEarlier = () => {
    told++;
  };
  queue.schedule(10, () => {});
  queue.schedule(20, () => {});
  queue.schedule(5, () => {});
  assert.equal(told, 2);
});

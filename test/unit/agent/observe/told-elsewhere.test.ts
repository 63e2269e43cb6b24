import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createToldElsewhere } from '../../../../src/agent/observe/told-elsewhere.ts';

const NOW = 1_800_000_000_000;

function setUp(isTakenUp: boolean) {
  let now = NOW;
  const told = createToldElsewhere(() => now, isTakenUp);
  return {
    ...told,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('what was told of tasks outside of this drain’s views', () => {
  it('is told lately for a minute after a drain was taken up: an earlier process may have heard of a task', () => {
    const { isLately, pass } = setUp(true);
    pass(59_999);
    assert.equal(isLately(), true);
    pass(1);
    assert.equal(isLately(), false, 'a silent ECS agent would hold an empty host for longer');
  });
  it('and for a minute after it was noted', () => {
    const { note, isLately, pass } = setUp(false);
    assert.equal(isLately(), false);
    pass(100_000);
    note();
    pass(59_999);
    assert.equal(isLately(), true);
    pass(1);
    assert.equal(isLately(), false);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTagValue, parseTagValue } from '../../../src/signals/tag-value.ts';

const time = '2021-01-13T00:12:37.214Z';

describe('the terminate tag’s value', () => {
  it('names the hook and the time', () => {
    assert.equal(formatTagValue({ hook: 'my-hook', time }), 'hook=my-hook time=2021-01-13T00:12:37.214Z');
  });

  it('goes without what the notice does not say', () => {
    assert.equal(formatTagValue({ hook: undefined, time }), 'time=2021-01-13T00:12:37.214Z');
    assert.equal(formatTagValue({ hook: 'my-hook', time: undefined }), 'hook=my-hook');
    assert.equal(formatTagValue({ hook: undefined, time: undefined }), '');
  });

  it('keeps the hook and gives up the time when both do not fit into 256 characters', () => {
    // "hook=" 5 + 220 + " " 1 + "time=" 5 + 24 = 255; with 222 it is 257.
    assert.equal(formatTagValue({ hook: 'h'.repeat(221), time }).length, 256);
    assert.equal(formatTagValue({ hook: 'h'.repeat(222), time }), `hook=${'h'.repeat(222)}`);
    assert.equal(formatTagValue({ hook: 'h'.repeat(251), time }).length, 256);
  });

  it('gives up a hook whose name alone is too long', () => {
    assert.equal(formatTagValue({ hook: 'h'.repeat(252), time }), 'time=2021-01-13T00:12:37.214Z');
    assert.equal(formatTagValue({ hook: 'h'.repeat(255), time: undefined }), '');
  });

  it('takes no text that would read as another field', () => {
    assert.equal(formatTagValue({ hook: 'a hook=other', time }), 'time=2021-01-13T00:12:37.214Z');
    assert.equal(formatTagValue({ hook: 'a', time: 'soon' }), 'hook=a');
  });

  it('keeps every character that a hook name may have', () => {
    assert.equal(formatTagValue({ hook: 'Az09-_/x', time: undefined }), 'hook=Az09-_/x');
  });

  it('is read as it was written', () => {
    for (const hook of ['my-hook', 'Az09-_/x', 'h'.repeat(222), undefined])
      assert.equal(parseTagValue(formatTagValue({ hook, time })).hook, hook);
    assert.deepEqual(parseTagValue(formatTagValue({ hook: 'drain', time })), {
      hook: 'drain',
      eventAt: 1_610_496_757_214,
    });
  });

  it('is read by its first good fields, whatever else it says', () => {
    assert.deepEqual(parseTagValue('by hand  hook=no.hook\thook=one hook=two time=soon'), { hook: 'one' });
    assert.deepEqual(
      parseTagValue('xhook=one hook= HOOK=two time=1'),
      {},
      'a number is no time: it would end a wait',
    );
    assert.deepEqual(parseTagValue(`hook=${'h'.repeat(256)} time=2021-13-45T99:99:99Z`), {});
  });
});

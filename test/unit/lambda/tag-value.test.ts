import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tagValue } from '../../../src/lambda/tag-value.ts';

const time = '2021-01-13T00:12:37.214Z';

describe('the terminate tag’s value', () => {
  it('names the hook and the time', () => {
    assert.equal(tagValue({ hook: 'my-hook', time }), 'hook=my-hook time=2021-01-13T00:12:37.214Z');
  });

  it('goes without what the notice does not say', () => {
    assert.equal(tagValue({ hook: undefined, time }), 'time=2021-01-13T00:12:37.214Z');
    assert.equal(tagValue({ hook: 'my-hook', time: undefined }), 'hook=my-hook');
    assert.equal(tagValue({ hook: undefined, time: undefined }), '');
  });

  it('keeps the hook and gives up the time when both do not fit into 256 characters', () => {
    // "hook=" 5 + 220 + " " 1 + "time=" 5 + 24 = 255; with 222 it is 257.
    assert.equal(tagValue({ hook: 'h'.repeat(221), time }).length, 256);
    assert.equal(tagValue({ hook: 'h'.repeat(222), time }), `hook=${'h'.repeat(222)}`);
    assert.equal(tagValue({ hook: 'h'.repeat(251), time }).length, 256);
  });

  it('gives up a hook whose name alone is too long', () => {
    assert.equal(tagValue({ hook: 'h'.repeat(252), time }), 'time=2021-01-13T00:12:37.214Z');
    assert.equal(tagValue({ hook: 'h'.repeat(255), time: undefined }), '');
  });

  it('takes no text that would read as another field', () => {
    assert.equal(tagValue({ hook: 'a hook=other', time }), 'time=2021-01-13T00:12:37.214Z');
    assert.equal(tagValue({ hook: 'a', time: 'soon' }), 'hook=a');
  });

  it('keeps every character that a hook name may have', () => {
    assert.equal(tagValue({ hook: 'Az09-_/x', time: undefined }), 'hook=Az09-_/x');
  });
});

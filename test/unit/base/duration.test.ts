import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatDuration, formatRoughly, parseDuration } from '../../../src/base/duration.ts';

describe('parseDuration', () => {
  for (const [text, ms] of [
    ['500ms', 500],
    ['90s', 90_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
    ['1m30s', 90_000],
    ['5', undefined],
    ['', undefined],
    ['5 m', undefined],
    ['5M', undefined],
    ['-5s', undefined],
    ['1h30', undefined],
    ['.5h', undefined],
    ['1e3s', undefined],
    [`${'9'.repeat(400)}d`, undefined],
  ] as const) {
    test(`${JSON.stringify(text).slice(0, 20)} is ${ms}`, () => assert.equal(parseDuration(text), ms));
  }
});

describe('formatDuration', () => {
  for (const [ms, text] of [
    [0, '0 s'],
    [499, '0 s'],
    [500, '1 s'],
    [41_000, '41 s'],
    [60_000, '1 min'],
    [90_000, '1 min 30 s'],
    [59 * 60_000, '59 min'],
    [11_520_000, '3 h 12 min'],
    [3_601_000, '1 h'],
    [187_200_000, '2 d 4 h'],
    [86_400_000 + 60_000, '1 d'],
    [-5_000, '0 s'],
  ] as const) {
    test(`${ms} ms is ${text}`, () => assert.equal(formatDuration(ms), text));
  }
});

describe('formatRoughly', () => {
  for (const [ms, text] of [
    [0, '0 s'],
    [119_999, '119 s'],
    [120_000, '2 min'],
    [41 * 60_000 + 59_000, '41 min'],
    [119 * 60_000, '119 min'],
    [46 * 3_600_000 + 1, '46 h'],
    [48 * 3_600_000, '2 d'],
    [-5_000, '0 s'],
  ] as const) {
    test(`${ms} ms is ${text}`, () => assert.equal(formatRoughly(ms), text));
  }
});

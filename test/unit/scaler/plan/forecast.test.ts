import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { forecast } from '../../../../src/scaler/plan/forecast.ts';

const HOUR = 3_600_000;
/** A Monday at midnight, in ms since the Unix epoch. */
const START = 1_793_577_600_000;
const hours = (weeks: number, need: (hour: number) => number) =>
  Array.from({ length: weeks * 168 }, (_, hour) => ({ from: START + hour * HOUR, instances: need(hour) }));
const at = (weeks: number, hour: number) => START + (weeks * 168 + hour) * HOUR;
/** Ten instances from 8 to 18 o'clock, one at other times. */
const daily = (hour: number) => (hour % 24 >= 8 && hour % 24 < 18 ? 10 : 1);

describe('the floor ahead of need', () => {
  test('is what the hour of the week has needed, where the weeks are alike', () => {
    const needs = hours(5, daily);
    assert.deepEqual(forecast(needs, at(5, 9)), {
      kind: 'known',
      instances: 10,
      at: at(5, 9),
      skill: 1,
      isUsed: true,
    });
    const night = forecast(needs, at(5, 3));
    assert.ok(night.kind === 'known' && night.instances === 1);
  });

  test('is not used where the last week was unlike those before', () => {
    const made = forecast(
      hours(5, (hour) => (hour < 4 * 168 ? daily(hour) : daily(hour + 12))),
      at(5, 9),
    );
    assert.ok(made.kind === 'known' && !made.isUsed && made.skill < 0, 'it would hold instances for nothing');
  });

  test('is not used where all hours are alike: one level says as much', () => {
    const made = forecast(
      hours(4, () => 3),
      at(4, 9),
    );
    assert.ok(made.kind === 'known' && !made.isUsed);
  });

  test('needs three weeks', () => {
    assert.deepEqual(forecast(hours(2, daily), at(2, 9)), { kind: 'too-short', hours: 336, needed: 504 });
  });

  test('does not look at what is still to come', () => {
    const made = forecast(hours(6, daily), at(3, 9));
    assert.ok(made.kind === 'known' && made.instances === 10);
  });
});

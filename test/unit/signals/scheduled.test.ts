import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Imds } from '../../../src/aws/imds.ts';
import { known, type Reading, unknown } from '../../../src/base/reading.ts';
import { scheduledSignal } from '../../../src/signals/scheduled.ts';

const PATH = 'meta-data/events/maintenance/scheduled';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 2026-11-30T09:00:43Z */
const NOT_BEFORE = 1_796_029_243_000;
const event = (more: object = {}) => ({
  NotBefore: '30 Nov 2026 09:00:43 GMT',
  Code: 'instance-retirement',
  Description: 'The instance is running on degraded hardware',
  EventId: 'instance-event-0d59937288b749b32',
  NotAfter: '30 Nov 2026 09:17:23 GMT',
  State: 'active',
  ...more,
});
const signal = {
  source: 'scheduled',
  code: 'instance-retirement',
  eventId: 'instance-event-0d59937288b749b32',
  notBefore: NOT_BEFORE,
} as const;

/** A signal that is read again and again, of metadata that says one thing after the other. */
function reader(now = NOT_BEFORE - DAY, before?: typeof signal) {
  const says = { body: known('[]') as Reading<string | undefined>, now };
  const imds: Imds = {
    get: async (path) => {
      assert.equal(path, PATH);
      return says.body;
    },
  };
  const read = scheduledSignal(imds, DAY, () => says.now, before);
  return { says, read };
}

async function readOnce(body: unknown, now?: number) {
  const { says, read } = reader(now);
  says.body = known(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  return read();
}

describe('an event that EC2 has scheduled', () => {
  test('is none where the list is empty, or not there', async () => {
    assert.deepEqual(await readOnce([]), known(undefined));
    assert.deepEqual(await readOnce(undefined), known(undefined));
  });
  for (const Code of [
    'instance-stop',
    'instance-retirement',
    'instance-reboot',
    'system-reboot',
    'system-maintenance',
  ])
    test(`${Code} is a signal`, async () =>
      assert.deepEqual(await readOnce([event({ Code })]), known({ ...signal, code: Code })));
  test('of a code that nobody knows is none: it may mean anything', async () =>
    assert.deepEqual(await readOnce([event({ Code: 'instance-party' })]), known(undefined)));
  for (const State of ['completed', 'canceled'])
    test(`is none once it is ${State}`, async () =>
      assert.deepEqual(await readOnce([event({ State })]), known(undefined)));
  test('is none while it is further away than the drain is to begin before it', async () => {
    assert.deepEqual(await readOnce([event()], NOT_BEFORE - DAY - 1), known(undefined));
    assert.deepEqual(await readOnce([event()], NOT_BEFORE - DAY), known(signal));
  });
  test('may have passed, while EC2 still calls it active', async () =>
    assert.deepEqual(await readOnce([event()], NOT_BEFORE + DAY), known(signal)));
  test('is the earliest of several', async () => {
    const later = event({ NotBefore: '30 Nov 2026 10:00:00 GMT', EventId: 'later' });
    assert.deepEqual(await readOnce([later, event()]), known(signal));
    assert.deepEqual(await readOnce([event(), later]), known(signal));
  });
  test('may be told in ISO 8601', async () =>
    assert.deepEqual(await readOnce([event({ NotBefore: '2026-11-30T09:00:43.000Z' })]), known(signal)));
  test('may have an id of a hundred characters', async () => {
    const eventId = 'x'.repeat(100);
    assert.deepEqual(await readOnce([event({ EventId: eventId })]), known({ ...signal, eventId }));
  });
  test('stays once it was told, though the host’s clock is set back', async () => {
    const { says, read } = reader();
    says.body = known(JSON.stringify([event()]));
    await read();
    says.now -= 30 * DAY;
    assert.deepEqual(await read(), known(signal), 'its drain would be cancelled by a clock');
    says.body = known(JSON.stringify([event({ State: 'canceled' })]));
    assert.deepEqual(await read(), known(undefined));
    says.body = known(JSON.stringify([event()]));
    assert.deepEqual(await read(), known(undefined));
  });
  describe('is put off by somebody', () => {
    const putOff = (to: string) => known(JSON.stringify([event({ NotBefore: to })]));
    for (const before of [undefined, signal])
      test(`for a week: it is none until it comes near again${before ? ', after a restart too' : ''}`, async () => {
        const { says, read } = reader(NOT_BEFORE - HOUR, before);
        says.body = putOff('30 Nov 2026 09:00:43 GMT');
        if (!before) await read();
        says.body = putOff('7 Dec 2026 09:00:43 GMT');
        assert.deepEqual(await read(), known(undefined), 'the host would stay DRAINING for a week');
        says.now += 6 * DAY + HOUR;
        assert.deepEqual(await read(), known({ ...signal, notBefore: NOT_BEFORE + 7 * DAY }));
      });
    test('for an hour: it is near all the same', async () => {
      const { says, read } = reader(NOT_BEFORE - HOUR);
      says.body = putOff('30 Nov 2026 09:00:43 GMT');
      await read();
      says.body = putOff('30 Nov 2026 10:00:43 GMT');
      assert.deepEqual(await read(), known({ ...signal, notBefore: NOT_BEFORE + HOUR }));
    });
    test('and then brought forward: it stays, though the host’s clock is set back', async () => {
      const { says, read } = reader(NOT_BEFORE - DAY);
      says.body = putOff('30 Nov 2026 09:00:43 GMT');
      await read();
      says.body = putOff('30 Nov 2026 08:00:43 GMT');
      says.now -= 30 * DAY;
      assert.deepEqual(await read(), known({ ...signal, notBefore: NOT_BEFORE - HOUR }));
    });
  });
  test('stays where an earlier process was told of it, though the host’s clock was set back since', async () => {
    const { says, read } = reader(NOT_BEFORE - 30 * DAY, signal);
    says.body = known(JSON.stringify([event()]));
    assert.deepEqual(await read(), known(signal), 'its drain would be cancelled by a restart');
  });
  for (const body of [
    '',
    '[',
    '<html></html>',
    '{}',
    'null',
    '"x"',
    '[null]',
    '[7]',
    [event({ Code: undefined })],
    [event({ Code: ' instance-retirement' })],
    [event({ State: undefined })],
    [event({ Code: 'x'.repeat(101) })],
    [event({ State: 'postponed' })],
    [event({ EventId: '' })],
    [event({ NotBefore: undefined })],
    [event({ NotBefore: '1796029243' })],
    [event({ NotBefore: '30 Foo 2026 09:00:43 GMT' })],
    [event({ EventId: 'x'.repeat(101) })],
    [event(), event({ NotBefore: 'soon' })],
  ])
    test(`is not known where metadata says ${JSON.stringify(body).slice(0, 60)}: nothing is cancelled by it`, async () =>
      assert.equal((await readOnce(body)).kind, 'unknown'));
  test('is not known without an answer', async () => {
    const { says, read } = reader();
    says.body = unknown('no answer');
    assert.deepEqual(await read(), unknown('no answer'));
  });
});

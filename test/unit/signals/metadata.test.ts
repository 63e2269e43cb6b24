import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Imds } from '../../../src/aws/imds.ts';
import { known, unknown } from '../../../src/base/reading.ts';
import { lifecycleSignal, rebalanceSignal, spotSignal } from '../../../src/signals/metadata.ts';
import { presentIn, readSignals, withoutTag } from '../../../src/signals/read-signals.ts';

const saying = (path: string, body: string | undefined): Imds => ({
  get: async (asked) => {
    assert.equal(asked, path);
    return known(body);
  },
});
const silent: Imds = { get: async () => unknown('no answer') };

describe('the target lifecycle state', () => {
  const path = 'meta-data/autoscaling/target-lifecycle-state';
  for (const [state, signal] of [
    ['Terminated', { source: 'lifecycle' }],
    ['Terminated\n', { source: 'lifecycle' }],
    ['InService', undefined],
    ['Detached', undefined],
    ['Standby', undefined],
    ['Warmed:Terminated', { source: 'lifecycle' }],
    ['ReplacingRootVolume', { source: 'lifecycle' }],
    ['RootVolumeReplaced', undefined],
    ['Warmed:Running', undefined],
    ['Warmed:Stopped', undefined],
    ['Warmed:Hibernated', undefined],
    [undefined, undefined],
  ] as const) {
    test(`${state} is ${signal ? 'a signal' : 'none'}`, async () => {
      assert.deepEqual(await lifecycleSignal(saying(path, state))(), known(signal));
    });
  }
  for (const garbage of ['<html>Terminated</html>', 'Termin', '', 'terminated', 'InService\nTerminated']) {
    test(`${JSON.stringify(garbage)} is no word`, async () => {
      assert.equal((await lifecycleSignal(saying(path, garbage))()).kind, 'unknown');
    });
  }
  test('no answer is no word', async () => {
    assert.deepEqual(await lifecycleSignal(silent)(), unknown('no answer'));
  });
});

describe('a Spot interruption', () => {
  const path = 'meta-data/spot/instance-action';
  for (const [body, expected] of [
    [undefined, known(undefined)],
    [
      '{"action":"terminate","time":"2026-01-02T03:04:05Z"}',
      known({ source: 'spot', action: 'terminate', interruptionAt: 1_767_323_045_000 }),
    ],
    [
      '{"action":"hibernate","time":"2026-01-02T03:04:05Z"}',
      known({ source: 'spot', action: 'hibernate', interruptionAt: 1_767_323_045_000 }),
    ],
    [
      '{"time":"2026-01-02T03:04:05Z"}',
      known({ source: 'spot', action: 'terminate', interruptionAt: 1_767_323_045_000 }),
    ],
    ['{"action":"stop"}', unknown(`IMDS gave a notice without time for ${path}`)],
    ['{"action":"stop","time":"soon"}', unknown(`IMDS gave a notice without time for ${path}`)],
    ['{"action":"stop","time":"5"}', unknown(`IMDS gave a notice without time for ${path}`)],
    ['{"action":"stop","time":5}', unknown(`IMDS gave a notice without time for ${path}`)],
    [
      '{"action":{"toString":1},"time":"2026-01-02T03:04:05Z"}',
      known({ source: 'spot', action: 'terminate', interruptionAt: 1_767_323_045_000 }),
    ],
    ['<html>', unknown(`IMDS gave something that is not JSON for ${path}`)],
    ['', unknown(`IMDS gave something that is not JSON for ${path}`)],
    ['null', unknown(`IMDS gave something that is not JSON for ${path}`)],
    ['7', unknown(`IMDS gave a notice without time for ${path}`)],
  ] as const) {
    test(`${body}`, async () => assert.deepEqual(await spotSignal(saying(path, body))(), expected));
  }
  test('no answer is no word', async () => {
    assert.deepEqual(await spotSignal(silent)(), unknown('no answer'));
  });
});

describe('a rebalance recommendation', () => {
  const path = 'meta-data/events/recommendations/rebalance';
  for (const [body, expected] of [
    [undefined, known(undefined)],
    ['{"noticeTime":"2026-01-02T03:04:05Z"}', known({ source: 'rebalance', noticeAt: 1_767_323_045_000 })],
    ['{}', unknown(`IMDS gave a notice without noticeTime for ${path}`)],
  ] as const) {
    test(`${body}`, async () => assert.deepEqual(await rebalanceSignal(saying(path, body))(), expected));
  }
  test('no answer is no word', async () => {
    assert.deepEqual(await rebalanceSignal(silent)(), unknown('no answer'));
  });
});

describe('all signals together', () => {
  const manual = { source: 'manual', read: async () => known({ source: 'manual' } as const) } as const;
  const none = { source: 'rebalance', read: async () => known(undefined) } as const;
  const quiet = { source: 'spot', read: async () => unknown('a is silent') } as const;
  const quietToo = { source: 'scheduled', read: async () => unknown('b is silent') } as const;

  const read = async (...sources: Parameters<typeof readSignals>[0]) => {
    const signals = await readSignals(sources);
    assert.equal(signals.kind, 'known');
    return signals.kind === 'known' ? signals.value : assert.fail();
  };

  test('none is known only when every source says so', async () => {
    assert.deepEqual(presentIn(await read(none, none)), known([]));
    assert.deepEqual(presentIn(await read(none, quiet)), unknown('a is silent'));
    assert.deepEqual(presentIn(await read(quiet, none, quietToo)), unknown('a is silent; b is silent'));
    assert.deepEqual(presentIn(await read()), known([]));
  });

  test('one is enough, whoever is silent', async () => {
    const signals = await read(quiet, manual, none, quietToo);
    assert.deepEqual(presentIn(signals), known([{ source: 'manual' }]));
    assert.deepEqual(signals.silent, { spot: 'a is silent', scheduled: 'b is silent' });
  });

  test('who is silent is told though nobody has one: the others have none', async () =>
    assert.deepEqual(await read(none, quiet), { present: [], silent: { spot: 'a is silent' } }));

  test('a tag that asks for nothing does not stand for the sources that are silent', async () => {
    const value = 'time=2026-01-02T03:04:05Z';
    const tag = { source: 'tag', read: async () => known({ source: 'tag', value } as const) } as const;
    const but = async (...sources: Parameters<typeof readSignals>[0]) =>
      presentIn(withoutTag(await read(...sources)));
    assert.deepEqual(await but(tag, none), known([]));
    assert.deepEqual(
      await but(tag, quiet),
      unknown('a is silent'),
      'a drain is cancelled while metadata is silent',
    );
    assert.deepEqual(await but(quiet), unknown('a is silent'));
    assert.deepEqual(await but(tag, manual, quiet), known([{ source: 'manual' }]));
  });

  test('are in the order of their sources', async () => {
    const lifecycle = {
      source: 'lifecycle',
      read: async () => known({ source: 'lifecycle' } as const),
    } as const;
    assert.deepEqual(
      await readSignals([lifecycle, none, manual]),
      known({ present: [{ source: 'lifecycle' }, { source: 'manual' }] }),
    );
  });
});

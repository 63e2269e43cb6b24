import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { Check, Checks } from '../../../../src/commands/doctor/check.ts';
import { checkLifecycleState, isSpot } from '../../../../src/commands/doctor/metadata.ts';
import { loadConfig } from '../../../../src/config/load.ts';

const saying = (reading: Reading<string | undefined>) => ({ get: async () => reading });

describe('whether Spot can take the instance', () => {
  for (const [reading, expected] of [
    [known('spot'), true],
    [known('on-demand\n'), false],
    [known('capacity-block'), false],
    [known(undefined), undefined],
    [unknown('no answer'), undefined],
  ] as const) {
    test(JSON.stringify(reading), async () => assert.equal(await isSpot(saying(reading)), expected));
  }
});

describe('the target lifecycle state', () => {
  const checksFor = async (reading: Reading<string | undefined>, ...argv: string[]) => {
    const loaded = loadConfig(argv, {}, () => '');
    assert.ok(loaded.kind === 'loaded');
    return collect(checkLifecycleState(loaded.config, saying(reading), 'web-asg'));
  };

  test('that the metadata lacks is a signal that will not come', async () => {
    const [check] = await checksFor(known(undefined));
    assert.equal(check?.status, 'warn');
    assert.equal(
      check?.detail,
      'instance metadata does not have it, though the instance is in group web-asg: the signal lifecycle will not come',
    );
  });

  test('that is not known is a failure', async () => {
    const [check] = await checksFor(unknown('no answer'));
    assert.deepEqual([check?.status, check?.detail], ['FAIL', 'no answer']);
  });

  test('is not looked at where it is no signal', async () => {
    assert.deepEqual(await checksFor(known(undefined), '--signals', 'tag'), []);
  });
});

async function collect(checks: Checks): Promise<Check[]> {
  const all: Check[] = [];
  for await (const check of checks) all.push(check);
  return all;
}

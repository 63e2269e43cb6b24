import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { Check, Checks } from '../../../../src/commands/doctor/check.ts';
import { checkLifecycleState, checkMetadata, isSpot } from '../../../../src/commands/doctor/metadata.ts';
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

describe('the Region that is set', () => {
  const host: Record<string, string> = {
    'meta-data/instance-id': 'i-0123456789abcdef0',
    'meta-data/placement/region': 'eu-west-1',
  };
  const imds = { get: async (path: string) => known(host[path]) };
  const checked = async (region: string | undefined) =>
    (await collect(checkMetadata(imds, 'http://169.254.169.254', region))).map(({ status, detail }) => [
      status,
      detail,
    ]);

  test('must be that of the instance: else neither its cluster nor its group is found in a drain', async () => {
    assert.deepEqual(await checked('us-east-1'), [
      [
        'FAIL',
        'AWS_REGION or AWS_DEFAULT_REGION is us-east-1, and this instance is in eu-west-1, as its cluster and its group are: none of them will be found',
      ],
    ]);
    for (const region of ['eu-west-1', undefined])
      assert.deepEqual(await checked(region), [['ok', 'this is i-0123456789abcdef0 in eu-west-1']]);
  });
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

async function collect(checks: Checks<unknown>): Promise<Check[]> {
  const all: Check[] = [];
  for await (const check of checks) all.push(check);
  return all;
}

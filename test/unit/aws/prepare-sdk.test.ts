import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareSdk } from '../../../src/aws/prepare-sdk.ts';

const ENDPOINT = 'AWS_ENDPOINT_URL_ECS';

test('with --region, a Region of the environment that is none keeps no job and no scaler from starting', async () => {
  const before = { ...process.env };
  try {
    for (const environment of [{ AWS_REGION: 'eu-west-1 # Ireland' }, { AWS_DEFAULT_REGION: 'None set' }]) {
      const prepared = await prepareSdk('eu-central-1', environment, 'web');
      assert.equal(prepared.kind === 'ready' && prepared.region, 'eu-central-1', 'it was refused');
      assert.equal(process.env.AWS_REGION, 'eu-central-1', 'the SDK would make no call');
      assert.equal((await prepareSdk(undefined, environment, 'web')).kind, 'wrong');
    }
    const wrong = await prepareSdk('eu-central-1', { AWS_REGION: 'None set', [ENDPOINT]: 'none' }, 'web');
    assert.equal(wrong.kind === 'wrong' && wrong.problems.length, 1, 'the rest is read as ever');
  } finally {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION'] as const) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passToSdk } from '../../../src/commands/sdk-environment.ts';

const MODE = 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE';

test('the SDK asks metadata by the protocol that the agent asks it by: else no drain would find credentials', () => {
  const before = process.env[MODE];
  try {
    for (const [given, passedOn] of [
      // As other SDKs take it; the one for JavaScript fails with "Unsupported endpoint mode".
      ['ipv6', 'IPv6'],
      ['IPV6', 'IPv6'],
      ['IPv6', 'IPv6'],
      ['ipv4', 'IPv4'],
    ] as const) {
      delete process.env[MODE];
      passToSdk({ [MODE]: given });
      assert.equal(process.env[MODE], passedOn, `from the file: ${given}`);
      process.env[MODE] = given;
      passToSdk({});
      assert.equal(process.env[MODE], passedOn, `from the environment: ${given}`);
    }
    process.env[MODE] = '';
    passToSdk({});
    assert.equal(process.env[MODE], '', 'nothing is asked for');
  } finally {
    if (before === undefined) delete process.env[MODE];
    else process.env[MODE] = before;
  }
});

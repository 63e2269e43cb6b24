import assert from 'node:assert/strict';
import { test } from 'node:test';
import { regionIn } from '../../../src/base/environment.ts';

test('an empty AWS_REGION does not hide AWS_DEFAULT_REGION: the host would be looked for in another Region', () => {
  assert.equal(regionIn({ AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-1' }), 'eu-west-1');
  assert.equal(regionIn({ AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'eu-west-1' }), 'us-east-1');
  assert.equal(regionIn({ AWS_REGION: '', AWS_DEFAULT_REGION: '' }), undefined);
});

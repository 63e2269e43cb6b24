import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Environment } from '../../../../src/base/environment.ts';
import { known } from '../../../../src/base/reading.ts';
import { credentialSource } from '../../../../src/commands/doctor/credentials.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const sourceIn = (environment: Environment, role: string | undefined = 'web') =>
  credentialSource({ get: async () => known(role) }, { HOME: '/nonexistent', ...environment });

const ROLE_FIX = 'give the instance a role, by an instance profile, and wait some seconds';

describe('whose credentials are used: doctor must not blame the instance’s role for others', () => {
  test('the role of the instance, where nothing else is set', async () => {
    const allowed = "in the instance's role";
    assert.deepEqual(await sourceIn({}), { what: 'role web', fix: ROLE_FIX, allowed });
    assert.deepEqual(await credentialSource({ get: async () => known(undefined) }, {}), {
      what: undefined,
      fix: ROLE_FIX,
      allowed,
    });
  });

  test('keys in the environment, unless a profile is named', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 's3cret' };
    const what = 'the keys of AWS_ACCESS_KEY_ID (environment or agent.conf)';
    assert.deepEqual(await sourceIn(keys), { what, fix: `correct or remove ${what}`, allowed: `to ${what}` });
    assert.equal((await sourceIn({ AWS_ACCESS_KEY_ID: 'AKIA' })).what, 'role web');
    const both = await sourceIn({ ...keys, AWS_PROFILE: 'batch' });
    assert.equal(both.what, 'profile batch (AWS_PROFILE)');
  });

  test('a file of the SDK that is there, which may have none: the SDK then goes on', async (t) => {
    const file = join(temporaryDirectory(t), 'credentials');
    const environment = { AWS_SHARED_CREDENTIALS_FILE: file };
    assert.equal((await sourceIn(environment)).what, 'role web');
    writeFileSync(file, '[default]\n');
    assert.deepEqual(await sourceIn(environment), {
      what: `the first that the SDK finds: by ${file}, else role web`,
      fix: `correct or remove ${file}`,
      allowed: `to whom ${file} names`,
    });
    const token = await sourceIn({ AWS_WEB_IDENTITY_TOKEN_FILE: '/token' }, '');
    assert.equal(token.what, 'the first that the SDK finds: by AWS_WEB_IDENTITY_TOKEN_FILE');
    assert.equal(token.fix, `correct or remove AWS_WEB_IDENTITY_TOKEN_FILE, or ${ROLE_FIX}`);
  });
});

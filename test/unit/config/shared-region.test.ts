import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { readSharedRegion } from '../../../src/config/shared-region.ts';

const root = mkdtempSync(join(tmpdir(), 'shared-region-'));
after(() => rmSync(root, { recursive: true, force: true }));
let homes = 0;

/** A home with these files below .aws. */
function home(files: { config?: string; credentials?: string }): string {
  const directory = join(root, String(homes++));
  mkdirSync(join(directory, '.aws'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, '.aws', name), text);
  return directory;
}

describe('the Region of the AWS CLI’s files', () => {
  for (const [what, files, environment, region] of [
    ['is that of the default profile', { config: '[default]\nregion = eu-west-1\n' }, {}, 'eu-west-1'],
    ['may be that of [profile default]', { config: '[profile default]\nregion=eu-west-1' }, {}, 'eu-west-1'],
    [
      'is that of AWS_PROFILE',
      { config: '[default]\nregion = eu-west-1\n[profile jobs]\nregion = ap-south-1\n' },
      { AWS_PROFILE: 'jobs' },
      'ap-south-1',
    ],
    [
      'is none of a section that is no profile, or of another one',
      { config: '[jobs]\nregion = eu-west-1\n[profile other]\nregion = us-east-1\n' },
      { AWS_PROFILE: 'jobs' },
      undefined,
    ],
    [
      'is none where the profile has none, even if the default one has',
      { config: '[default]\nregion = eu-west-1\n[profile jobs]\noutput = json\n' },
      { AWS_PROFILE: 'jobs' },
      undefined,
    ],
    [
      'is that of the credentials file first',
      { config: '[default]\nregion = eu-west-1\n', credentials: '[default]\nregion = us-east-2\n' },
      {},
      'us-east-2',
    ],
    [
      'has no comment, and is not what stands below another key',
      { config: '# [default]\n[default]\ns3 =\n  region = us-east-1\nregion = eu-west-1 # Ireland\n' },
      {},
      'eu-west-1',
    ],
    ['is none in an empty home', {}, {}, undefined],
  ] as const) {
    test(what, () => assert.equal(readSharedRegion({ HOME: home(files), ...environment }), region));
  }

  test('is that of the files that the environment names', () => {
    const other = join(home({ config: '[default]\nregion = eu-central-1\n' }), '.aws', 'config');
    const HOME = home({ config: '[default]\nregion = eu-west-1\n' });
    assert.equal(readSharedRegion({ HOME, AWS_CONFIG_FILE: other }), 'eu-central-1');
    assert.equal(readSharedRegion({ HOME, AWS_CONFIG_FILE: '/dev/null' }), undefined);
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkSdkFiles } from '../../../src/config/sdk-files.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const nothing = { problems: [], warnings: [], instead: {} };

describe('the files that the AWS SDK opens', () => {
  test('may be files, links to them, /dev/null, or not there', (t) => {
    const home = temporaryDirectory(t);
    const file = join(home, 'file');
    writeFileSync(file, '[default]\n');
    symlinkSync(file, join(home, 'link'));
    for (const path of [file, join(home, 'link'), '/dev/null', join(home, 'none'), ''])
      assert.deepEqual(checkSdkFiles({ AWS_CONFIG_FILE: path, HOME: home }), nothing, path);
  });

  for (const name of [
    'AWS_CONFIG_FILE',
    'AWS_SHARED_CREDENTIALS_FILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    'NODE_EXTRA_CA_CERTS',
  ])
    test(`${name} that names what would hold up the agent is a problem`, (t) => {
      const directory = temporaryDirectory(t);
      const fifo = join(directory, 'fifo');
      execFileSync('mkfifo', [fifo]);
      const large = join(directory, 'large');
      writeFileSync(large, '');
      truncateSync(large, 2 ** 21);
      for (const [path, what] of [
        [fifo, 'a FIFO, a socket or a device'],
        ['/dev/zero', 'a FIFO, a socket or a device'],
        [directory, 'a directory'],
        [large, 'too large'],
      ] as const)
        assert.deepEqual(checkSdkFiles({ [name]: path }).problems, [
          `${name}: ${path} is ${what}. It must be a file of 1 MiB at most.`,
        ]);
    });

  test('at home are left out, with a warning, unless others are named', (t) => {
    const home = temporaryDirectory(t);
    mkdirSync(join(home, '.aws'));
    execFileSync('mkfifo', [join(home, '.aws/config')]);
    symlinkSync('/dev/zero', join(home, '.aws/credentials'));
    const { warnings, ...rest } = checkSdkFiles({ HOME: home });
    assert.deepEqual(rest, {
      problems: [],
      instead: { AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null' },
    });
    assert.equal(
      warnings[0],
      `${home}/.aws/config is a FIFO, a socket or a device, and is left out: the AWS SDK would wait for it or read without end.`,
    );
    assert.deepEqual(checkSdkFiles({ HOME: home, AWS_CONFIG_FILE: '/dev/null' }).instead, {
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    });
  });
});

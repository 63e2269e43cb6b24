import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');

type Locked = { version?: string; integrity?: string; link?: boolean; resolved?: string };
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
const locked = (JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages;

describe('what is installed to build, to test and to ship', () => {
  test('is one exact version of each, with its hash in the lock file', () => {
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
      for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
        assert.match(version, /^\d+\.\d+\.\d+$/, `${name} may be another version tomorrow`);
        assert.equal(locked[`node_modules/${name}`]?.version, version);
      }
    for (const [path, { integrity }] of Object.entries(locked))
      if (path !== '') assert.match(integrity ?? '', /^sha512-/, `${path} may be anything`);
  });

  test('the Node.js that ships is in the lock file for each architecture, and is one version', () => {
    const versions = ['x64', 'arm64'].map((arch) => locked[`node_modules/node-linux-${arch}`]?.version);
    assert.match(versions[0] ?? '', /^24\./);
    assert.equal(versions[1], versions[0]);
    assert.equal(locked['node_modules/node'], undefined, 'it installs one that the lock file does not name');
  });

  test('runs no program of its own when it is installed', () => {
    assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
    assert.equal(manifest.allowScripts, undefined);
  });
});

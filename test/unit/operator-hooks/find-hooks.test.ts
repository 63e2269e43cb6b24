import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { it } from 'node:test';
import { type Owner, trustedOwners } from '../../../src/base/ownership.ts';
import { findHooks } from '../../../src/operator-hooks/find-hooks.ts';
import { createHookFiles } from './hook-files.ts';

it('finds executables in name order, whatever their kind', (test) => {
  const files = createHookFiles(test);
  for (const name of ['20-b', '10-a.sh', 'Z', '100-c']) files.write(`drained/${name}`, 'true');
  assert.deepEqual(named(findHooks(join(files.directory, 'drained'))), ['10-a.sh', '100-c', '20-b', 'Z']);
});

it('passes over a hook that is removed while it is looked at: the others run', (test) => {
  const files = createHookFiles(test);
  const good = files.write('drained/10-good', 'true');
  const gone = files.write('drained/20-gone', 'true');
  const own = trustedOwners();
  let looks = 0;
  // Whose a file is, is asked for each name on the way to it: to the directory, to the first hook and, halfway, to the second.
  const depth = good.split('/').length;
  const trusted = Object.assign([...own], {
    some: (fits: (owner: Owner) => boolean) => {
      if (++looks === 2 * depth) rmSync(gone);
      return own.some(fits);
    },
  });
  const found = findHooks(dirname(good), trusted);
  assert.deepEqual(named(found), ['10-good']);
  assert.match((found.kind === 'found' && found.skipped[0]?.why) || '', /^ENOENT: .* lstat/);
});

it('names what it passes over, and why, but not hidden files', (test) => {
  const files = createHookFiles(test);
  files.write('drained/10-good', 'true');
  files.write('drained/20-plain', 'true', 0o644);
  files.write('drained/40-copy.rpmsave', 'true');
  files.write('drained/.hidden', 'true');
  mkdirSync(join(files.directory, 'drained/50-directory'));
  const found = findHooks(join(files.directory, 'drained'));
  assert.deepEqual(named(found), ['10-good']);
  assert.deepEqual(
    found.kind === 'found' && found.skipped.map(({ path, why }) => `${basename(path)}: ${why}`),
    [
      '20-plain: it is not executable; chmod +x it',
      '40-copy.rpmsave: its name is one of a copy that an editor or a package manager leaves',
      '50-directory: it is not a file',
    ],
  );
});

it('refuses a hook that others may write, and everything in a directory that they may write', (test) => {
  const files = createHookFiles(test);
  files.write('drained/10-good', 'true');
  const open = files.write('drained/30-open', 'true', 0o757);
  const directory = join(files.directory, 'drained');
  assert.deepEqual(findHooks(directory), {
    kind: 'found',
    paths: [join(directory, '10-good')],
    skipped: [],
    refused: [{ path: open, why: `every user may write ${open}; chmod o-w it` }],
  });
  chmodSync(directory, 0o777);
  const found = findHooks(directory);
  assert.deepEqual(named(found), []);
  assert.deepEqual(
    found.kind === 'found' && found.refused.map(({ why }) => why),
    Array(2).fill(`every user may write ${directory}; chmod o-w it`),
  );
});

it('refuses a hook that links to a file of another user', { skip: process.getuid?.() !== 0 }, (test) => {
  const files = createHookFiles(test);
  const theirs = files.path('theirs');
  writeFileSync(theirs, '#!/bin/sh\n');
  chmodSync(theirs, 0o755);
  chownSync(theirs, 61_999, 61_999);
  mkdirSync(join(files.directory, 'drained'), { recursive: true });
  const hook = join(files.directory, 'drained/10-link');
  symlinkSync(theirs, hook);
  assert.deepEqual(findHooks(join(files.directory, 'drained')), {
    kind: 'found',
    paths: [],
    skipped: [],
    refused: [{ path: hook, why: `${theirs} belongs to user 61999, not to root; chown it` }],
  });
});

it('says so where the directory cannot be read', (test) => {
  assert.equal(findHooks(createHookFiles(test).path('nowhere')).kind, 'unreadable');
});

const named = (found: ReturnType<typeof findHooks>) =>
  found.kind === 'found' ? found.paths.map((path) => basename(path)) : found;

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { it } from 'node:test';
import { findHooks } from '../../../src/operator-hooks/find-hooks.ts';
import { createHookFiles } from './hook-files.ts';

it('finds executables in name order, whatever their kind', (test) => {
  const files = createHookFiles(test);
  for (const name of ['20-b', '10-a.sh', 'Z', '100-c']) files.write(`drained/${name}`, 'true');
  assert.deepEqual(named(findHooks(join(files.directory, 'drained'))), ['10-a.sh', '100-c', '20-b', 'Z']);
});

it('names what it passes over, and why, but not hidden files', (test) => {
  const files = createHookFiles(test);
  files.write('drained/10-good', 'true');
  files.write('drained/20-plain', 'true', 0o644);
  files.write('drained/30-open', 'true', 0o757);
  files.write('drained/40-copy.rpmsave', 'true');
  files.write('drained/.hidden', 'true');
  mkdirSync(join(files.directory, 'drained/50-directory'));
  const found = findHooks(join(files.directory, 'drained'));
  assert.deepEqual(named(found), ['10-good']);
  assert.deepEqual(
    found.kind === 'found' && found.skipped.map(({ path, why }) => `${basename(path)}: ${why}`),
    [
      '20-plain: it is not executable; chmod +x it',
      '30-open: every user may write it; chmod o-w it',
      '40-copy.rpmsave: its name is one of a copy that an editor or a package manager leaves',
      '50-directory: it is not a file',
    ],
  );
});

it('runs nothing from a directory that every user may write', (test) => {
  const files = createHookFiles(test);
  files.write('drained/10-good', 'true');
  const directory = join(files.directory, 'drained');
  chmodSync(directory, 0o777);
  const found = findHooks(directory);
  assert.deepEqual(named(found), []);
  assert.match(
    found.kind === 'found' ? (found.skipped[0]?.why ?? '') : '',
    /every user may write .*\/drained; chmod o-w it/,
  );
});

it('says so where the directory cannot be read', (test) => {
  assert.equal(findHooks(createHookFiles(test).path('nowhere')).kind, 'unreadable');
});

const named = (found: ReturnType<typeof findHooks>) =>
  found.kind === 'found' ? found.paths.map((path) => basename(path)) : found;

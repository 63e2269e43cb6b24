import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { howOthersMayChange, howOthersMayReplace, trustedOwners } from '../../../src/base/ownership.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const THEIRS = 61_999;
const root = [{ uid: 0 }];
const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root may give files away' };

/** A file of root's two directories down. */
function tree(t: TestContext) {
  const top = temporaryDirectory(t);
  chmodSync(top, 0o755);
  const path = join(top, 'a/b/file');
  mkdirSync(join(top, 'a/b'), { recursive: true });
  writeFileSync(path, '', { mode: 0o755 });
  for (const name of ['a', 'a/b']) chmodSync(join(top, name), 0o755);
  return { top, path };
}

describe('who may change what a path leads to', asRoot, () => {
  test('root alone, below a sticky directory too', (t) => {
    assert.equal(howOthersMayChange(tree(t).path, root), undefined);
  });

  test('the owner of the file, of a directory on the way, or of a link', (t) => {
    const { top, path } = tree(t);
    for (const part of ['a/b/file', 'a/b', 'a']) {
      chownSync(join(top, part), THEIRS, 0);
      assert.equal(
        howOthersMayChange(path, root),
        `${join(top, part)} belongs to user 61999, not to root; chown it`,
      );
      chownSync(join(top, part), 0, 0);
    }
  });

  test('every user, or a group, by the mode', (t) => {
    const { top, path } = tree(t);
    for (const part of ['a/b/file', 'a/b', 'a']) {
      chmodSync(join(top, part), 0o757);
      assert.equal(howOthersMayChange(path, root), `every user may write ${join(top, part)}; chmod o-w it`);
      chmodSync(join(top, part), 0o775);
      assert.equal(
        howOthersMayChange(path, root),
        `the group 0 may write ${join(top, part)}; chmod g-w it`,
        'the group root has other members, or stands for an access control list',
      );
      assert.equal(howOthersMayChange(path, [{ uid: 0, gid: 0 }]), undefined, 'a group of one’s own');
      chownSync(join(top, part), 0, THEIRS);
      assert.equal(
        howOthersMayChange(path, root),
        `the group 61999 may write ${join(top, part)}; chmod g-w it`,
      );
      chownSync(join(top, part), 0, 0);
      chmodSync(join(top, part), 0o755);
    }
  });

  test('whoever may change what a link leads to, over several links', (t) => {
    const { top, path } = tree(t);
    const elsewhere = tree(t);
    symlinkSync(join(elsewhere.top, 'a'), join(top, 'a/b/over'));
    symlinkSync('../b/over/b/file', join(top, 'a/b/link'));
    assert.equal(howOthersMayChange(join(top, 'a/b/link'), root), undefined);
    chownSync(join(elsewhere.top, 'a/b'), THEIRS, THEIRS);
    assert.match(howOthersMayChange(join(top, 'a/b/link'), root) ?? '', /\/a\/b belongs to user 61999/);
    assert.equal(howOthersMayChange(path, root), undefined, 'the way itself is root’s');
  });

  test('a link that leads to itself, and a file that is not there, are errors', (t) => {
    const { top } = tree(t);
    symlinkSync('loop', join(top, 'loop'));
    assert.throws(() => howOthersMayChange(join(top, 'loop'), root), /more than 40 links/);
    assert.throws(() => howOthersMayChange(join(top, 'none'), root), { code: 'ENOENT' });
  });
});

describe('who may put another directory in its place', asRoot, () => {
  test('not its owner, in a directory of root’s', (t) => {
    const { top } = tree(t);
    chownSync(join(top, 'a/b'), THEIRS, THEIRS);
    assert.equal(howOthersMayReplace(join(top, 'a/b'), root), undefined);
  });

  test('whoever owns the directory above, and its owner in a sticky one', (t) => {
    const { top } = tree(t);
    chownSync(join(top, 'a'), THEIRS, THEIRS);
    assert.match(howOthersMayReplace(join(top, 'a/b'), root) ?? '', /\/a belongs to user 61999/);
    chownSync(join(top, 'a'), 0, 0);
    chmodSync(join(top, 'a'), 0o1777);
    assert.equal(howOthersMayReplace(join(top, 'a/b'), root), undefined);
    chownSync(join(top, 'a/b'), THEIRS, THEIRS);
    assert.match(howOthersMayReplace(join(top, 'a/b'), root) ?? '', /\/b belongs to user 61999/);
  });
});

test('a person’s own files are trusted where that person runs the agent, a service’s own are not', () => {
  const person = { uid: 1_000, gid: 1_000 };
  assert.deepEqual(trustedOwners(person), [...root, person]);
  for (const uid of [0, 999, 61_184, 65_534]) assert.deepEqual(trustedOwners({ uid, gid: uid }), root);
});

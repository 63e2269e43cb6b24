import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as nodeFs from 'node:fs';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import {
  type FileSystem,
  isNotReadableYet,
  makeDirectory,
  putNamesOnDisk,
  putOnDisk,
  readKeptFile,
  readTextFile,
  removeFile,
  removeIfPossible,
  renameIfPossible,
  replaceFile,
  tryToWrite,
} from '../../../src/base/files.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const asRoot = { skip: process.getuid?.() === 0 ? false : 'only root may mount' };

describe('a file that is replaced', () => {
  test('has the new text whole, though each write takes a few bytes only', (t) => {
    const path = oldFile(t);
    const fs = { ...nodeFs, writeSync: writing(3) };
    replaceFile(path, 'the new text, with ümlauts', { fs });
    assert.equal(readFileSync(path, 'utf8'), 'the new text, with ümlauts', 'the file was cut off');
    replaceFile(path, 'byte by byte', { fs: { ...nodeFs, writeSync: writing(1) } });
    assert.equal(readFileSync(path, 'utf8'), 'byte by byte');
  });

  test('leaves no file open: one a minute for months would use up what a process may have', (t) => {
    const path = oldFile(t);
    const open = new Set<number>();
    const fs: FileSystem = {
      ...nodeFs,
      openSync: (...args) => {
        const file = nodeFs.openSync(...args);
        open.add(file);
        return file;
      },
      closeSync: (file) => {
        open.delete(file);
        nodeFs.closeSync(file);
      },
    };
    replaceFile(path, 'new', { fs });
    readTextFile(path, 100, fs);
    assert.throws(() => readTextFile(path, 1, fs));
    assert.deepEqual([...open], []);
  });

  test('stays as it was where the disk takes no more, and leaves nothing beside it', (t) => {
    const path = oldFile(t);
    let room = 10;
    const writeSync = writing(() => {
      const count = Math.min(room, 4);
      room -= count;
      return count;
    });
    assert.throws(() => replaceFile(path, 'the new text', { fs: { ...nodeFs, writeSync } }), {
      message: 'only 10 of 12 bytes could be written',
    });
    assert.equal(readFileSync(path, 'utf8'), 'old', 'a part of the new text took the place of the old one');
    assert.deepEqual(readdirSync(join(path, '..')), ['file'], 'what is left keeps a full disk full');
  });

  test('on a real disk with room for a part only: stays as it was', asRoot, (t) => {
    const directory = temporaryDirectory(t);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory]);
    try {
      const path = join(directory, 'file');
      replaceFile(path, 'old');
      const { bfree, bsize } = statfsSync(directory);
      writeFileSync(join(directory, 'fill'), Buffer.alloc((bfree - 1) * bsize));
      assert.throws(() => replaceFile(path, 'x'.repeat(2 * bsize)), { code: 'ENOSPC' });
      assert.equal(readFileSync(path, 'utf8'), 'old');
      removeFile(path);
      assert.equal(existsSync(path), false, 'what is over cannot be taken back while the disk is full');
    } finally {
      execFileSync('umount', [directory]);
    }
  });

  test('is on the disk before it takes the old one’s name, and its directory after that', (t) => {
    const path = oldFile(t);
    assert.deepEqual(
      callsOf((fs) => replaceFile(path, 'new', { fs })),
      [
        'open file.new',
        'fsync file.new',
        'rename file.new',
        `open ${nameOf(path, -2)}`,
        `fsync ${nameOf(path, -2)}`,
      ],
    );
  });

  test('is removed, also where it is not there', (t) => {
    const path = oldFile(t);
    removeFile(path);
    removeFile(path);
    assert.equal(existsSync(path), false);
    assert.throws(() => removeFile(join(path, '..')), { code: /EISDIR|EPERM/ });
  });

  test('for show only: nothing waits for the disk', (t) => {
    const path = oldFile(t);
    const calls = callsOf((fs) => replaceFile(path, 'new', { fs, durable: false }));
    assert.deepEqual(calls, ['open file.new', 'rename file.new']);
    assert.equal(readFileSync(path, 'utf8'), 'new');
  });

  test('is put on the disk later, as its directory is, and whether it is there is told', async (t) => {
    const path = oldFile(t);
    const calls: string[] = [];
    const fs = noting(calls);
    assert.equal(await putOnDisk(path, fs), true);
    assert.equal(await putNamesOnDisk(join(path, '..'), fs), true);
    const directory = nameOf(path, -2);
    assert.deepEqual(
      calls,
      ['open file', 'fsync file', 'open ..', 'fsync ..'].map((call) => call.replace('..', String(directory))),
    );
    assert.equal(await putOnDisk(join(path, 'nothing')), false);
    const link = join(temporaryDirectory(t), 'link');
    symlinkSync(join(path, '..'), link);
    assert.equal(
      await putNamesOnDisk(link),
      true,
      'systemd makes a link of the state directory of a dynamic user',
    );
    assert.equal(await putOnDisk(link), false);
    const fsync = ((_: number, done: (error: Error) => void) => done(new Error('EIO'))) as never;
    assert.equal(await putOnDisk(path, { ...nodeFs, fsync }), false, 'a disk that has failed holds nothing');
    const closeSync = (file: number) => {
      nodeFs.closeSync(file);
      throw new Error('EIO');
    };
    assert.equal(
      await putOnDisk(path, { ...nodeFs, closeSync }),
      false,
      'the agent would end with a stack trace',
    );
  });

  test('takes another’s name if it can', (t) => {
    const path = oldFile(t);
    const to = `${path}.to`;
    renameIfPossible(path, to);
    renameIfPossible(path, to);
    assert.equal(readFileSync(to, 'utf8'), 'old');
  });

  test('has the permissions asked for, whatever the umask and what was there', (t) => {
    const path = oldFile(t);
    chmodSync(path, 0o777);
    replaceFile(path, 'new');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const before = process.umask(0o077);
    try {
      replaceFile(path, 'new', { mode: 0o644 });
    } finally {
      process.umask(before);
    }
    assert.equal(statSync(path).mode & 0o777, 0o644);
  });

  test('a FIFO in the place of the half-written file does not block, a link does not lead elsewhere', (t) => {
    const path = oldFile(t);
    execFileSync('mkfifo', [`${path}.new`]);
    replaceFile(path, 'new');
    assert.equal(readFileSync(path, 'utf8'), 'new');
    const elsewhere = join(temporaryDirectory(t), 'elsewhere');
    symlinkSync(elsewhere, `${path}.new`);
    replaceFile(path, 'newer');
    assert.equal(readFileSync(path, 'utf8'), 'newer');
    assert.equal(existsSync(elsewhere), false);
  });
});

describe('a file that is read', () => {
  test('is read whole, up to the bound, and not beyond', (t) => {
    const path = join(temporaryDirectory(t), 'file');
    const text = 'ü'.repeat(50_000);
    writeFileSync(path, text);
    assert.equal(readTextFile(path, 100_000), text);
    assert.throws(() => readTextFile(path, 99_999), {
      message: `${path} is larger than 99999 bytes`,
    });
  });

  test('in /proc, where every size is 0', { skip: !existsSync('/proc/self/stat') }, () => {
    assert.match(readTextFile('/proc/self/stat', 4_096), /^\d+ \(/);
  });

  test('that is a FIFO is refused at once, not waited for', (t) => {
    const path = join(temporaryDirectory(t), 'fifo');
    execFileSync('mkfifo', [path]);
    assert.throws(() => readTextFile(path, 100), {
      message: `${path} is a FIFO or a device, not a file`,
    });
  });

  test('that is a directory is refused, /dev/null is empty, /dev/zero is too large', (t) => {
    const path = temporaryDirectory(t);
    assert.throws(() => readTextFile(path, 100), { code: 'EISDIR' });
    assert.equal(readTextFile('/dev/null', 100), '');
    assert.throws(() => readTextFile('/dev/zero', 100), { message: '/dev/zero is larger than 100 bytes' });
  });

  test('that is not there is told by its code', (t) => {
    assert.throws(() => readTextFile(join(temporaryDirectory(t), 'none'), 100), { code: 'ENOENT' });
  });

  test('may be readable later where it is not there or the disk failed, and stays what it is otherwise', (t) => {
    const directory = temporaryDirectory(t);
    const large = join(directory, 'large');
    writeFileSync(large, 'more than a byte');
    const isReadableLater = (path: string) => {
      try {
        return readTextFile(path, 1);
      } catch (error) {
        return isNotReadableYet(error);
      }
    };
    const stops = 'a host that is still booting would never be watched';
    assert.equal(isReadableLater(join(directory, 'none')), true, stops);
    assert.equal(isReadableLater(directory), false);
    assert.equal(isReadableLater(large), false, 'the operator is not told what is wrong');
  });
});

describe('a file that the agent keeps', () => {
  test('is read through no link, and where it is a regular file only', (t) => {
    const directory = temporaryDirectory(t);
    const file = join(directory, 'file');
    writeFileSync(file, 'kept');
    assert.equal(readKeptFile(file, 100), 'kept');
    for (const [name, target] of [
      ['link', file],
      ['dangling', join(directory, 'none')],
      ['device', '/dev/zero'],
    ] as const) {
      symlinkSync(target, join(directory, name));
      assert.throws(() => readKeptFile(join(directory, name), 100), {
        message: `${join(directory, name)} is a link, not a file`,
        code: 'ELOOP',
      });
    }
    execFileSync('mkfifo', [join(directory, 'fifo')]);
    assert.throws(() => readKeptFile(join(directory, 'fifo'), 100), /is a FIFO or a device, not a file$/);
    assert.throws(() => readKeptFile('/dev/null', 100), /is a FIFO or a device, not a file$/);
    assert.throws(() => readKeptFile(directory, 100), { code: 'EISDIR' });
    assert.throws(() => readKeptFile(join(directory, 'none'), 100), { code: 'ENOENT' });
  });
});

describe('a directory that may be written', () => {
  test('is found to be so, and is left as it was', (t) => {
    const directory = temporaryDirectory(t);
    tryToWrite(directory);
    assert.deepEqual(readdirSync(directory), []);
    assert.throws(() => tryToWrite(join(directory, 'none')), { code: 'ENOENT' });
    assert.throws(() => tryToWrite('/proc'), /ENOENT|EACCES/);
  });
});

describe('a directory that is made', () => {
  test('comes with those above it, and may be there already', (t) => {
    const path = join(temporaryDirectory(t), 'a', 'b', 'c');
    makeDirectory(path);
    makeDirectory(path);
    assert.ok(statSync(path).isDirectory());
  });

  test('below a file is an error', (t) => {
    const directory = temporaryDirectory(t);
    writeFileSync(join(directory, 'file'), '');
    assert.throws(() => makeDirectory(join(directory, 'file')), { code: 'EEXIST' });
    assert.throws(() => makeDirectory(join(directory, 'file', 'a', 'b')), { code: 'ENOTDIR' });
  });

  test('that a file system refuses to make is an error, unless it is there', (t) => {
    const there = temporaryDirectory(t);
    const mkdirSync = () => {
      throw Object.assign(new Error('read-only'), { code: 'EROFS' });
    };
    const fs = { ...nodeFs, mkdirSync } as FileSystem;
    makeDirectory(there, fs);
    assert.throws(() => makeDirectory(join(there, 'none'), fs), { code: 'EROFS' });
  });

  test('in /proc is an error, not a loop without end', { skip: !existsSync('/proc/self') }, () => {
    assert.throws(() => makeDirectory('/proc/ecs-drain-agent'), { code: 'ENOENT' });
    assert.throws(() => makeDirectory('/proc/ecs-drain-agent/a/b'), { code: 'ENOENT' });
  });
});

test('a file that cannot be removed ends nothing', (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'file');
  mkdirSync(path);
  removeIfPossible(path);
  removeIfPossible(join(directory, 'none'));
  writeFileSync(join(directory, 'other'), '');
  removeIfPossible(join(directory, 'other'));
  assert.deepEqual(readdirSync(directory), ['file']);
});

function oldFile(t: TestContext): string {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, 'old');
  return path;
}

const nameOf = (path: string, at: number) => path.split('/').at(at);

/** A write(2) that takes this many bytes at most. */
function writing(most: number | (() => number)): FileSystem['writeSync'] {
  const write = (file: number, bytes: Buffer, offset: number, length: number) => {
    const count = Math.min(length, typeof most === 'number' ? most : most());
    return count === 0 ? 0 : nodeFs.writeSync(file, bytes, offset, count);
  };
  return write as FileSystem['writeSync'];
}

/** The calls that decide what a crash leaves, in their order, by file name. */
function callsOf(act: (fs: FileSystem) => void): string[] {
  const calls: string[] = [];
  act(noting(calls));
  return calls;
}

function noting(calls: string[]): FileSystem {
  const names = new Map<number, string | undefined>();
  return {
    ...nodeFs,
    openSync: (path, ...rest) => {
      const file = nodeFs.openSync(path, ...rest);
      names.set(file, nameOf(String(path), -1));
      calls.push(`open ${names.get(file)}`);
      return file;
    },
    fsyncSync: (file) => {
      calls.push(`fsync ${names.get(file)}`);
      nodeFs.fsyncSync(file);
    },
    fsync: Object.assign(
      (file: number, done: (error: Error | null) => void) => {
        calls.push(`fsync ${names.get(file)}`);
        nodeFs.fsync(file, done);
      },
      { __promisify__: nodeFs.fsync.__promisify__ },
    ),
    renameSync: (from, to) => {
      calls.push(`rename ${nameOf(String(from), -1)}`);
      nodeFs.renameSync(from, to);
    },
  };
}

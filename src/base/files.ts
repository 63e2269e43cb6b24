// As a whole: its exports read one by one would load the promises too, 1 MB.
import nodeFs from 'node:fs';
import { dirname, join } from 'node:path';

/** The calls of `node:fs` with which files are kept. The simulation passes a disk of its own. */
export type FileSystem = Pick<
  typeof nodeFs,
  | 'closeSync'
  | 'fchmodSync'
  | 'fstatSync'
  | 'fsync'
  | 'fsyncSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readSync'
  | 'renameSync'
  | 'statSync'
  | 'unlinkSync'
  | 'writeSync'
>;

export type ReplaceOptions = {
  /** Its permissions, whatever the umask. Default: for its own user only. */
  readonly mode?: number;
  /** Whether it is on the disk itself when this returns; false for what is only shown. Default true. */
  readonly durable?: boolean;
  readonly fs?: FileSystem;
};

/**
 * Replaces a file as a whole: whoever reads it, at any moment and after any crash, finds the old text or the new one.
 * Throws where not all of it could be written, and then leaves the file as it was.
 */
export function replaceFile(
  path: string,
  text: string,
  { mode = 0o600, durable = true, fs = nodeFs }: ReplaceOptions = {},
): void {
  const temporary = `${path}.new`;
  // What a crash left, or anybody put there: opening it could block (a FIFO), or write somewhere else (a link).
  removeFile(temporary, fs);
  const file = fs.openSync(temporary, 'wx', mode);
  try {
    try {
      fs.fchmodSync(file, mode);
      writeAll(file, Buffer.from(text), fs);
      if (durable) fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    // Half a file would keep a full disk full.
    removeIfPossible(temporary, fs);
    throw error;
  }
  // The new name is on the disk only once its directory is.
  if (durable) syncDirectory(dirname(path), fs);
}

/**
 * Has what a file holds now put on the disk itself, while everything else goes on. Resolves with whether it is there: until
 * then a crash of the host can leave the file empty.
 */
export function putOnDisk(path: string, fs: FileSystem = nodeFs): Promise<boolean> {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = nodeFs.constants;
  return syncBeside(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, fs);
}

/** The same of the names in a directory, to which a link may lead, as to systemd's StateDirectory. */
export function putNamesOnDisk(directory: string, fs: FileSystem = nodeFs): Promise<boolean> {
  return syncBeside(directory, 'r', fs);
}

function syncBeside(path: string, flags: number | 'r', fs: FileSystem): Promise<boolean> {
  return new Promise((resolve) => {
    let file: number;
    try {
      file = fs.openSync(path, flags);
    } catch {
      resolve(false);
      return;
    }
    fs.fsync(file, (error) => {
      const closed = isClosed(file, fs);
      resolve(!error && closed);
    });
  });
}

/** close(2) tells of writes that failed, on a network's file system for example. */
function isClosed(file: number, fs: FileSystem): boolean {
  try {
    fs.closeSync(file);
    return true;
  } catch {
    return false;
  }
}

/** On a disk that is nearly full, write(2) takes what it has room for, and only the next call fails. */
function writeAll(file: number, bytes: Buffer, fs: FileSystem): void {
  let written = 0;
  while (written < bytes.length) {
    const count = fs.writeSync(file, bytes, written, bytes.length - written);
    if (count <= 0) throw new Error(`only ${written} of ${bytes.length} bytes could be written`);
    written += count;
  }
}

function syncDirectory(path: string, fs: FileSystem): void {
  const directory = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(directory);
  } finally {
    fs.closeSync(directory);
  }
}

/**
 * The text of an operator's file of at most `mostBytes`. Never blocks on a FIFO or a device. Throws where it is larger,
 * or neither a file nor a character device (such as /dev/null); with `code` as of open(2) where it cannot be opened.
 */
export function readTextFile(path: string, mostBytes: number, fs: FileSystem = nodeFs): string {
  const { O_RDONLY, O_NONBLOCK } = nodeFs.constants;
  const file = fs.openSync(path, O_RDONLY | O_NONBLOCK);
  return readOpened(file, path, mostBytes, (stats) => stats.isFile() || stats.isCharacterDevice(), fs);
}

/**
 * The same of a file that the agent itself keeps. Whoever may write its directory may put anything in its place, and
 * root reads it too: a link is not followed, so no device is ever opened. Throws where it is not a regular file.
 */
export function readKeptFile(path: string, mostBytes: number, fs: FileSystem = nodeFs): string {
  const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = nodeFs.constants;
  let file: number;
  try {
    file = fs.openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) !== 'ELOOP') throw error;
    throw notAFile(path, 'a link', 'ELOOP');
  }
  return readOpened(file, path, mostBytes, (stats) => stats.isFile(), fs);
}

/**
 * Whether what `readTextFile` threw can pass by itself: the file is not there yet, or the disk failed. What is there and
 * is no text file, or is too large, stays so.
 */
export function isNotReadableYet(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && code !== 'EISDIR';
}

function readOpened(
  file: number,
  path: string,
  mostBytes: number,
  isReadable: (stats: nodeFs.Stats) => boolean,
  fs: FileSystem,
): string {
  try {
    const stats = fs.fstatSync(file);
    if (stats.isDirectory()) throw notAFile(path, 'a directory', 'EISDIR');
    if (!isReadable(stats)) throw notAFile(path, 'a FIFO or a device');
    return readAll(file, path, mostBytes, fs);
  } finally {
    fs.closeSync(file);
  }
}

const notAFile = (path: string, what: string, code?: string) =>
  Object.assign(new Error(`${path} is ${what}, not a file`), code && { code });

/**
 * Whether something can be made in a directory: makes an empty one in it, of a name that nobody can foresee, and removes
 * it. Throws where it cannot.
 */
export function tryToWrite(directory: string): void {
  nodeFs.rmdirSync(nodeFs.mkdtempSync(join(directory, 'trial-')));
}

const CHUNK_BYTES = 65_536;

function readAll(file: number, path: string, mostBytes: number, fs: FileSystem): string {
  const chunks: Buffer[] = [];
  let length = 0;
  // The size that fstat tells is 0 in /proc, and a file can grow while it is read.
  for (;;) {
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const count = fs.readSync(file, chunk, 0, CHUNK_BYTES, null);
    if (count === 0) return Buffer.concat(chunks).toString('utf8');
    length += count;
    if (length > mostBytes) throw new Error(`${path} is larger than ${mostBytes} bytes`);
    chunks.push(chunk.subarray(0, count));
  }
}

/**
 * Makes a directory and those above it that are missing. Throws where one cannot be made. (Node's own recursive mkdir
 * never returns where mkdir(2) answers ENOENT below a directory that exists, as in /proc.)
 */
export function makeDirectory(path: string, fs: FileSystem = nodeFs): void {
  try {
    makeOne(path, fs);
  } catch (error) {
    const parent = dirname(path);
    if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
    makeDirectory(parent, fs);
    makeOne(path, fs);
  }
}

function makeOne(path: string, fs: FileSystem): void {
  try {
    // Whatever the umask: who may write the state directory requests a drain.
    fs.mkdirSync(path, 0o755);
  } catch (error) {
    // Some file systems answer EROFS or EACCES for a directory that exists.
    if (!isDirectory(path, fs)) throw error;
  }
}

function isDirectory(path: string, fs: FileSystem): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Gives a file another's name. What cannot be renamed stays as it is. */
export function renameIfPossible(from: string, to: string, fs: FileSystem = nodeFs): void {
  try {
    fs.renameSync(from, to);
  } catch {
    // It is not there any more, or keeps its name.
  }
}

/** Removes a file. What cannot be removed stays: for files that do no harm. */
export function removeIfPossible(path: string, fs: FileSystem = nodeFs): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // It was not there, or stays.
  }
}

/** Removes a file. Throws where it cannot be removed; one that is not there is. */
export function removeFile(path: string, fs: FileSystem = nodeFs): void {
  try {
    fs.unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;

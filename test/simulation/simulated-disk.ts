import type * as Fs from 'node:fs';

/**
 * A disk for the state file, in the place of `node:fs`. What was written is in the kernel's cache until it is
 * synced: a killed process leaves the cache behind, a machine that loses power leaves what was synced.
 */
export type Disk = {
  /** The machine restarts: what was not synced is gone. */
  losePower(): void;
  /** The kernel has had the time to write to the platter by itself what was changed until then, in ms. Default: all of it. */
  writeBack(until?: number): void;
  /** In ms. */
  now: () => number;
  /** Nothing can be written any more, until it is `fine` again. */
  full: boolean;
  /** For so many bytes the disk has room, in all its files: a write takes what it finds room for, and says how much. */
  room: number;
  /** Replaces the state file's content, in cache and on the platter. */
  overwrite(text: string | undefined): void;
  /** What the state file holds now, as far as a process sees; undefined where there is none. */
  content(): string | undefined;
  /** Whether a loss of power would take some of that. */
  isAhead(): boolean;
  /** The process that uses it has ended: what it waited for is told to nobody. The kernel goes on with it. */
  endProcess(): void;
  /** When fsync(2) returns that is begun now: at once, as a rule. */
  whenSynced: (end: () => void) => void;
  /** Called before each operation that changes something; a kill happens in here. Returns false for a dead process. */
  onOperation: () => boolean;
};

type File = { cached: Buffer; synced: Buffer; changedAt: number };
type Handle = { readonly file: File | 'directory'; readTo: number };

const EMPTY = Buffer.alloc(0);

let names = new Map<string, File>();
let syncedNames = new Map<string, File>();
/** When what a name stands for last changed, in ms. */
let namedAt = new Map<string, number>();
let open = new Map<number, Handle>();
let nextHandle = 3;
let current: Disk | undefined;
/** What fsync(2) has begun counts only until then. */
let powerFailures = 0;
let processes = 0;

/** A new, empty disk: the one that every later call of this module's functions is about. */
export function insertDisk(): Disk {
  names = new Map();
  syncedNames = new Map();
  namedAt = new Map();
  open = new Map();
  const disk: Disk = {
    losePower: () => {
      names = new Map(syncedNames);
      for (const file of names.values()) file.cached = file.synced;
      open.clear();
      powerFailures++;
    },
    endProcess: () => {
      processes++;
    },
    whenSynced: (end) => end(),
    writeBack: (until = Infinity) => {
      for (const file of names.values()) if (file.changedAt <= until) file.synced = file.cached;
      for (const [path, at] of namedAt) if (at <= until) syncName(path);
    },
    now: () => 0,
    full: false,
    room: Infinity,
    overwrite: (text) => {
      names.clear();
      const bytes = text === undefined ? undefined : Buffer.from(text);
      if (bytes) names.set(STATE_FILE, { cached: bytes, synced: bytes, changedAt: disk.now() });
      syncedNames = new Map(names);
    },
    content: () => (names.get(LATEST_FILE) ?? names.get(STATE_FILE))?.cached.toString('utf8'),
    isAhead: () => {
      const kept = syncedNames.get(LATEST_FILE) ?? syncedNames.get(STATE_FILE);
      return kept?.synced.toString('utf8') !== disk.content();
    },
    onOperation: () => true,
  };
  current = disk;
  return disk;
}

/** Where the simulated agents keep their state. */
export const STATE_DIR = '/var/lib/ecs-drain-agent';
const STATE_FILE = `${STATE_DIR}/state.json`;
const LATEST_FILE = `${STATE_FILE}.latest`;

function name(path: string, file: File | undefined): void {
  if (file) names.set(path, file);
  else names.delete(path);
  namedAt.set(path, now());
}

function syncName(path: string): void {
  const file = names.get(path);
  if (file) syncedNames.set(path, file);
  else syncedNames.delete(path);
}

function fill(file: File, bytes: Buffer): void {
  file.cached = bytes;
  file.changedAt = now();
}

const now = () => current?.now() ?? 0;

function goesOn(): boolean {
  if (!current?.onOperation()) return false;
  if (current.full) throw noSpace();
  return true;
}

function roomLeft(): number {
  let left = current?.room ?? Infinity;
  if (left < Infinity) for (const { cached } of names.values()) left -= cached.length;
  return left;
}

const noSpace = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

const noSuchFile = (path: string) =>
  Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });

export const mkdirSync = (() => undefined) as unknown as typeof Fs.mkdirSync;

export const statSync = ((path: string) => ({
  isFile: () => names.has(path),
  isDirectory: () => !names.has(path),
})) as unknown as typeof Fs.statSync;

export const fstatSync = ((handle: number) => {
  const isFile = open.get(handle)?.file !== 'directory';
  return { isFile: () => isFile, isDirectory: () => !isFile, isCharacterDevice: () => false };
}) as unknown as typeof Fs.fstatSync;

export const fchmodSync = (() => undefined) as unknown as typeof Fs.fchmodSync;

export const readFileSync = ((path: string) => {
  const file = names.get(path);
  if (!file) throw noSuchFile(path);
  return file.cached.toString('utf8');
}) as unknown as typeof Fs.readFileSync;

/** Flags are those that the agent's files are opened with: numbers to read one or sync it, `r` for a directory, `w` and `wx`. */
export const openSync = ((path: string, flags: string | number) => {
  const handle = nextHandle++;
  const before = names.get(path);
  if (typeof flags === 'number' || flags === 'r') {
    if (!before && path !== STATE_DIR) throw noSuchFile(path);
    open.set(handle, { file: before ?? 'directory', readTo: 0 });
    return handle;
  }
  if (!goesOn()) return handle;
  if (before && flags === 'wx')
    throw Object.assign(new Error(`EEXIST: file already exists, open '${path}'`), { code: 'EEXIST' });
  const file: File = before ?? { cached: EMPTY, synced: EMPTY, changedAt: now() };
  fill(file, EMPTY);
  if (!before) name(path, file);
  open.set(handle, { file, readTo: 0 });
  return handle;
}) as unknown as typeof Fs.openSync;

export const readSync = ((handle: number, into: Buffer, offset: number, length: number) => {
  const from = open.get(handle);
  if (!from || from.file === 'directory') return 0;
  const count = from.file.cached.copy(into, offset, from.readTo, from.readTo + length);
  from.readTo += count;
  return count;
}) as unknown as typeof Fs.readSync;

export const writeSync = ((handle: number, what: string | Buffer, offset = 0, length = what.length) => {
  const bytes = typeof what === 'string' ? Buffer.from(what) : what.subarray(offset, offset + length);
  const file = open.get(handle)?.file;
  // A dead process sees no failure any more.
  if (!file || file === 'directory' || !goesOn()) return bytes.length;
  const room = roomLeft();
  if (room <= 0) throw noSpace();
  const taken = bytes.subarray(0, room);
  // A kill can come in the middle of it.
  fill(file, Buffer.concat([file.cached, taken.subarray(0, taken.length >> 1)]));
  if (!goesOn()) return bytes.length;
  fill(file, Buffer.concat([file.cached, taken.subarray(taken.length >> 1)]));
  return taken.length;
}) as unknown as typeof Fs.writeSync;

export const fsyncSync = ((handle: number) => {
  const file = open.get(handle)?.file;
  // Removing a file takes no room, on the disk either.
  const isBegun = file === 'directory' ? current?.onOperation() : goesOn();
  if (isBegun) beginSync(file)();
}) as unknown as typeof Fs.fsyncSync;

/** What is on the disk itself once it returns is what there was when it began. */
export const fsync = ((handle: number, done: (error: Error | null) => void) => {
  const file = open.get(handle)?.file;
  try {
    // Removing a file takes no room, on the disk either.
    const isBegun = file === 'directory' ? current?.onOperation() : goesOn();
    if (!isBegun) return;
  } catch (error) {
    done(error as Error);
    return;
  }
  const put = beginSync(file);
  const [power, process] = [powerFailures, processes];
  current?.whenSynced(() => {
    if (power === powerFailures) put();
    if (process === processes) done(null);
  });
}) as unknown as typeof Fs.fsync;

function beginSync(file: File | 'directory' | undefined): () => void {
  if (file === 'directory') {
    const now = new Map(names);
    return () => {
      syncedNames = now;
    };
  }
  const bytes = file?.cached ?? EMPTY;
  return () => {
    if (file) file.synced = bytes;
  };
}

export const closeSync = ((handle: number) => {
  open.delete(handle);
}) as unknown as typeof Fs.closeSync;

export const unlinkSync = ((path: string) => {
  if (!names.has(path)) throw noSuchFile(path);
  // Removing a file takes no room.
  if (current?.onOperation()) name(path, undefined);
}) as unknown as typeof Fs.unlinkSync;

export const renameSync = ((from: string, to: string) => {
  const file = names.get(from);
  if (!file) throw noSuchFile(from);
  if (!goesOn()) return;
  name(from, undefined);
  name(to, file);
}) as unknown as typeof Fs.renameSync;

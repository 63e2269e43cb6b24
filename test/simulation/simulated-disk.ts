import type * as Fs from 'node:fs';

/**
 * A disk for the state file, in the place of `node:fs`. What was written is in the kernel's cache until it is
 * synced: a killed process leaves the cache behind, a machine that loses power leaves what was synced.
 */
export type Disk = {
  /** The machine restarts: what was not synced is gone. */
  losePower(): void;
  /** Nothing can be written any more, until it is `fine` again. */
  full: boolean;
  /** Replaces the state file's content, in cache and on the platter. */
  overwrite(text: string | undefined): void;
  /** Called before each operation that changes something; a kill happens in here. Returns false for a dead process. */
  onOperation: () => boolean;
};

type File = { cached: string; synced: string };

let names = new Map<string, File>();
let syncedNames = new Map<string, File>();
let open = new Map<number, File | 'directory'>();
let nextHandle = 3;
let current: Disk | undefined;

/** A new, empty disk: the one that every later call of this module's functions is about. */
export function insertDisk(): Disk {
  names = new Map();
  syncedNames = new Map();
  open = new Map();
  const disk: Disk = {
    losePower: () => {
      names = new Map(syncedNames);
      for (const file of names.values()) file.cached = file.synced;
      open.clear();
    },
    full: false,
    overwrite: (text) => {
      names.clear();
      if (text !== undefined) names.set(STATE_FILE, { cached: text, synced: text });
      syncedNames = new Map(names);
    },
    onOperation: () => true,
  };
  current = disk;
  return disk;
}

/** Where the simulated agents keep their state. */
export const STATE_DIR = '/var/lib/ecs-drain-agent';
const STATE_FILE = `${STATE_DIR}/state.json`;

function goesOn(): boolean {
  if (!current?.onOperation()) return false;
  if (current.full)
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  return true;
}

const noSuchFile = (path: string) =>
  Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });

export const mkdirSync = (() => undefined) as unknown as typeof Fs.mkdirSync;

export const readFileSync = ((path: string) => {
  const file = names.get(path);
  if (!file) throw noSuchFile(path);
  return file.cached;
}) as unknown as typeof Fs.readFileSync;

export const openSync = ((path: string, flags: string) => {
  const handle = nextHandle++;
  if (flags === 'r') {
    open.set(handle, names.get(path) ?? 'directory');
    return handle;
  }
  if (!goesOn()) return handle;
  const file: File = { cached: '', synced: '' };
  const before = names.get(path);
  if (before) before.cached = '';
  else names.set(path, file);
  open.set(handle, before ?? file);
  return handle;
}) as unknown as typeof Fs.openSync;

export const writeSync = ((handle: number, text: string) => {
  const file = open.get(handle);
  if (typeof file !== 'object') return 0;
  // A kill can come in the middle of it.
  if (!goesOn()) return 0;
  file.cached += text.slice(0, text.length >> 1);
  if (!goesOn()) return 0;
  file.cached += text.slice(text.length >> 1);
  return text.length;
}) as unknown as typeof Fs.writeSync;

export const writeFileSync = ((path: string, text: string) => {
  const handle = openSync(path, 'w');
  writeSync(handle, text);
  closeSync(handle);
}) as unknown as typeof Fs.writeFileSync;

export const fsyncSync = ((handle: number) => {
  const file = open.get(handle);
  if (!goesOn()) return;
  if (file === 'directory') syncedNames = new Map(names);
  else if (file) file.synced = file.cached;
}) as unknown as typeof Fs.fsyncSync;

export const closeSync = ((handle: number) => {
  open.delete(handle);
}) as unknown as typeof Fs.closeSync;

export const renameSync = ((from: string, to: string) => {
  const file = names.get(from);
  if (!file) throw noSuchFile(from);
  if (!goesOn()) return;
  names.delete(from);
  names.set(to, file);
}) as unknown as typeof Fs.renameSync;

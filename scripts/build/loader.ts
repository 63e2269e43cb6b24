import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { Script } from 'node:vm';

// dist/cli.js: loads main.js, and each of chunks/ when something of it is first required. What `scripts.ts` makes of the bundle is
// loaded by this and not by Node, which would take no code cache for it.

type Exports = Record<string, unknown>;
type Module = { exports: Exports };
type Require = (name: string) => Exports;
/** What a script's text comes to. */
type Run = (exports: Exports, require: Require, module: Module) => void;

const here = dirname(__filename);
const loaded = new Map<string, Module>();

const inMain = load('main.js') as Record<string, () => Exports>;
inMain['cli.js']?.();

/** @param path in the bundle */
function load(path: string): Exports {
  const before = loaded.get(path);
  if (before) return before.exports;
  const run = compile(join(here, path));
  const module: Module = { exports: {} };
  loaded.set(path, module);
  try {
    run(module.exports, (name) => required(path, name), module);
  } catch (error) {
    // What it requires may be there the next time.
    loaded.delete(path);
    throw error;
  }
  return module.exports;
}

function required(by: string, name: string): Exports {
  if (!name.startsWith('.')) return process.getBuiltinModule(name) as unknown as Exports;
  const path = posix.join(posix.dirname(by), name);
  return inMain[path]?.() ?? load(path);
}

function compile(file: string): Run {
  const source = bytesOf(file);
  if (!source) {
    const message = `${file} is part of this program, and cannot be read: start it anew if it was upgraded, else install it again`;
    throw Object.assign(new Error(message), { name: 'UnreadableProgram', code: 'ERR_MODULE_NOT_FOUND' });
  }
  // esbuild writes ASCII: so each character takes one byte in memory.
  const script = new Script(source.toString('latin1'), {
    filename: file,
    cachedData: codeCache(file, source),
  });
  return script.runInThisContext() as Run;
}

/**
 * What V8 made of the script's source, if the file beside it holds that twice, and then the same source. V8 takes no cache of another
 * version or build of itself, or made with other flags. But of the source it compares only the length, and a cache that was
 * damaged it would run.
 */
function codeCache(file: string, source: Buffer): Buffer | undefined {
  const cache = bytesOf(`${file}.cache`);
  if (!cache) return undefined;
  const length = (cache.length - source.length) / 2;
  if (!(Number.isInteger(length) && length > 0)) return undefined;
  const code = cache.subarray(0, length);
  const isWhole =
    code.equals(cache.subarray(length, 2 * length)) && source.equals(cache.subarray(2 * length));
  return isWhole ? code : undefined;
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

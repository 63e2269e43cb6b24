import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UNIT_FLAGS } from '../unit-flags.ts';

const MAKE = fileURLToPath(new URL('make-code-cache.mjs', import.meta.url));

/**
 * Writes SCRIPT.cache beside a script, for `loader.ts`: with it V8 neither parses nor compiles the script, nor later a function in
 * it. It fits the Node.js that makes it, with the unit's flags. The same script and Node.js give the same bytes.
 *
 * @param node the binary that will run the script
 */
export async function writeCodeCache(script: string, node: string = process.execPath): Promise<void> {
  // The seed is of the hash tables, whose order would differ in each process. It is no part of what V8 compares.
  await promisify(execFile)(node, [...UNIT_FLAGS, '--random-seed=1', MAKE, script]);
}

import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** Writes FILE.sha256 beside it, as sha256sum does. */
export async function writeChecksum(file: string): Promise<void> {
  await writeFile(`${file}.sha256`, `${await sha256(file)}  ${basename(file)}\n`);
}

/** A file's SHA-256, in hexadecimal. */
export async function sha256(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}

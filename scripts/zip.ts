import { crc32, deflateRawSync } from 'node:zlib';

export type ZipEntry = { readonly name: string; readonly data: Uint8Array };

/**
 * Packs files into a ZIP archive that depends on their names and contents alone: they lie in the order given,
 * readable by everyone, dated 1980-01-01, the format's first day.
 */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const local: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const packed = deflateRawSync(data, { level: 9 });
    const header = localHeader(name, data, packed);
    local.push(header, packed);
    central.push(centralHeader(header, offset));
    offset += header.length + packed.length;
  }
  const directory = Buffer.concat(central);
  return Buffer.concat([...local, directory, endOfDirectory(entries.length, directory.length, offset)]);
}

const DEFLATE = 8;
const FIRST_DAY = (1 << 5) | 1;
const UTF8_NAME = 1 << 11;
/** ZIP 2.0, made on Unix, so that the mode below is read as a Unix one. */
const VERSION_NEEDED = 20;
const MADE_ON_UNIX = (3 << 8) | VERSION_NEEDED;
/** A regular file, rw-r--r--: Lambda runs as a user that doesn't own it. */
const MODE = 0o100644;

function localHeader(name: string, data: Uint8Array, packed: Buffer): Buffer {
  const fixed = Buffer.alloc(30);
  fixed.writeUInt32LE(0x04034b50, 0);
  fixed.writeUInt16LE(VERSION_NEEDED, 4);
  fixed.writeUInt16LE(UTF8_NAME, 6);
  fixed.writeUInt16LE(DEFLATE, 8);
  fixed.writeUInt16LE(FIRST_DAY, 12);
  fixed.writeUInt32LE(crc32(data), 14);
  fixed.writeUInt32LE(packed.length, 18);
  fixed.writeUInt32LE(data.length, 22);
  fixed.writeUInt16LE(Buffer.byteLength(name), 26);
  return Buffer.concat([fixed, Buffer.from(name)]);
}

/** Repeats what the local header says from its "version needed" to its name's length. */
function centralHeader(local: Buffer, offset: number): Buffer {
  const fixed = Buffer.alloc(46);
  fixed.writeUInt32LE(0x02014b50, 0);
  fixed.writeUInt16LE(MADE_ON_UNIX, 4);
  local.copy(fixed, 6, 4, 28);
  fixed.writeUInt32LE(MODE * 2 ** 16, 38);
  fixed.writeUInt32LE(offset, 42);
  return Buffer.concat([fixed, local.subarray(30)]);
}

function endOfDirectory(count: number, size: number, offset: number): Buffer {
  const record = Buffer.alloc(22);
  record.writeUInt32LE(0x06054b50, 0);
  record.writeUInt16LE(count, 8);
  record.writeUInt16LE(count, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(offset, 16);
  return record;
}

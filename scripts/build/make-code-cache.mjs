// node FLAGS make-code-cache.mjs SCRIPT: writes SCRIPT.cache. In plain JavaScript: with --jitless Node cannot take types away.
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

const [file] = process.argv.slice(2);
const source = readFileSync(file);
// All functions, and not only those that V8 takes for needed at once.
setFlagsFromString('--no-lazy');
const script = new Script(source.latin1Slice(), { filename: 'main.js' });
// As it will be for whoever loads it: V8 compares the flags.
setFlagsFromString('--lazy');
const code = script.createCachedData();
writeFileSync(`${file}.cache`, Buffer.concat([code, code, source]));

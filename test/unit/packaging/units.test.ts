import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

const folder = new URL('../../../systemd/', import.meta.url);

/** Reached before cloud-final.service, in which user data runs, on every system that is supported. */
const BEFORE_USER_DATA = ['network.target', 'network-online.target'];

describe('the units', () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.service')))
    test(`${name} starts while user data still runs`, () => {
      const text = readFileSync(new URL(name, folder), 'utf8');
      const waitsFor = [...text.matchAll(/^(?:After|Requisite|BindsTo|Requires)=(.*)$/gm)].flatMap(
        ([, units = '']) => units.split(' '),
      );
      assert.deepEqual(
        waitsFor.filter((unit) => !BEFORE_USER_DATA.includes(unit)),
        [],
        'if one of these waits for user data, as ecs.service does, then user data that restarts this unit never ends, the host never joins its cluster, and nobody completes the hook of an instance that is taken away meanwhile',
      );
    });
});

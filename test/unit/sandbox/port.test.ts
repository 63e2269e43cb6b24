import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, test } from 'node:test';
import { openPort } from '../../../src/sandbox/wire/port.ts';

const HOST = '127.0.0.1';
const said = 'of the port';

/** What comes from a port: what its server says, or why there is no connection. */
async function answer(port: number): Promise<string> {
  const socket = connect(port, HOST).setEncoding('utf8');
  try {
    return String((await once(socket, 'data'))[0]);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}

const greeter = () => createServer((socket) => socket.on('error', () => {}).end(said));

describe('a port of the sandbox', () => {
  test('is open, refuses while it is closed, and opens again under its number', async () => {
    const port = await openPort(HOST, greeter);
    try {
      for (let round = 0; round < 3; round++) {
        assert.equal(await answer(port.number), said);
        await port.set(false);
        assert.equal(await answer(port.number), 'ECONNREFUSED');
        assert.equal(await answer(port.number), 'ECONNREFUSED');
        await port.set(true);
      }
      assert.equal(await answer(port.number), said);
    } finally {
      await port.release();
    }
    assert.equal(await answer(port.number), 'ECONNREFUSED');
  });
});

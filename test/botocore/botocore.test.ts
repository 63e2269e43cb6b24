import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { addCapacityProvider, createFleet, operations, startSandbox } from '../../src/sandbox/index.ts';
import { pythonWith } from '../support/python.ts';
import { brokenAnswers } from './broken-answers.ts';

// Every call of the HTTP face, made by AWS's SDK for Python, and each answer held against AWS's own model of the service.

describe('botocore', () => {
  let python: Awaited<ReturnType<typeof pythonWith>>;
  before(async () => {
    python = await pythonWith('botocore', join(import.meta.dirname, 'requirements.txt'));
  });

  test('finds every call of the sandbox answered as AWS’s models say', { timeout: 120_000 }, async (t) => {
    if ('missing' in python) return t.skip(python.missing);
    const fleet = createFleet({
      clock: systemClock,
      groupOptions: { maxSize: 10 },
      timings: { pending: 0, terminatingToWait: 50, proceedToShutdown: 0, shutdown: 0, scheduler: 10 },
    });
    for (let index = 0; index < 4; index++) fleet.addInstance();
    addCapacityProvider(fleet.world, fleet.cluster, { name: 'workers', group: fleet.group });
    const sandbox = await startSandbox(fleet, { clock: systemClock });
    t.after(() => sandbox.close());
    const { lines, code } = await drive(python.path, [sandbox.apiUrl, ...Object.keys(operations)]);
    const steps = lines.filter((line) => /^(not )?ok - /.test(line));
    assert.ok(steps.length > 200, lines.join('\n'));
    const wrong = lines.filter((line) => !line.startsWith('ok - '));
    assert.deepEqual(wrong, [], 'an SDK that reads more strictly than ours would fail on these');
    assert.equal(code, 0);
    t.diagnostic(`${steps.length} steps`);
    return undefined;
  });

  for (const { what, api, contentType, status = 200, body, finds } of brokenAnswers)
    test(`sees that ${what}`, async (t) => {
      if ('missing' in python) return t.skip(python.missing);
      const server = createServer((request, response) => {
        request.resume();
        const headers = { 'content-type': contentType, 'x-amzn-requestid': 'r' };
        response.writeHead(status, headers).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      t.after(() => server.close());
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { lines, code } = await drive(python.path, [url, '--one', api, '{}']);
      assert.equal(code, 1, lines.join('\n'));
      assert.ok(lines.includes(`    ${finds}`), lines.join('\n'));
      return undefined;
    });
});

async function drive(
  python: string,
  parameters: string[],
): Promise<{ lines: string[]; code: number | null }> {
  const script = join(import.meta.dirname, 'drive.py');
  // What the host's own configuration of AWS says is nothing to it.
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(python, [script, ...parameters], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      said += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { lines: said.split('\n').filter(Boolean), code };
}

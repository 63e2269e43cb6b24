import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runSandbox } from '../../../src/commands/sandbox.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

function io(onText: (text: string) => void = () => {}) {
  const texts = { stdout: '', stderr: '' };
  const stop = new AbortController();
  const writer = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      texts[name] += text;
      onText(texts.stdout);
    },
  });
  const streams = {
    stdout: writer('stdout'),
    stderr: writer('stderr'),
    clock: createVirtualClock(),
    stop: stop.signal,
  };
  return { texts, stop, streams };
}

describe('a mistake on the command line is told, with what is allowed', () => {
  for (const [argv, message] of [
    [['--instnces', '3'], 'There is no option --instnces. Did you mean --instances?'],
    [['--nothing-near'], 'There is no option --nothing-near.'],
    [['--instances', '0'], '--instances must be a number from 1 to 50: it was "0".'],
    [['--port', '99999'], '--port must be a port number, or 0 for any free one: it was "99999".'],
    [
      ['--heartbeat-timeout', '5'],
      '--heartbeat-timeout must be a time from 30s to 2h, as Auto Scaling allows: it was "5".',
    ],
    [['--batch-task', 'long'], '--batch-task must be a time such as 90s or 10m: it was "long".'],
    [
      ['--limits', 'auto-scaling=50'],
      '--limits must be none, aws, or sizes such as auto-scaling=50/10 of ecs-cluster-read, ecs-cluster-modify, ecs-service-read, ecs-task-protection, ecs-task-definitions, ec2-describe-tags, logs-get-events, auto-scaling: it was "auto-scaling=50".',
    ],
    [['--hook', 'a b'], '--hook must be up to 255 letters, digits, "_", "-" and "/": it was "a b".'],
  ] as const) {
    test(argv.join(' '), async () => {
      const { texts, streams } = io();
      assert.equal(await runSandbox([...argv], streams), 64);
      assert.deepEqual(texts, { stdout: '', stderr: `${message}\nTry: ecs-drain-agent sandbox --help\n` });
    });
  }
});

test('--help tells every option', async () => {
  const { texts, streams } = io();
  assert.equal(await runSandbox(['--help'], streams), 0);
  for (const option of [
    'instances',
    'port',
    'heartbeat-timeout',
    'hook',
    'batch-task',
    'limits',
    'no-metadata-tags',
  ])
    assert.match(texts.stdout, new RegExp(`^  --${option} `, 'm'));
});

test('it prints an environment for each instance, tells what happens, and ends when told to', async () => {
  const told = Promise.withResolvers<void>();
  const { texts, stop, streams } = io((text) => {
    if (text.includes('lifecycle InService → Terminating')) told.resolve();
    const url = /answers at (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
    if (url && text.endsWith('What happens from here on:\n')) {
      const id = /the agent on (i-[0-9a-f]{17})/.exec(text)?.[1];
      void fetch(`${url}/_sandbox/instances/${id}/scale-in`, { method: 'POST' });
    }
  });
  const ended = runSandbox(['--instances', '2'], streams);
  await told.promise;
  stop.abort();
  assert.equal(await ended, 0);
  assert.equal(texts.stdout.match(/export AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:\d+$/gm)?.length, 2);
  assert.match(texts.stdout, /The sandbox has ended\. Tasks interrupted: 0\.\n$/);
});

test('a port that is taken is an error with its way out', async () => {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { texts, streams } = io();
  assert.equal(await runSandbox(['--port', String(port)], streams), 1);
  assert.match(texts.stderr, /cannot listen on 127\.0\.0\.1:\d+.*EADDRINUSE.*\nChoose another --port/);
  await new Promise((resolve) => server.close(resolve));
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cannotMakeCertificates } from '../support/certificate.ts';
import { type RecordingProxy, startProxy } from '../support/proxy.ts';
import { startSkewedFront } from '../support/skewed-front.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { startTlsFront, type TlsFront } from '../support/tls-front.ts';
import { runCli, startAgentProcess } from './agent-process.ts';
import { TUNNEL, watchLoading } from './loading.ts';
import { startCluster, startOneshot } from './oneshot/oneshot-process.ts';
import { startProgram } from './program-process.ts';
import { startWorkers } from './scaler/scaler-process.ts';
import { type Scene, scenario, waitUntil } from './scenario.ts';

const SECRET = 's3cret';
const USER = `Basic ${Buffer.from(`proxy-user:${SECRET}`).toString('base64')}`;
const proxied = ({ port }: RecordingProxy) => `http://proxy-user:${SECRET}@127.0.0.1:${port}`;
const apisOf = (scene: Scene) => scene.sandbox.apiUrl;

/** A drain from scale-in to release. Resolves with all that its agent wrote. */
async function drainThrough(
  scene: Scene,
  env: Record<string, string>,
  nodeArgs: readonly string[] = [],
): Promise<string> {
  const machine = scene.fleet.addInstance();
  const running = await scene.agent(machine, { env, nodeArgs });
  await running.says('agent.watching');
  scene.fleet.scaleIn(machine);
  await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
  return running.output();
}

describe('on the way to AWS', { concurrency: 4 }, () => {
  for (const how of [{}, { NODE_USE_ENV_PROXY: '1' }])
    scenario(
      `a proxy is asked for the APIs, and never for metadata or the ECS agent ${JSON.stringify(how)}`,
      {},
      async (scene) => {
        const proxy = await startProxy(new URL(apisOf(scene)));
        try {
          const loading = watchLoading(scene);
          const env = {
            AWS_ENDPOINT_URL: 'http://aws-api.invalid',
            HTTP_PROXY: proxied(proxy),
            HTTPS_PROXY: proxied(proxy),
            ...how,
          };
          const output = await drainThrough(scene, env, loading.nodeArgs);
          assert.deepEqual(loading.loaded(TUNNEL), [TUNNEL]);
          assert.ok(proxy.seen.length > 0);
          const others = proxy.seen.filter((url) => !url.startsWith('http://aws-api.invalid/'));
          assert.deepEqual(others, [], 'whoever runs the proxy could answer in the place of metadata');
          assert.deepEqual([...new Set(proxy.authorizations)], [USER]);
          assert.match(output, /the AWS APIs are asked by proxy: .* \(with a password\)/);
          assert.ok(!output.includes(SECRET), 'the proxy’s password is in the log');
        } finally {
          proxy.close();
        }
      },
    );

  scenario('a host whose clock is ten minutes behind is drained like any other', {}, async (scene) => {
    const front = await startSkewedFront(apisOf(scene), 10 * 60_000);
    try {
      await drainThrough(scene, { AWS_ENDPOINT_URL: front.url });
      assert.equal(front.refused(), 2, 'one request each of ECS and Auto Scaling tells what the time is');
    } finally {
      front.close();
    }
  });

  for (const [program, args, exitCode] of [
    // 1: it knows of no such task.
    ['oneshot', ['status', '--cluster', 'batch', '--key', 'nightly'], 1],
    ['scaler', ['plan', '--cluster', 'batch', '--group', 'workers'], 0],
  ] as const)
    test(`ecs-${program} asks no proxy for its credentials, however Node was told to use one`, async () => {
      const { fleet, sandbox } = await startWorkers();
      const { id } = fleet.addInstance();
      await sandbox.settled();
      const proxy = await startProxy(new URL(sandbox.apiUrl));
      try {
        const { code, stderr } = await startProgram(program, args, sandbox, {
          ...sandbox.environment(id),
          AWS_ENDPOINT_URL: 'http://aws-api.invalid',
          HTTP_PROXY: proxied(proxy),
          NODE_OPTIONS: '--use_env_proxy',
        }).ended;
        assert.equal(code, exitCode, stderr);
        assert.ok(proxy.seen.length > 0);
        const others = proxy.seen.filter((url) => !url.startsWith('http://aws-api.invalid/'));
        assert.deepEqual(others, [], 'the credentials of the host go through a proxy');
      } finally {
        proxy.close();
        await sandbox.close();
      }
    });

  scenario(
    'metadata that gives no session token is asked for one again, never by version 1',
    {},
    async (scene) => {
      const machine = scene.fleet.addInstance();
      const running = await scene.agent(machine);
      await running.says('agent.watching');
      const fault = { what: 'error', name: 'Forbidden', status: 403 } as const;
      // The agent has its own token by now.
      const refusal = scene.fault({ match: { service: 'imds', path: 'api/token' }, fault, count: 2 });
      scene.fleet.scaleIn(machine);
      await scene.happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.equal(refusal.hits, 2);
      const withoutToken = (scene.fleet.world.requestLog.entries ?? []).filter(
        ({ api, outcome }) => api === 'imds' && outcome === '401',
      );
      assert.deepEqual(
        withoutToken,
        [],
        'HttpTokens: required would find a program that still uses version 1',
      );
    },
  );

  scenario('a host that NO_PROXY names is asked directly', {}, async (scene) => {
    const proxy = await startProxy(undefined);
    try {
      await drainThrough(scene, { http_proxy: proxied(proxy), NO_PROXY: '127.0.0.1' });
      assert.deepEqual(proxy.seen, []);
    } finally {
      proxy.close();
    }
  });

  scenario('that a proxy refuses is logged without its password', {}, async (scene) => {
    const proxy = await startProxy(undefined);
    const machine = scene.fleet.addInstance();
    try {
      const running = await scene.agent(machine, {
        env: { AWS_ENDPOINT_URL: 'https://aws-api.invalid', HTTPS_PROXY: proxied(proxy) },
      });
      await running.says('agent.watching');
      await scene.drain(running);
      await running.says('call.failed');
      assert.ok(!running.output().includes(SECRET), 'the proxy’s password is in the log');
      const { stdout } = await runCli(['doctor', '--state-dir', scene.directory()], {
        ...scene.sandbox.environment(machine.id),
        AWS_ENDPOINT_URL: 'https://aws-api.invalid',
        HTTPS_PROXY: proxied(proxy),
      });
      assert.match(
        stdout,
        /ok {4}proxy: the AWS APIs are asked by proxy: https through http:\/\/127\.0\.0\.1/,
      );
      assert.ok(!stdout.includes(SECRET), 'the proxy’s password is shown');
    } finally {
      proxy.close();
    }
  });

  const needsOpenssl = { skip: cannotMakeCertificates };
  const withFront = async (scene: Scene, play: (front: TlsFront) => Promise<void>) => {
    const front = await startTlsFront(apisOf(scene), 'aws-api.invalid', scene.directory());
    try {
      await play(front);
    } finally {
      front.close();
    }
  };

  for (const scheme of ['http', 'https'])
    scenario(
      `HTTPS through a tunnel of an ${scheme}:// proxy, with the certificates of AWS_CA_BUNDLE for both`,
      needsOpenssl,
      (scene) =>
        withFront(scene, async (front) => {
          const { certificate } = front;
          const proxy = await startProxy(front.url, scheme === 'https' ? { certificate } : {});
          try {
            await drainThrough(scene, {
              AWS_ENDPOINT_URL: 'https://aws-api.invalid',
              HTTPS_PROXY: proxied(proxy).replace('http', scheme),
              AWS_CA_BUNDLE: certificate.path,
            });
            assert.deepEqual([...new Set(proxy.seen)], ['aws-api.invalid:443']);
          } finally {
            proxy.close();
          }
        }),
    );

  scenario('a drain goes on after a proxy that refuses tunnels and resets them', needsOpenssl, (scene) =>
    withFront(scene, async (front) => {
      const proxy = await startProxy(front.url, { resets: 4 });
      try {
        await drainThrough(scene, {
          AWS_ENDPOINT_URL: 'https://aws-api.invalid',
          HTTPS_PROXY: proxied(proxy),
          AWS_CA_BUNDLE: front.certificate.path,
        });
      } finally {
        proxy.close();
      }
    }),
  );

  test('ecs-oneshot outlives such a proxy, and its exit code is the container’s', needsOpenssl, async (t) => {
    const { sandbox } = await startCluster();
    const front = await startTlsFront(sandbox.apiUrl, 'aws-api.invalid', temporaryDirectory(t));
    const proxy = await startProxy(front.url, { resets: 2 });
    const job = ['run', '--cluster', 'batch', '--task-definition', 'job', '--', 'sh', '-c', 'exit 3'];
    try {
      const { code, stderr } = await startOneshot(job, sandbox, {
        AWS_ENDPOINT_URL: 'https://aws-api.invalid',
        HTTPS_PROXY: proxied(proxy),
        AWS_CA_BUNDLE: front.certificate.path,
      }).ended;
      assert.equal(code, 3, `whoever called it takes 1 for the container’s own exit code\n${stderr}`);
    } finally {
      proxy.close();
      front.close();
      await sandbox.close();
    }
  });

  scenario(
    'the certificates of AWS_CA_BUNDLE are trusted, and without it they are not',
    needsOpenssl,
    (scene) =>
      withFront(scene, async (front) => {
        const AWS_ENDPOINT_URL = front.url.href;
        const machine = scene.fleet.addInstance();
        const without = await scene.agent(machine, { env: { AWS_ENDPOINT_URL } });
        await without.says('agent.watching');
        await scene.drain(without);
        await without.says('call.failed');
        await without.crash();
        const file = join(scene.directory(), 'agent.conf');
        writeFileSync(file, `AWS_CA_BUNDLE=${front.certificate.path}\n`);
        const within = await scene.agent(machine, {
          env: { AWS_ENDPOINT_URL },
          args: ['--config', file],
          stateDir: without.stateDir,
        });
        await within.says('drain.deregistered');
      }),
  );

  for (const [names, hosts] of [
    [{}, ['ecs.eu-west-1.amazonaws.com:443', 'autoscaling.eu-west-1.amazonaws.com:443']],
    [
      { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
      ['ecs.eu-west-1.api.aws:443', 'autoscaling.eu-west-1.api.aws:443'],
    ],
    [
      { AWS_REGION: 'us-gov-west-1', AWS_USE_FIPS_ENDPOINT: 'true' },
      ['ecs-fips.us-gov-west-1.amazonaws.com:443', 'autoscaling.us-gov-west-1.amazonaws.com:443'],
    ],
    [
      { AWS_REGION: 'cn-north-1' },
      ['ecs.cn-north-1.amazonaws.com.cn:443', 'autoscaling.cn-north-1.amazonaws.com.cn:443'],
    ],
  ] as const)
    scenario(`${JSON.stringify(names)} asks ${hosts.join(' and ')}`, {}, async (scene) => {
      const proxy = await startProxy(undefined);
      try {
        const machine = scene.fleet.addInstance();
        const running = await scene.agent(machine, {
          env: { AWS_ENDPOINT_URL: '', ...names, HTTPS_PROXY: proxied(proxy) },
        });
        await running.says('agent.watching');
        await scene.drain(running);
        await waitUntil(() => new Set(proxy.seen).size >= 2, 'requests to both services');
        assert.deepEqual([...new Set(proxy.seen)].sort(), [...hosts].sort());
      } finally {
        proxy.close();
      }
    });
});

describe('a network that is set wrong is said to before anything is begun', { concurrency: 4 }, () => {
  for (const [what, env, said] of [
    [
      'a bundle without a certificate',
      { AWS_CA_BUNDLE: '/etc/hostname' },
      `AWS_CA_BUNDLE: "/etc/hostname" holds no certificate in PEM`,
    ],
    [
      'a proxy of another kind',
      { HTTPS_PROXY: `socks5://u:${SECRET}@h:1` },
      'HTTPS_PROXY: socks5:// is not supported; a proxy is asked by http:// or https://',
    ],
    [
      'a task of ECS',
      { ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x' },
      'ECS_CONTAINER_METADATA_URI_V4 is set: this is a task of ECS, and the agent cannot drain the instance that runs it',
    ],
  ] as const)
    test(`${what}: exit code 78`, async (t) => {
      const { code, stdout, stderr } = await runCli(['run', '--state-dir', temporaryDirectory(t)], env);
      assert.deepEqual([code, stdout], [78, '']);
      assert.ok(stderr.startsWith(`ecs-drain-agent: the configuration is wrong.\n  ${said}`), stderr);
      assert.ok(!stderr.includes(SECRET));
    });

  test('a bundle that is not there yet: the unit starts the agent again', async (t) => {
    const env = { AWS_CA_BUNDLE: '/nowhere/ca.pem' };
    const { code, stderr } = await runCli(['run', '--state-dir', temporaryDirectory(t)], env);
    assert.equal(code, 75, 'the unit never starts it again, and the instance has no agent');
    assert.equal(
      stderr,
      'ecs-drain-agent: the configuration cannot be read.\n  AWS_CA_BUNDLE: "/nowhere/ca.pem" cannot be read (ENOENT); the user of this process must be able to\n',
    );
  });

  test('a task of ECS fails doctor as well', async (t) => {
    const { code, stdout } = await runCli(['doctor', '--state-dir', temporaryDirectory(t)], {
      ECS_CONTAINER_METADATA_URI_V4: 'http://169.254.170.2/v4/x',
    });
    assert.equal(code, 1);
    assert.match(stdout, /^FAIL {2}where it runs: ECS_CONTAINER_METADATA_URI_V4 is set/m);
  });

  test('an endpoint that is neither on this host nor encrypted is a warning', async (t) => {
    const running = startAgentProcess(['run', '--state-dir', temporaryDirectory(t)], {
      AWS_ENDPOINT_URL_ECS: 'http://198.51.100.7:4566/',
    });
    try {
      await running.log.first(
        ({ event, msg }) => event === 'config.warning' && msg.includes('198.51.100.7'),
        'a warning',
      );
    } finally {
      running.signal('SIGKILL');
      await running.exited;
    }
  });
});

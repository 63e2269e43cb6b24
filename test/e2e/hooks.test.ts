import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe } from 'node:test';
import { end, type Scene, scenario } from './scenario.ts';

/** The operator asked for it to be kept. */
const held = { L1: 'a hook holds the instance' };

const group = { fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] } };

describe("the operator's hooks", { concurrency: 4 }, () => {
  scenario('run at their stage, once, and the release waits for those of drained', group, async (scene) => {
    const { fleet, agent, happens } = scene;
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine, { family: 'report' });
    const seen = join(scene.directory(), 'seen');
    const hooksDir = hooks(scene, {
      'draining/10-note': `echo "$ECS_DRAIN_HOOK_STAGE $ECS_DRAIN_HOOK_TASKS_LEFT" >> ${seen}`,
      'drained/10-note': `cat > ${seen}.json; echo "$ECS_DRAIN_HOOK_STAGE $ECS_DRAIN_HOOK_TASKS_LEFT" >> ${seen}; echo to the log`,
      'drained/20-fails': `echo second >> ${seen}; exit 7`,
      'released/10-note': `echo "$ECS_DRAIN_HOOK_STAGE" >> ${seen}`,
    });
    const running = await agent(machine, { args: ['--hooks-dir', hooksDir] });
    await running.says('agent.watching');
    fleet.scaleIn(machine);
    await running.says('hook.finished', { stage: 'draining' });
    fleet.endTask(task);
    await running.says('hook.finished', { stage: 'released' });
    await happens('machine-terminated', { instanceId: machine.id });

    assert.deepEqual(readFileSync(seen, 'utf8').trim().split('\n'), [
      'draining 1',
      'drained 0',
      'second',
      'released',
    ]);
    const given = JSON.parse(readFileSync(`${seen}.json`, 'utf8'));
    assert.equal(given.instanceId, machine.id);
    assert.equal(given.cluster, fleet.cluster.name);
    assert.equal(given.group, fleet.group.name);
    assert.deepEqual(given.signals, ['lifecycle']);
    assert.deepEqual(
      running.lines('hook.output').map(({ hook, msg }) => [hook, msg]),
      [['10-note', '10-note: to the log']],
    );
    assert.match(
      running.lines('hook.failed')[0]?.msg ?? '',
      /hook 20-fails of stage drained failed: exit code 7/,
    );
    const order = running.log.items.map(({ event, stage }) => (stage ? `${event} ${stage}` : event));
    assert.ok(order.indexOf('drain.deregistered') < order.indexOf('hook.finished drained'));
    assert.ok(order.indexOf('hook.failed drained') < order.indexOf('lifecycle.completed'));
    await end(running);
  });

  scenario(
    'hold the instance until they succeed, through a restart',
    { ...group, except: held },
    async (scene) => {
      const { fleet, agent, happens } = scene;
      const machine = fleet.addInstance();
      const flag = join(scene.directory(), 'shipped');
      const hooksDir = hooks(scene, { 'drained/10-ship': `test -e ${flag}` });
      const args = ['--hooks-dir', hooksDir, '--hook-failure', 'hold'];
      const first = await agent(machine, { args });
      await first.says('agent.watching');
      fleet.scaleIn(machine);
      await first.says('hook.holding', { stage: 'drained' });
      await first.crash();
      assert.equal(machine.member?.state, 'Terminating:Wait');

      writeFileSync(flag, '');
      const second = await agent(machine, { args, stateDir: first.stateDir });
      await second.says('hook.finished', { hook: '10-ship' });
      await happens('machine-terminated', { instanceId: machine.id });
      assert.deepEqual(first.lines('lifecycle.completed'), []);
    },
  );

  scenario(
    'delay no heartbeat, and the agent ends in time though one runs',
    { ...group, except: held },
    async (scene) => {
      const { fleet, agent } = scene;
      const machine = fleet.addInstance();
      const hooksDir = hooks(scene, { 'drained/10-slow': 'echo begun; sleep 300' });
      const running = await agent(machine, { args: ['--hooks-dir', hooksDir] });
      await running.says('agent.watching');
      fleet.scaleIn(machine);
      const begun = await running.says('hook.output', { hook: '10-slow' });
      // A heartbeat every 5 s: one that comes after the hook began was not kept from coming by it.
      await running.log.first(
        ({ event, time }) => event === 'lifecycle.heartbeat' && time > begun.time,
        'a heartbeat while the hook runs',
      );
      assert.deepEqual(await end(running), { code: 0, signal: null });
      assert.deepEqual(running.lines('lifecycle.completed'), []);
    },
  );

  scenario(
    'that others could change are refused at the start and in the drain, and hold the instance if asked to',
    { ...group, except: held },
    async (scene) => {
      const { fleet, agent, happens } = scene;
      const machine = fleet.addInstance();
      const seen = join(scene.directory(), 'seen');
      const hooksDir = hooks(scene, { 'drained/10-ship': `touch ${seen}` });
      const hook = join(hooksDir, 'drained/10-ship');
      chmodSync(hook, 0o777);
      const running = await agent(machine, { args: ['--hooks-dir', hooksDir, '--hook-failure', 'hold'] });
      const why = `every user may write ${hook}; chmod o-w it`;
      const { msg } = await running.says('hook.refused', { hook: '10-ship' });
      assert.equal(msg, `${hook} will not be run: ${why}`);
      fleet.scaleIn(machine);
      await running.says('hook.holding', { stage: 'drained' });
      assert.equal(running.lines('hook.refused').at(-1)?.msg, `${hook} is not run: ${why}`);
      assert.ok(!existsSync(seen), 'what anybody may have written was run');
      chmodSync(hook, 0o755);
      await running.says('hook.finished', { hook: '10-ship' });
      await happens('machine-terminated', { instanceId: machine.id });
    },
  );

  scenario('are named and not run in a dry run', group, async (scene) => {
    const { fleet, agent } = scene;
    const machine = fleet.addInstance();
    const seen = join(scene.directory(), 'seen');
    const hooksDir = hooks(scene, { 'drained/10-note': `touch ${seen}` });
    const running = await agent(machine, { args: ['--hooks-dir', hooksDir, '--dry-run'] });
    await running.says('agent.watching');
    fleet.scaleIn(machine);
    await running.says('dry-run.skipped', { hook: '10-note' });
    await running.says('dry-run.skipped', { action: 'complete' });
    assert.ok(!existsSync(seen));
  });

  scenario('as docs/hooks.md shows them', group, async (scene) => {
    const { fleet, agent, happens } = scene;
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine, { family: 'report' });
    let queued = 2;
    const slack = await standIn();
    const fluentd = await standIn(({ url }, response) => {
      const plugins = [
        { plugin_id: 'forward', buffer_total_queued_size: queued * 512 },
        { plugin_id: 'other' },
      ];
      if (url === '/api/plugins.json' && queued > 0) queued--;
      response.end(JSON.stringify(url === '/api/plugins.json' ? { plugins } : { ok: true }));
    });
    const sensu = await standIn((_request, response) => response.writeHead(204).end());
    const settings = scene.directory();
    writeFileSync(join(settings, 'slack.conf'), `SLACK_WEBHOOK_URL=${slack.url}/services/T/B/X\n`);
    writeFileSync(
      join(settings, 'fluentd.conf'),
      `FLUENTD_RPC=${fluentd.url}\nFLUENTD_MONITOR=${fluentd.url}\n`,
    );
    writeFileSync(join(settings, 'sensu.conf'), `SENSU_URL=${sensu.url}\nSENSU_API_KEY=secret\n`);

    const examples = examplesIn(new URL('../../docs/hooks.md', import.meta.url));
    assert.deepEqual(Object.keys(examples), [
      'draining/10-slack',
      'drained/20-flush-logs',
      'drained/30-monitor',
    ]);
    const running = await agent(machine, {
      args: ['--hooks-dir', hooks(scene, examples)],
      env: { CREDENTIALS_DIRECTORY: settings },
    });
    await running.says('agent.watching');
    fleet.scaleIn(machine);
    await running.says('hook.finished', { stage: 'draining' });
    fleet.endTask(task);
    await happens('machine-terminated', { instanceId: machine.id });

    assert.deepEqual(running.lines('hook.failed'), []);
    assert.deepEqual(slack.requests, [
      `POST /services/T/B/X {"text": "${machine.id} of ${fleet.group.name} is draining (lifecycle, 1 tasks left)"}`,
    ]);
    assert.deepEqual(fluentd.requests, [
      'GET /api/plugins.flushBuffers',
      'GET /api/plugins.json',
      'GET /api/plugins.json',
      'GET /api/plugins.json',
    ]);
    assert.deepEqual(sensu.requests, [
      `DELETE /api/core/v2/namespaces/default/entities/${machine.id} Key secret`,
    ]);
    assert.deepEqual(
      running.lines('hook.output').map(({ msg }) => msg),
      [
        '20-flush-logs: 1 buffers are not empty yet',
        '20-flush-logs: 1 buffers are not empty yet',
        '20-flush-logs: all logs are shipped',
        `30-monitor: deregistered ${machine.id}`,
      ],
    );
  });
});

function hooks(scene: Scene, scripts: Readonly<Record<string, string>>): string {
  const directory = scene.directory();
  for (const [name, script] of Object.entries(scripts)) {
    mkdirSync(join(directory, name, '..'), { recursive: true });
    writeFileSync(join(directory, name), script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`, {
      mode: 0o755,
    });
  }
  return directory;
}

/** The scripts of the page, by the path that the paragraph before each begins with. */
function examplesIn(page: URL): Record<string, string> {
  const [, ...sections] = readFileSync(page, 'utf8').split('\nSave this as `/etc/ecs-drain-agent/hooks.d/');
  return Object.fromEntries(
    sections.map((section) => {
      const [, script = ''] = section.split('\n```sh\n');
      return [section.slice(0, section.indexOf('`')), script.slice(0, script.indexOf('```'))];
    }),
  );
}

async function standIn(
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    response.end('ok'),
) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method, url, headers } = request;
      requests.push([method, url, headers.authorization, body].filter(Boolean).join(' '));
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

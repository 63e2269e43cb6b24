import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { describe } from 'node:test';
import { series } from '../../src/metrics/series.ts';
import { watchLoading } from './loading.ts';
import { end, scenario } from './scenario.ts';

const group = { fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] } };

describe('metrics', { concurrency: 4 }, () => {
  scenario('tell of a whole drain, at the address and in the file', group, async (scene) => {
    const { fleet, agent, happens } = scene;
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine, { family: 'report' });
    const file = join(scene.directory(), 'agent.prom');
    const running = await agent(machine, {
      args: ['--metrics-listen', '127.0.0.1:0', '--metrics-file', file],
    });
    const { port } = (await running.says('metrics.ready')) as unknown as { port: number };
    await running.says('agent.watching');
    const watching = parse(await scrape(port));
    assert.equal(watching.get('ecs_drain_agent_state{state="watching"}'), 1);
    assert.equal(watching.get('ecs_drain_agent_drain_seconds'), 0);
    assert.ok(
      ![...watching.keys()].some((name) => name.includes('aws_requests')),
      'at rest it asks AWS nothing',
    );

    fleet.scaleIn(machine);
    await Promise.all([running.says('lifecycle.heartbeat'), running.says('drain.progress')]);
    const draining = parse(await scrape(port));
    assert.equal(draining.get('ecs_drain_agent_state{state="draining"}'), 1);
    assert.equal(draining.get('ecs_drain_agent_signal{source="lifecycle"}'), 1);
    assert.equal(draining.get('ecs_drain_agent_tasks_left'), 1);
    assert.equal(draining.get('ecs_drain_agent_blocked{reason="standalone"}'), 1);
    assert.equal(draining.get('ecs_drain_agent_heartbeats_total'), 1);
    assert.equal(
      draining.get('ecs_drain_agent_aws_requests_total{api="ecs:UpdateContainerInstancesState"}'),
      1,
    );

    fleet.endTask(task);
    await running.says('drain.done');
    const released = parse(await scrape(port));
    assert.equal(released.get('ecs_drain_agent_state{state="released"}'), 1);
    assert.equal(released.get('ecs_drain_agent_tasks_left'), 0);
    const took = released.get('ecs_drain_agent_last_task_to_release_seconds');
    assert.ok(took !== undefined && took < 5, `the release took ${took} s`);
    assert.deepEqual(
      [...parse(readFileSync(file, 'utf8')).keys()].slice(0, 5),
      [...released.keys()].slice(0, 5),
    );
    await happens('machine-terminated', { instanceId: machine.id });
    await end(running);
    assert.ok(!existsSync(file));
  });

  scenario('and the hooks cost nothing while they are off', group, async (scene) => {
    const { fleet, agent } = scene;
    const loading = watchLoading(scene);
    const running = await agent(fleet.addInstance(), {
      nodeArgs: loading.nodeArgs,
      args: ['--hooks-dir', scene.directory()],
    });
    await running.says('agent.watching');
    assert.deepEqual(loading.loaded('src/metrics/'), []);
    assert.deepEqual(loading.loaded('src/operator-hooks/'), [
      'src/operator-hooks/operator-hooks.ts',
      'src/operator-hooks/model.ts',
    ]);
    assert.deepEqual(loading.loaded('node_modules/@aws-sdk/'), []);
    await end(running);
  });

  scenario('are loaded where they are on', group, async (scene) => {
    const { fleet, agent } = scene;
    const loading = watchLoading(scene);
    const running = await agent(fleet.addInstance(), {
      nodeArgs: loading.nodeArgs,
      args: ['--metrics-listen', '127.0.0.1:0'],
    });
    await running.says('agent.watching');
    assert.deepEqual(loading.loaded('src/metrics/recorder.ts'), ['src/metrics/recorder.ts']);
    await end(running);
  });
});

async function scrape(port: number): Promise<string> {
  const outgoing = request({ host: '127.0.0.1', port, path: '/metrics', agent: false }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += chunk;
  return body;
}

/** The samples of a text in Prometheus' format, by name and labels; it must keep every rule of that format. */
function parse(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const described = new Set<string>();
  let current = '';
  assert.ok(text.endsWith('\n'), 'the last line does not end');
  for (const line of text.trimEnd().split('\n')) {
    const help = /^# HELP ([a-z_]+) (\S.*)$/.exec(line);
    const type = /^# TYPE ([a-z_]+) (gauge|counter)$/.exec(line);
    const sample =
      /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?\d+(?:\.\d+)?(?:e\+?\d+)?)$/.exec(line);
    if (help) {
      current = help[1] ?? '';
      assert.ok(!described.has(current), `${current} is described twice`);
      described.add(current);
      assert.equal(help[2], series[current as keyof typeof series].help);
    } else if (type) {
      assert.equal(type[1], current);
      assert.equal(type[2] === 'counter', current.endsWith('_total'), `${current} has the other kind's name`);
    } else {
      assert.ok(sample, `no line of the format: ${line}`);
      assert.equal(sample[1], current, 'a sample is apart from its series');
      const name = `${sample[1]}${sample[2] ?? ''}`;
      assert.ok(!samples.has(name), `${name} is there twice`);
      samples.set(name, Number(sample[3]));
    }
  }
  return samples;
}

import assert from 'node:assert/strict';
import { runCli } from './agent-process.ts';
import { scenario } from './scenario.ts';

scenario(
  'a drain that a service blocks says why, for one request a minute, and goes on when there is room',
  { fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] } },
  async ({ fleet, agent, requests, happens, timeline }) => {
    const machine = fleet.addInstance();
    const { id } = machine;
    fleet.addService({ name: 'site', desiredCount: 1 });
    await timeline.first(
      (event) => event.type === 'task' && event.to === 'RUNNING',
      'the task of the service to run',
    );
    const running = await agent(machine);
    await running.says('agent.watching');
    fleet.scaleIn(machine);
    const { msg } = await running.says('drain.blocked');
    assert.match(
      msg,
      /^service:site cannot start a replacement\. ECS says, \d+ s ago: \(service site\) was unable to place a task/,
    );
    assert.equal(requests('ecs:DescribeServices').length, 1);
    assert.deepEqual(requests('ecs:GetTaskProtection'), []);
    const { code, stdout } = await runCli(['status', '--state-dir', running.stateDir]);
    assert.equal(code, 13);
    assert.match(stdout, /^problem {13}service:site cannot start a replacement/m);
    assert.match(stdout, /^fix {17}add capacity to the cluster/m);

    fleet.addInstance();
    await happens('machine-terminated', { instanceId: id });
    await running.says('lifecycle.completed');
  },
);

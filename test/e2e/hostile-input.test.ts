import assert from 'node:assert/strict';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe } from 'node:test';
import { MANAGED_DRAINING_HOOK } from '../../src/config/options.ts';
import { forPeople } from '../../src/log/output.ts';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { listen } from '../../src/sandbox/wire/port.ts';
import { runCli } from './agent-process.ts';
import { type Agent, scenario, waitUntil } from './scenario.ts';

const KEY = 'ecs-drain-agent:terminate';
const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };

/**
 * Clears the screen, colours it, starts a line that looks like an event, ends the text, begins another; shows itself in
 * another order than it stands, and has what is not seen.
 */
const HOSTILE =
  'x\u202eyaw\u2066\u200b\u{e0041}\u001b[2J\u001b]0;owned\u0007\u009b31m\r\n{"level":"fatal","event":"agent.stopped","msg":"bye"}\n\u0000\u2028\u2029\u007f"}';
const MEGABYTE = 1_000_000;
const LONGEST_LINE = 32_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\p{Cf}]/u;

/** A log of nothing but events, one a line, none of them told by somebody else. */
function assertHarmless(agent: Agent): void {
  const output = agent.output();
  assert.doesNotMatch(output, CONTROL, 'a control character in the log');
  const lines = output.split('\n').slice(0, -1);
  assert.ok(lines.length > 0);
  for (const line of lines) {
    assert.ok(line.length <= LONGEST_LINE, `a line of ${line.length} characters: ${line.slice(0, 200)}`);
    const { event, level } = JSON.parse(line);
    assert.match(event, /^[a-z]+\.[a-z-]+$/);
    assert.notEqual(level, 'fatal');
    const read = forPeople(line, { colour: false });
    assert.doesNotMatch(read.slice(0, -1), CONTROL, 'a control character on a terminal');
    assert.equal(read.indexOf('\n'), read.length - 1, 'one event is one line on a terminal');
    assert.ok(read.length < 1_000);
  }
  assert.equal(agent.lines('agent.stopped').length, 0);
}

async function assertStatusHarmless({ stateDir }: Agent): Promise<string> {
  const forPeopleToo = await runCli(['status', '--state-dir', stateDir]);
  assert.equal(forPeopleToo.code, 10, 'it is draining');
  assert.doesNotMatch(forPeopleToo.stdout, CONTROL);
  for (const line of forPeopleToo.stdout.split('\n')) assert.ok(line.length < 1_000, line.slice(0, 100));
  const asJson = await runCli(['status', '--json', '--state-dir', stateDir]);
  assert.doesNotMatch(asJson.stdout, CONTROL);
  assert.equal(JSON.parse(asJson.stdout).state, 'draining');
  return forPeopleToo.stdout;
}

describe('text of any content', { concurrency: 4 }, () => {
  scenario(
    'in task groups and who started a task: each stays one line, and the drain goes on',
    { fleet },
    async ({ fleet, agent, happens, requests }) => {
      const machine = fleet.addInstance();
      const tasks = [
        fleet.runTask(machine, { group: HOSTILE, startedBy: HOSTILE }),
        fleet.runTask(machine, { group: `family:${'g'.repeat(MEGABYTE)}` }),
        fleet.runTask(machine, { group: `service:${HOSTILE}`, startedBy: HOSTILE.repeat(10_000) }),
        fleet.runTask(machine, { group: '__proto__' }),
        fleet.runTask(machine, { group: '{"level":"fatal"}' }),
      ];
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('drain.progress', { tasksLeft: tasks.length });
      // The host names the tasks first; their groups only ECS knows, and is asked some seconds later.
      await waitUntil(() => requests('ecs:DescribeTasks').length > 0, 'ECS to be asked what they are');
      let status = await assertStatusHarmless(running);
      for (let tries = 0; tries < 60 && !status.includes('fatal'); tries++)
        status = await assertStatusHarmless(running);
      assert.match(status, /\{"level":"fatal"\}/, 'the group is shown all the same');
      for (const task of tasks) fleet.endTask(task);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assertHarmless(running);
    },
  );

  scenario(
    'in error messages: each is told in one line of a bounded length, and tried again',
    { fleet },
    async ({ fleet, agent, fault, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      for (const [api, message] of [
        ['ecs:DescribeTasks', HOSTILE],
        ['ecs:ListTasks', HOSTILE.repeat(MEGABYTE / HOSTILE.length)],
        ['ecs:UpdateContainerInstancesState', '{"level":"fatal","event":"agent.stopped"}'],
        // A pattern that takes quadratic time for this stops the whole process.
        ['ecs:DescribeContainerInstances', `${' '.repeat(MEGABYTE)}x`],
        ['autoscaling:DescribeLifecycleHooks', '<b>]]>&amp;\n"}'.repeat(10_000)],
      ] as const) {
        fault({
          match: { api },
          fault: { what: 'error', name: 'ServerException', status: 500, message },
          count: 2,
        });
      }
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('call.recovered', { operation: 'ecs:UpdateContainerInstancesState' });
      // While the host says that a task runs, ECS is hardly asked.
      fleet.endTask(task);
      for (const operation of ['ecs:DescribeTasks', 'ecs:ListTasks'])
        await running.says('call.recovered', { operation });
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assert.ok(running.lines('call.failed').length >= 3);
      assertHarmless(running);
    },
  );

  scenario(
    'of a megabyte in the tag: it is not read, and the group’s own word is enough',
    { fleet },
    async ({ fleet, agent, happens }) => {
      const machine = fleet.addInstance();
      fleet.putTag(machine, KEY, `hook=drain ${'v'.repeat(MEGABYTE)}`);
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      assertHarmless(running);
    },
  );
});

/** As its unit starts it. */
const UNIT_NODE_ARGS = [
  '--disable-sigusr1',
  '--jitless',
  '--max-semi-space-size=1',
  '--max-old-space-size=128',
];

scenario(
  'whatever takes the ECS agent’s port and however much it says there: the process lives, and the drain goes on',
  { fleet },
  async ({ fleet, agent, happens }) => {
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine);
    const running = await agent(machine, { nodeArgs: UNIT_NODE_ARGS });
    await running.says('agent.watching');
    fleet.ecsAgent(machine, 'down');
    const asked = () =>
      (fleet.world.requestLog.entries ?? []).filter(
        ({ api, input }) => api === 'introspection' && String(input).endsWith('/v1/tasks'),
      ).length;
    fleet.scaleIn(machine);
    const metadata = JSON.stringify({
      Cluster: fleet.cluster.name,
      ContainerInstanceArn: machine.ecsAgent.containerInstance?.arn,
    });
    const tasks = (count: number, family: string) =>
      JSON.stringify({
        Tasks: Array.from({ length: count }, (_, index) => ({
          Arn: task.arn.replace(/\w+$/, String(index).padStart(32, '0')),
          Family: family,
          KnownStatus: 'RUNNING',
        })),
      });
    for (const answer of [
      `{"Tasks":[${'{},'.repeat(5_000_000)}{}]}`,
      `{"Tasks":[${'[],'.repeat(2_000_000)}[]]}`,
      `{"Tasks":${'['.repeat(4_000_000)}${']'.repeat(4_000_000)}}`,
      `{"Tasks":[{${Array.from({ length: 700_000 }, (_, index) => `"${index}":1`).join()}}]}`,
      tasks(40_000, ''),
      tasks(2_000, HOSTILE),
      tasks(2, HOSTILE.repeat(30_000)),
    ]) {
      fleet.impersonate(machine, { metadata, tasks: answer });
      const before = asked();
      await waitUntil(() => asked() >= before + 2, 'two more questions to the ECS agent');
    }
    fleet.impersonate(machine, undefined);
    fleet.ecsAgent(machine, 'up');
    fleet.endTask(task);
    await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    assertHarmless(running);
  },
);

describe('one answer that switches to another protocol: the next one counts again', {
  concurrency: 2,
}, () => {
  for (const [what, name, path] of [
    ['on the ECS agent’s port', 'ECS_DRAIN_INTROSPECTION_URL', '/v1/tasks'],
    ['of metadata', 'AWS_EC2_METADATA_SERVICE_ENDPOINT', '/meta-data/autoscaling/target-lifecycle-state'],
  ] as const) {
    scenario(`${what}: the drain goes on`, { fleet }, async ({ fleet, sandbox, agent, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      await sandbox.settled();
      const inBetween = await switchProtocols(sandbox.environment(machine.id)[name] ?? '', path);
      try {
        const running = await agent(machine, { env: { [name]: inBetween.url } });
        await running.says('agent.watching');
        // What is asked of the ECS agent is asked in a drain only.
        if (name === 'ECS_DRAIN_INTROSPECTION_URL') fleet.scaleIn(machine);
        await inBetween.once();
        if (name !== 'ECS_DRAIN_INTROSPECTION_URL') fleet.scaleIn(machine);
        fleet.endTask(task);
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        assertHarmless(running);
      } finally {
        inBetween.close();
      }
    });
  }
});

/** Passes on what it is asked. `once` has the next question about `path` answered by another protocol. */
async function switchProtocols(origin: string, path: string) {
  let answered: (() => void) | undefined;
  const server = createServer((request, response) => {
    if (answered && request.url?.endsWith(path)) {
      request.socket.end(
        'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      );
      answered();
      answered = undefined;
      return;
    }
    const { method, headers } = request;
    const onward = send(origin + request.url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    onward.end();
  });
  await listen(server, '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    once: () => new Promise<void>((resolve) => (answered = resolve)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('a tag’s value chooses nothing but one of the group’s hooks', { concurrency: 4 }, () => {
  for (const [what, value] of [
    ['a text that a terminal would obey', `${HOSTILE} hook=drain\u001b[0m`],
    ['another instance', 'instance=i-00000000000000002 InstanceId=i-00000000000000002'],
    ['another instance, as JSON', '{"instanceId":"i-00000000000000002","group":"other-asg","hook":"other"}'],
    ['another instance after its hook', 'hook=drain/../other&InstanceId=i-00000000000000002 hook=drain'],
  ] as const) {
    scenario(`${what}: our own instance goes, and no other`, { fleet }, async (scene) => {
      const { fleet, agent, happens, requests } = scene;
      const machine = fleet.addInstance();
      const other = fleet.addInstance({ instanceId: 'i-00000000000000002' });
      fleet.putTag(machine, KEY, value);
      const running = await agent(machine);
      await running.says('drain.signalled');
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { instanceId: machine.id, by: 'call', result: 'CONTINUE' });
      assert.equal(other.member?.state, 'InService');
      assert.equal(other.ecsAgent.containerInstance?.status, 'ACTIVE');
      assert.doesNotMatch(JSON.stringify(requests().map(({ input }) => input)), /i-00000000000000002|other/);
      assertHarmless(running);
    });
  }

  for (const wanted of [MANAGED_DRAINING_HOOK, 'of-another-group', 'launch', 'constructor']) {
    scenario(
      `hook=${wanted}: the group’s only hook stays ours, and the log says why`,
      {
        fleet: {
          hooks: [
            { name: 'drain', heartbeatTimeout: 7_200 },
            { name: MANAGED_DRAINING_HOOK, heartbeatTimeout: 7_200 },
          ],
        },
      },
      async ({ fleet, agent, requests, happens }) => {
        const machine = fleet.addInstance();
        fleet.putTag(machine, KEY, `hook=${wanted}`);
        const running = await agent(machine);
        fleet.scaleIn(machine);
        const { msg } = await running.says('drain.hook-unclear');
        assert.equal(
          msg,
          `the tag names the hook ${wanted}, which the group does not have: drain stays ours`,
        );
        await happens('lifecycle-action-ended', { hook: 'drain', by: 'call', result: 'CONTINUE' });
        const completed = requests('autoscaling:CompleteLifecycleAction').map(({ input }) => input);
        assert.doesNotMatch(JSON.stringify(completed), /managed|another|launch|constructor/);
        assertHarmless(running);
      },
    );
  }
});

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'node:test';
import type { Fleet, FleetOptions } from '../../src/sandbox/fleet.ts';
import { instanceOf } from '../unit/sandbox/calls.ts';
import { end, scenario } from './scenario.ts';

const KEY = 'ecs-drain-agent:terminate';
const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] };
const THEIRS = 'ecs-managed-draining-termination-hook';

describe('instances as they are found', { concurrency: 5 }, () => {
  describe('where the tag is read', { concurrency: 3 }, () => {
    scenario(
      'tags not in the metadata: by the EC2 API, said once; and by the metadata once they are switched on',
      { fleet, setting: { tagsInMetadata: false } },
      async ({ fleet, agent, requests, polls, happens }) => {
        const machine = fleet.addInstance({ metadataTags: false });
        const first = await agent(machine);
        await first.says('tag.source', { source: 'ec2', level: 'warn' });
        await polls(machine, 4);
        assert.equal(first.lines('tag.source').length, 1);
        assert.equal(requests('ec2:DescribeTags').length, 1);
        await end(first);

        machine.imds.tags = true;
        const second = await agent(machine, { stateDir: first.stateDir });
        await second.says('agent.watching');
        fleet.putTag(machine, KEY, '');
        await second.says('drain.signalled');
        await happens('container-instance', { to: 'INACTIVE' });
        assert.equal(requests('ec2:DescribeTags').length, 1);
      },
    );

    scenario(
      '--tag-source ec2: a tag is seen, and seen to go',
      { fleet, setting: { tagsInMetadata: false, pollInterval: 20_000 } },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        fleet.putTag(machine, KEY, '');
        fleet.runTask(machine);
        const running = await agent(machine, { args: ['--tag-source', 'ec2'] });
        await happens('container-instance', { to: 'DRAINING' });
        fleet.removeTag(machine, KEY);
        await happens('container-instance', { from: 'DRAINING', to: 'ACTIVE' });
        await running.says('drain.cancelled');
      },
    );

    scenario('another key', { fleet, setting: { tagKey: 'my:key' } }, async ({ fleet, agent, happens }) => {
      const machine = fleet.addInstance();
      fleet.putTag(machine, 'my:key', 'now');
      await agent(machine, { args: ['--tag-key', 'my:key'] });
      await happens('container-instance', { to: 'INACTIVE' });
    });
  });

  describe('which hook is ours', { concurrency: 3 }, () => {
    const hook = (name: string) => ({ name, heartbeatTimeout: 30 });

    scenario(
      "another owner's beside it: ours is completed, theirs left alone",
      { fleet: { hooks: [hook('drain'), hook(THEIRS)] } },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        const running = await agent(machine);
        fleet.scaleIn(machine);
        await happens('lifecycle-action-ended', { hook: 'drain', by: 'call', result: 'CONTINUE' });
        // Before anything else of ours: it looks again, and finds that another hook holds the instance.
        await running.says('drain.done', { why: 'released' });
        assert.equal(machine.member?.state, 'Terminating:Wait');
        fleet.world.call('autoscaling:CompleteLifecycleAction', {
          AutoScalingGroupName: fleet.group.name,
          LifecycleHookName: THEIRS,
          InstanceId: machine.id,
          LifecycleActionResult: 'CONTINUE',
        });
        await happens('machine-terminated');
      },
    );

    scenario(
      'two, and nothing says which: neither is touched, and it says what to set',
      { fleet: { hooks: [hook('one'), hook('two')] } },
      async ({ fleet, agent, requests }) => {
        const machine = fleet.addInstance();
        const running = await agent(machine);
        fleet.scaleIn(machine);
        const { msg } = await running.says('drain.hook-unclear');
        assert.match(msg, /several terminating hooks \(one, two\): set --lifecycle-hook to ours/);
        assert.deepEqual(requests('autoscaling:CompleteLifecycleAction'), []);
        assert.deepEqual(requests('autoscaling:RecordLifecycleActionHeartbeat'), []);
      },
    );

    scenario(
      'two, and the option says which',
      { fleet: { hooks: [hook('one'), hook('two')] }, setting: { lifecycleHook: 'two' } },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        await agent(machine, { args: ['--lifecycle-hook', 'two'] });
        fleet.scaleIn(machine);
        await happens('lifecycle-action-ended', { hook: 'two', by: 'call', result: 'CONTINUE' });
      },
    );

    scenario(
      "two, and the tag's value says which",
      { fleet: { hooks: [hook('one'), hook('two')] } },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        await agent(machine);
        fleet.putTag(machine, KEY, 'hook=one');
        fleet.scaleIn(machine);
        await happens('lifecycle-action-ended', { hook: 'one', by: 'call', result: 'CONTINUE' });
      },
    );
  });

  describe('cancelled', { concurrency: 3 }, () => {
    scenario(
      'too late: it has been deregistered, and the log says so',
      { fleet },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        const running = await agent(machine);
        fleet.putTag(machine, KEY, '');
        await happens('container-instance', { to: 'INACTIVE' });
        await running.says('drain.done');
        fleet.removeTag(machine, KEY);
        await running.says('drain.cancelled-too-late');
        await running.says('agent.watching');
      },
    );

    scenario(
      "DRAINING by somebody else's hand: it stays so",
      { fleet },
      async ({ fleet, agent, requests, polls }) => {
        const machine = fleet.addInstance();
        fleet.runTask(machine);
        setDraining(fleet, machine.ecsAgent.containerInstance?.arn);
        const running = await agent(machine);
        fleet.putTag(machine, KEY, '');
        await running.says('drain.progress', { tasksLeft: 1 });
        fleet.removeTag(machine, KEY);
        await running.says('drain.not-ours');
        await polls(machine, 2);
        assert.equal(machine.ecsAgent.containerInstance?.status, 'DRAINING');
        assert.deepEqual(requests('ecs:UpdateContainerInstancesState'), []);
      },
    );
  });

  describe('found so', { concurrency: 3 }, () => {
    scenario(
      'deregistered already: CONTINUE, without a second try',
      { fleet },
      async ({ fleet, agent, happens, requests }) => {
        const machine = fleet.addInstance();
        fleet.world.call('ecs:DeregisterContainerInstance', {
          cluster: 'web',
          containerInstance: machine.ecsAgent.containerInstance?.arn,
        });
        await agent(machine);
        fleet.scaleIn(machine);
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        assert.deepEqual(requests('ecs:DeregisterContainerInstance'), []);
      },
    );

    for (const deregisterAgain of ['not-found', 'inactive'] as const)
      scenario(
        `deregistered, and the answer lost (${deregisterAgain}): it finds out, and goes on`,
        { fleet: { ...fleet, deregisterAgain } },
        async ({ fleet, agent, happens, fault }) => {
          const machine = fleet.addInstance();
          fault({
            match: { api: 'ecs:DeregisterContainerInstance' },
            fault: { what: 'act-then-lose-response' },
          });
          await agent(machine);
          fleet.scaleIn(machine);
          await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        },
      );

    scenario(
      'tasks on their way down do not make ECS refuse: they are waited for all the same',
      { fleet: { ...fleet, deregisterRefusedFor: 'pending-or-running' } },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        const task = fleet.runTask(machine, { exitAfterSigtermMs: 4_000 });
        const running = await agent(machine);
        fleet.scaleIn(machine);
        await running.says('drain.progress', { tasksLeft: 1 });
        fleet.world.call('ecs:StopTask', { cluster: 'web', task: task.arn, reason: 'an operator' });
        await happens('machine-terminated', { instanceId: machine.id });
        assert.deepEqual(fleet.world.interruptions, []);
      },
    );

    scenario(
      'the metadata token expired: a new one is asked for',
      { fleet },
      async ({ fleet, agent, happens, polls }) => {
        const machine = fleet.addInstance();
        const running = await agent(machine);
        await running.says('agent.watching');
        await polls(machine, 1);
        machine.imds.tokens.clear();
        await polls(machine, 2);
        fleet.scaleIn(machine);
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        assert.deepEqual(running.lines('signals.unknown'), []);
      },
    );

    scenario(
      'no credentials for the first seconds: it says so and goes on once they are there',
      { fleet },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance({ credentialsAfter: 3_600_000 });
        const running = await agent(machine);
        fleet.scaleIn(machine);
        await running.says('agent.waiting', { for: 'credentials' });
        machine.imds.credentialsFrom = 0;
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        // Nothing was unclear about the hook: it had just not been asked for yet.
        assert.deepEqual(running.lines('drain.hook-unclear'), []);
      },
    );

    scenario('metadata and ECS agent that come up late', { fleet }, async ({ fleet, agent, happens }) => {
      const machine = fleet.addInstance({ imdsAfter: 5_000, ecsAgentAfter: 20_000 });
      const running = await agent(machine);
      await running.says('agent.waiting', { for: 'imds' });
      await running.says('agent.watching');
      await running.says('agent.waiting', { for: 'ecs-agent' });
      await running.says('agent.ready', { cluster: 'web' });
      fleet.scaleIn(machine);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    });
  });

  describe('registered anew after its drain, and given a task', { concurrency: 2 }, () => {
    for (const [how, isSilent] of [
      ['as the ECS agent says', false],
      ['while the ECS agent is silent', true],
    ] as const)
      scenario(`${how}: that task is waited for too`, { fleet }, async (scene) => {
        const { fleet, agent, drain, fault, happens, polls, timeline } = scene;
        const machine = fleet.addInstance();
        const running = await agent(machine);
        await running.says('agent.ready', { cluster: 'web' });
        await drain(running);
        await running.says('drain.done', { why: 'maintenance' });
        if (isSilent) fault({ match: { service: 'introspection' }, fault: { what: 'refuse' } });

        fleet.ecsAgent(machine, 'registered-anew');
        const { arn } = instanceOf(machine);
        const task = fleet.runTask(machine);
        fleet.scaleIn(machine);
        await happens('container-instance', { containerInstanceArn: arn, to: 'DRAINING' });
        await polls(machine, 3);
        fleet.endTask(task);
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
        assert.equal(task.lastStatus, 'STOPPED');
        const told = timeline.items.map((event) =>
          event.type === 'container-instance' && event.containerInstanceArn === arn ? event.to : event.type,
        );
        assert.ok(told.indexOf('INACTIVE') < told.indexOf('lifecycle-action-ended'));
      });
  });

  describe('killed with SIGKILL, and started again', { concurrency: 3 }, () => {
    scenario('while it waits: it goes on', { fleet }, async ({ fleet, agent, happens }) => {
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const first = await agent(machine);
      fleet.scaleIn(machine);
      await first.says('drain.progress');
      await first.crash();
      const second = await agent(machine, { stateDir: first.stateDir });
      await second.says('drain.signalled');
      await second.says('drain.progress', { tasksLeft: 1 });
      fleet.endTask(task);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    });

    scenario(
      'cancelled while it was down: it still knows that it had set DRAINING',
      { fleet },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        fleet.runTask(machine);
        const first = await agent(machine);
        fleet.putTag(machine, KEY, '');
        await first.says('drain.draining');
        await first.crash();
        fleet.removeTag(machine, KEY);
        const second = await agent(machine, { stateDir: first.stateDir });
        await second.says('drain.cancelled');
        await happens('container-instance', { from: 'DRAINING', to: 'ACTIVE' });
      },
    );

    scenario(
      'after it had deregistered: CONTINUE',
      { fleet: { ...fleet, timings: { terminatingToWait: 4_000 } } },
      async ({ fleet, agent, happens }) => {
        const machine = fleet.addInstance();
        const first = await agent(machine);
        fleet.scaleIn(machine);
        await first.says('drain.deregistered');
        await first.crash();
        fleet.ecsAgent(machine, 'down');
        const second = await agent(machine, { stateDir: first.stateDir });
        await second.says('lifecycle.completed', { result: 'CONTINUE' });
        await happens('machine-terminated');
      },
    );

    for (const [what, text] of [
      ['cut off', '{"version":1,"instanceId":"i-'],
      ['of another instance', '{"version":1,"instanceId":"i-0123","savedAt":1,"memory":{"drainingSetAt":1}}'],
    ] as const)
      scenario(`with a state file that is ${what}: said, and done without`, { fleet }, async (scene) => {
        const { fleet, agent, happens, directory } = scene;
        const machine = fleet.addInstance();
        const task = fleet.runTask(machine);
        const stateDir = directory();
        writeFileSync(join(stateDir, 'state.json'), text);
        const running = await agent(machine, { stateDir });
        await running.says('state.discarded', { level: 'warn' });
        fleet.scaleIn(machine);
        await running.says('drain.progress', { tasksLeft: 1 });
        fleet.endTask(task);
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      });

    scenario(
      'launched from an image of one that was drained by hand: not drained itself',
      { fleet },
      async (scene) => {
        const { fleet, agent, drain } = scene;
        const drained = await agent(fleet.addInstance());
        // Its status tells the request whose it is.
        await drained.says('agent.watching');
        await drain(drained);
        await drained.says('drain.done');
        drained.signal('SIGTERM');
        await drained.exited;
        const stateDir = scene.directory();
        cpSync(drained.stateDir, stateDir, { recursive: true });
        const machine = fleet.addInstance();
        const launched = await agent(machine, { stateDir });
        await scene.polls(machine, 2);
        const told = launched.lines('state.discarded').map(({ msg }) => String(msg));
        assert.match(told.at(-1) ?? '', /the request to drain .* was made on i-.*: it does not count here/);
        assert.deepEqual(
          launched.lines('drain.signalled'),
          [],
          'each instance of the image leaves its cluster',
        );
      },
    );
  });
});

function setDraining({ world }: Fleet, arn: string | undefined): void {
  world.call('ecs:UpdateContainerInstancesState', {
    cluster: 'web',
    containerInstances: arn ? [arn] : [],
    status: 'DRAINING',
  });
}

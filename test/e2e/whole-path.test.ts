import assert from 'node:assert/strict';
import { AutoScalingClient, SetDesiredCapacityCommand } from '@aws-sdk/client-auto-scaling';
import { scenario } from './scenario.ts';
import { startTaggerFunction } from './tagger/tagger-function.ts';

// Nothing is stubbed in between: each step is what makes the next one happen.
scenario(
  'capacity lowered → lifecycle event → tagger in its runtime → tag → agent → released',
  { fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 30 }] } },
  async ({ fleet, sandbox, agent, happens, requests }) => {
    const [chosen, staying] = [fleet.addInstance(), fleet.addInstance()];
    const task = fleet.runTask(chosen, { family: 'report' });
    // Told to heed the tag alone: it then knows of the scale-in by the tagger and by nothing else.
    const running = await agent(chosen, { args: ['--signals', 'tag'] });
    const other = await agent(staying, { args: ['--signals', 'tag'] });
    await running.says('agent.watching');
    await other.says('agent.watching');

    const tagger = await startTaggerFunction({
      AWS_ENDPOINT_URL: sandbox.apiUrl,
      GROUP_NAMES: fleet.group.name,
    });
    const answers: Promise<{ kind: string }>[] = [];
    fleet.world.onLifecycleEvent((event) => answers.push(tagger.invoke(event)));
    try {
      await lowerCapacity(sandbox.apiUrl, fleet.group.name, 1);
      await happens('lifecycle-state', { instanceId: chosen.id, to: 'Terminating:Wait' });
      const signalled = await running.says('drain.signalled');
      assert.deepEqual(
        (signalled.signals as { source: string; hook: string }[]).map(({ source, hook }) => ({
          source,
          hook,
        })),
        [{ source: 'tag', hook: 'drain' }],
      );
      await running.says('drain.draining');
      await running.says('drain.progress', { tasksLeft: 1 });
      fleet.endTask(task);
      await running.says('lifecycle.completed', { hook: 'drain', result: 'CONTINUE' });
      await happens('machine-terminated', { instanceId: chosen.id });
    } finally {
      await tagger.close();
    }

    assert.equal(task.stopCode, 'EssentialContainerExited');
    assert.deepEqual(
      (await Promise.all(answers)).map(({ kind }) => kind),
      ['response'],
    );
    assert.deepEqual(fleet.world.interruptions, []);
    assert.equal(requests().filter(({ instanceId }) => instanceId === staying.id).length, 0);
  },
);

async function lowerCapacity(endpoint: string, group: string, desired: number): Promise<void> {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' };
  const client = new AutoScalingClient({ region: 'eu-west-1', endpoint, credentials });
  await client.send(new SetDesiredCapacityCommand({ AutoScalingGroupName: group, DesiredCapacity: desired }));
  client.destroy();
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { addDefinition } from '../../../src/sandbox/world/task-definitions.ts';
import { START } from '../../support/virtual-clock.ts';
import { instanceOf, outcome } from './calls.ts';

function scene(instances = 1) {
  const fleet = createFleet({ now: START });
  addDefinition(fleet.world, { family: 'job', cpu: 256, memory: 512, containerName: 'main' });
  for (let index = 0; index < instances; index++) fleet.addInstance({ cpu: 1024, memory: 2048 });
  const run = (input: object = {}) =>
    fleet.world.call('ecs:RunTask', { cluster: 'web', taskDefinition: 'job', ...input });
  const describe = (arn: string | undefined) =>
    fleet.world.call('ecs:DescribeTasks', { cluster: 'web', tasks: [arn ?? ''] }).tasks?.[0];
  const command = (...words: string[]) => ({
    overrides: { containerOverrides: [{ name: 'main', command: words }] },
  });
  return { fleet, run, describe, command };
}

describe('RunTask with a client token', () => {
  test('starts one task however often it is asked, also when that has ended', () => {
    const { fleet, run, command } = scene();
    const asked = { clientToken: 'a', ...command('sleep', '1') };
    const [first] = run(asked).tasks ?? [];
    fleet.pass(60_000);
    const [again] = run(asked).tasks ?? [];
    assert.equal(again?.taskArn, first?.taskArn);
    assert.equal(again?.lastStatus, 'STOPPED');
    assert.equal(fleet.cluster.tasks.size, 1);
  });

  test('says again that there was no room, although there is now: only a new token starts', () => {
    const { fleet, run } = scene(0);
    fleet.addInstance({ cpu: 128, memory: 128 });
    const refused = run({ clientToken: 'a' });
    assert.deepEqual(refused.tasks, []);
    assert.deepEqual(
      refused.failures?.map(({ reason }) => reason),
      ['RESOURCE:MEMORY'],
    );
    fleet.addInstance({ cpu: 1024, memory: 2048 });
    assert.deepEqual(run({ clientToken: 'a' }), refused);
    assert.equal(run({ clientToken: 'b' }).tasks?.length, 1);
  });

  test('forgets what an error was answered to, so that the same token can start', () => {
    const { fleet, run } = scene(0);
    assert.match(
      outcome(() => String(run({ clientToken: 'a' }))),
      /No Container Instances were found/,
    );
    fleet.addInstance();
    assert.equal(run({ clientToken: 'a' }).tasks?.length, 1);
  });

  test('refuses other parameters, and names the task that the token started', () => {
    const { run, command } = scene();
    const [task] = run({ clientToken: 'a' }).tasks ?? [];
    assert.throws(
      () => run({ clientToken: 'a', ...command('true') }),
      (error: Error & { resourceIds?: string[] }) =>
        error.name === 'ConflictException' && error.resourceIds?.[0] === task?.taskArn,
    );
  });

  const startedOf = ({ fleet }: ReturnType<typeof scene>) =>
    [...fleet.cluster.containerInstances.values()][0]?.machine.placed.length;

  test('forgets a token an hour after its task has stopped, and not before', () => {
    const here = scene();
    const asked = { clientToken: 'a', ...here.command('sleep', '1') };
    here.run(asked);
    here.fleet.pass(59 * 60_000);
    here.run(asked);
    assert.equal(startedOf(here), 1);
    here.fleet.pass(2 * 60_000);
    here.run(asked);
    assert.equal(startedOf(here), 2, 'AWS starts the task again');
  });

  test('forgets a token after 24 hours, though its task still runs', () => {
    const here = scene();
    const asked = { clientToken: 'a', ...here.command('sleep', '100000') };
    here.run(asked);
    here.fleet.pass(24 * 3_600_000 - 1);
    here.run(asked);
    assert.equal(startedOf(here), 1);
    here.fleet.pass(1);
    here.run(asked);
    assert.equal(startedOf(here), 2, 'AWS starts a second task');
  });
});

describe('where RunTask places a task', () => {
  const place = (input: object) => {
    const { fleet, run } = scene(3);
    const machines = [...fleet.world.machines.values()];
    const [, second] = machines;
    if (second) fleet.runTask(second, { cpu: 512, memory: 128 });
    const arn = run(input).tasks?.[0]?.containerInstanceArn ?? '';
    return machines.findIndex((machine) => instanceOf(machine).arn === arn);
  };
  test('binpack takes the fullest instance that has room, by CPU or memory', () => {
    assert.equal(place({ placementStrategy: [{ type: 'binpack', field: 'cpu' }] }), 1);
    assert.equal(place({ placementStrategy: [{ type: 'binpack', field: 'memory' }] }), 1);
  });
  test('spread takes the emptiest', () => {
    assert.equal(place({ placementStrategy: [{ type: 'spread', field: 'instanceId' }] }), 0);
  });
  test('an instance type that none has is no room', () => {
    const { run } = scene(2);
    const constraint = { type: 'memberOf', expression: 'attribute:ecs.instance-type == p5.48xlarge' };
    assert.deepEqual(
      run({ placementConstraints: [constraint] }).failures?.map(({ reason }) => reason),
      ['MemberOf placement constraint unsatisfied.', 'MemberOf placement constraint unsatisfied.'],
    );
  });
  test('a task takes what its overrides say, and is refused what is not there', () => {
    const { run } = scene();
    const cpu = (units: number) => ({ overrides: { containerOverrides: [{ name: 'main', cpu: units }] } });
    assert.equal(run(cpu(1000)).tasks?.[0]?.cpu, '1000');
    assert.deepEqual(run(cpu(100)).failures?.[0]?.reason, 'RESOURCE:CPU');
  });
});

describe('how a task ends', () => {
  for (const [words, expected] of [
    [['sh', '-c', 'echo hello; sleep 2; exit 3'], { exitCode: 3, stopCode: 'EssentialContainerExited' }],
    [['true'], { exitCode: 0, stopCode: 'EssentialContainerExited' }],
    [['sh', '-c', 'sleep 1 && false'], { exitCode: 1, stopCode: 'EssentialContainerExited' }],
    [
      ['oom'],
      {
        exitCode: 137,
        reason: 'OutOfMemoryError: Container killed due to memory usage',
        stopCode: 'EssentialContainerExited',
      },
    ],
  ] as const) {
    test(words.join(' '), () => {
      const { fleet, run, describe, command } = scene();
      const [task] = run(command(...words)).tasks ?? [];
      fleet.pass(60_000);
      const ended = describe(task?.taskArn);
      const [container] = ended?.containers ?? [];
      assert.deepEqual(
        {
          exitCode: container?.exitCode,
          ...(container?.reason && { reason: container.reason }),
          stopCode: ended?.stopCode,
        },
        expected,
      );
    });
  }

  test('asked to stop, a shell ends with 143, and one that ignores it with 137', () => {
    for (const [script, code] of [
      ['sleep 100', 143],
      ['ignore-sigterm; sleep 100', 137],
    ] as const) {
      const { fleet, run, describe, command } = scene();
      const [task] = run(command('sh', '-c', script)).tasks ?? [];
      fleet.pass(5_000);
      fleet.world.call('ecs:StopTask', { cluster: 'web', task: task?.taskArn });
      fleet.pass(60_000);
      const ended = describe(task?.taskArn);
      assert.deepEqual([ended?.stopCode, ended?.containers?.[0]?.exitCode], ['UserInitiated', code]);
    }
  });

  test('an image that is not there: it failed to start, and has no exit code', () => {
    const { fleet, describe } = scene();
    addDefinition(fleet.world, { family: 'gone', image: 'missing/image:1' });
    const [task] = fleet.world.call('ecs:RunTask', { cluster: 'web', taskDefinition: 'gone' }).tasks ?? [];
    fleet.pass(60_000);
    const ended = describe(task?.taskArn);
    assert.equal(ended?.stopCode, 'TaskFailedToStart');
    assert.match(ended?.stoppedReason ?? '', /^CannotPullContainerError/);
    assert.equal(ended?.containers?.[0]?.exitCode, undefined);
  });
});

test('startedBy finds a task, running or stopped, and takes no other filter', () => {
  const { fleet, run, command } = scene();
  const [task] = run({ startedBy: 'me/1', ...command('sleep', '10') }).tasks ?? [];
  run({ startedBy: 'me/2' });
  const list = (input: object) =>
    fleet.world.call('ecs:ListTasks', { cluster: 'web', startedBy: 'me/1', ...input }).taskArns;
  assert.deepEqual(list({}), [task?.taskArn]);
  fleet.pass(60_000);
  assert.deepEqual(list({}), []);
  assert.deepEqual(list({ desiredStatus: 'STOPPED' }), [task?.taskArn]);
  assert.match(
    outcome(() => String(list({ family: 'job' }))),
    /only filter/,
  );
});

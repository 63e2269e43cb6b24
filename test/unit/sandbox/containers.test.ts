import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { START } from '../../support/virtual-clock.ts';
import { outcome } from './calls.ts';

type Definition = { name: string; command: string; essential?: boolean; cpu?: number; image?: string };

function scene(...definitions: readonly Definition[]) {
  const fleet = createFleet({ now: START, clusterName: 'batch', timings: { stopTimeout: 30_000 } });
  fleet.addInstance({ cpu: 1024, memory: 2048 });
  const register = () =>
    fleet.world.call('ecs:RegisterTaskDefinition', {
      family: 'pair',
      containerDefinitions: definitions.map(({ command, image = 'busybox', cpu = 128, ...rest }) => ({
        image,
        cpu,
        memory: 128,
        command: ['sh', '-c', command],
        ...rest,
      })),
    });
  const run = (containerOverrides: object[] = []) =>
    fleet.world.call('ecs:RunTask', {
      cluster: 'batch',
      taskDefinition: 'pair',
      overrides: { containerOverrides },
    });
  const now = (arn: string | undefined) => {
    const [task] =
      fleet.world.call('ecs:DescribeTasks', { cluster: 'batch', tasks: [arn ?? ''] }).tasks ?? [];
    return {
      status: task?.lastStatus,
      stopCode: task?.stopCode,
      containers: (task?.containers ?? []).map(({ name, lastStatus, exitCode, reason }) =>
        [name, lastStatus, exitCode, ...(reason ? [reason] : [])].join(' ').trim(),
      ),
    };
  };
  return { fleet, register, run, now };
}

describe('a task of several containers', () => {
  test('goes on when one ends that is not essential, and shows how that one has ended', () => {
    const { fleet, register, run, now } = scene(
      { name: 'setup', command: 'sleep 5; exit 2', essential: false },
      { name: 'main', command: 'sleep 60; exit 3' },
    );
    register();
    const arn = run().tasks?.[0]?.taskArn;
    fleet.pass(30_000);
    assert.deepEqual(now(arn), {
      status: 'RUNNING',
      stopCode: undefined,
      containers: ['setup STOPPED 2', 'main RUNNING'],
    });
    fleet.pass(60_000);
    assert.deepEqual(now(arn), {
      status: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      containers: ['setup STOPPED 2', 'main STOPPED 3'],
    });
  });

  test('is stopped when an essential one ends: SIGTERM to the others, and SIGKILL after the stop time-out', () => {
    const { fleet, register, run, now } = scene(
      { name: 'main', command: 'sleep 5; exit 3' },
      { name: 'proxy', command: 'ignore-sigterm; sleep 1000', essential: false },
      { name: 'logger', command: 'sleep 1000' },
    );
    register();
    const arn = run().tasks?.[0]?.taskArn;
    fleet.pass(20_000);
    assert.equal(now(arn).status, 'RUNNING', 'one of its containers runs');
    assert.deepEqual(now(arn).containers, ['main STOPPED 3', 'proxy RUNNING', 'logger STOPPED 143']);
    const listed = (desiredStatus: 'RUNNING' | 'STOPPED') =>
      fleet.world.call('ecs:ListTasks', { cluster: 'batch', desiredStatus }).taskArns;
    assert.deepEqual([listed('RUNNING'), listed('STOPPED')], [[], [arn]]);
    fleet.pass(60_000);
    assert.deepEqual(now(arn), {
      status: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      containers: ['main STOPPED 3', 'proxy STOPPED 137', 'logger STOPPED 143'],
    });
  });

  test('overrides find their container by its name', () => {
    const { fleet, register, run, now } = scene(
      { name: 'proxy', command: 'sleep 1000', essential: false },
      { name: 'main', command: 'exit 1' },
    );
    register();
    const arn = run([{ name: 'main', command: ['sh', '-c', 'sleep 1; exit 7'], cpu: 512 }]).tasks?.[0]
      ?.taskArn;
    fleet.pass(60_000);
    assert.deepEqual(now(arn).containers, ['proxy STOPPED 143', 'main STOPPED 7']);
    const [instance] = fleet.cluster.containerInstances.values();
    assert.equal([...(instance?.tasks ?? [])][0]?.cpu, 640, 'its own 512, and 128 of the other');
    assert.match(
      outcome(() => String(run([{ name: 'nobody' }]))),
      /nobody is not a container in the TaskDefinition/,
    );
  });

  test('fails to start when the image of an essential one is missing, and starts without one that is not', () => {
    const broken = { command: 'true', image: 'missing/image:1' };
    for (const [essential, expected] of [
      [true, ['STOPPED', 'TaskFailedToStart', undefined]],
      [false, ['STOPPED', 'EssentialContainerExited', 5]],
    ] as const) {
      const { fleet, register, run } = scene(
        { name: 'main', command: 'sleep 1; exit 5' },
        { name: 'proxy', essential, ...broken },
      );
      register();
      const arn = run().tasks?.[0]?.taskArn ?? '';
      fleet.pass(60_000);
      const [task] = fleet.world.call('ecs:DescribeTasks', { cluster: 'batch', tasks: [arn] }).tasks ?? [];
      const [main, proxy] = task?.containers ?? [];
      assert.deepEqual([task?.lastStatus, task?.stopCode, main?.exitCode], expected);
      assert.match(proxy?.reason ?? '', /^CannotPullContainerError/);
    }
  });
});

describe('a task definition is refused', () => {
  for (const [what, definitions, expected] of [
    ['without an essential container', [{ name: 'a', command: 'true', essential: false }], /any essential/],
    [
      'with two containers of one name',
      [
        { name: 'a', command: 'true' },
        { name: 'a', command: 'true' },
      ],
      /unique/,
    ],
    ['with a container that has no name', [{ name: '', command: 'true' }], /Container.name/],
  ] as const) {
    test(what, () => {
      const { register } = scene(...definitions);
      assert.match(
        outcome(() => String(register())),
        expected,
      );
    });
  }
});

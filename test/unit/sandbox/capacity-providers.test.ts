import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { addCapacityProvider } from '../../../src/sandbox/world/capacity-providers.ts';
import { START } from '../../support/virtual-clock.ts';
import { outcome } from './calls.ts';

const MINUTE = 60_000;

function scene({ scales = false, maxSize = 5 } = {}) {
  const fleet = createFleet({ now: START, groupOptions: { maxSize } });
  const { world, cluster, group } = fleet;
  world.instanceTypes.set('m6i.large', { vCpus: 2, memory: 4096, gpus: 0 });
  group.launch = () => fleet.addInstance({ cpu: 2048, memory: 4096, ecsAgentAfter: MINUTE });
  addCapacityProvider(world, cluster, { name: 'workers', group, scaling: scales ? {} : undefined });
  world.call('ecs:RegisterTaskDefinition', {
    family: 'job',
    containerDefinitions: [{ name: 'main', image: 'busybox', cpu: 1024, memory: 512 }],
  });
  const run = (input: object = {}) =>
    world.call('ecs:RunTask', {
      cluster: 'web',
      taskDefinition: 'job',
      startedBy: 'me',
      capacityProviderStrategy: [{ capacityProvider: 'workers', weight: 1 }],
      ...input,
    }).tasks ?? [];
  const look = (arn = '') => world.call('ecs:DescribeTasks', { cluster: 'web', tasks: [arn] }).tasks?.[0];
  const list = (desiredStatus: 'RUNNING' | 'STOPPED') =>
    world.call('ecs:ListTasks', { cluster: 'web', startedBy: 'me', desiredStatus }).taskArns ?? [];
  return { fleet, run, look, list };
}

describe('a task of a capacity provider', () => {
  test('waits in PROVISIONING on no instance, and starts under the same ARN when there is one', () => {
    const { fleet, run, look, list } = scene();
    const [{ taskArn, lastStatus, containerInstanceArn } = {}] = run();
    assert.deepEqual([lastStatus, containerInstanceArn], ['PROVISIONING', undefined]);
    assert.deepEqual(list('RUNNING'), [taskArn]);
    fleet.addInstance({ cpu: 2048, memory: 4096 });
    fleet.pass(10_000);
    assert.equal(look(taskArn)?.lastStatus, 'RUNNING');
    assert.equal(look(taskArn)?.capacityProviderName, 'workers');
    assert.deepEqual(list('RUNNING'), [taskArn]);
  });

  test('is placed at once where there is room, on an instance of its group only', () => {
    const { fleet, run } = scene();
    fleet.addInstance({ cpu: 2048, memory: 4096, group: undefined });
    assert.equal(run()[0]?.containerInstanceArn, undefined, 'another group’s instance is none of its own');
    fleet.addInstance({ cpu: 2048, memory: 4096 });
    assert.notEqual(run()[0]?.containerInstanceArn, undefined);
  });

  test('fails to start where there is no instance in time, and has never been on one', () => {
    const { fleet, run, look, list } = scene();
    const [{ taskArn } = {}] = run();
    fleet.pass(16 * MINUTE);
    const { lastStatus, stopCode, containerInstanceArn } = look(taskArn) ?? {};
    assert.deepEqual(
      [lastStatus, stopCode, containerInstanceArn],
      ['STOPPED', 'TaskFailedToStart', undefined],
    );
    assert.deepEqual([list('RUNNING'), list('STOPPED')], [[], [taskArn]]);
  });

  test('can be stopped while it waits, and starts nowhere then', () => {
    const { fleet, run, look } = scene();
    const [{ taskArn } = {}] = run();
    fleet.world.call('ecs:StopTask', { cluster: 'web', task: taskArn });
    fleet.addInstance({ cpu: 2048, memory: 4096 });
    fleet.pass(MINUTE);
    assert.deepEqual([look(taskArn)?.lastStatus, look(taskArn)?.stopCode], ['STOPPED', 'UserInitiated']);
    assert.equal(fleet.cluster.tasks.size, 0);
  });

  test('is one of 500 at most that wait', () => {
    const { run } = scene();
    for (let index = 0; index < 50; index++) run({ count: 10 });
    assert.match(
      outcome(() => String(run())),
      /ClientException: .*PROVISIONING/,
    );
  });

  test('is answered again under its client token, as it is by then', () => {
    const { fleet, run } = scene();
    const [first] = run({ clientToken: 't' });
    fleet.addInstance({ cpu: 2048, memory: 4096 });
    fleet.pass(10_000);
    const [again] = run({ clientToken: 't' });
    assert.equal(again?.taskArn, first?.taskArn);
    assert.equal(again?.lastStatus, 'RUNNING');
  });

  test('needs a provider that is the cluster’s', () => {
    const { run } = scene();
    const other = { capacityProviderStrategy: [{ capacityProvider: 'other' }] };
    assert.match(
      outcome(() => String(run(other))),
      /InvalidParameterException: .*'other' is not associated/,
    );
  });
});

describe('managed scaling', () => {
  test('starts two instances from zero, and as many as the tasks need after its warm-up', () => {
    const { fleet, run } = scene({ scales: true });
    run();
    fleet.pass(MINUTE);
    assert.equal(fleet.group.desired, 2);
    run({ count: 7 });
    fleet.pass(MINUTE);
    assert.equal(fleet.group.desired, 2, 'it rests for 300 s between two steps');
    fleet.pass(5 * MINUTE);
    assert.equal(fleet.group.desired, 4, 'two of eight tasks fit on an instance');
  });

  test('never counts a task that is larger than an instance', () => {
    const { fleet, run } = scene({ scales: true });
    run({ overrides: { containerOverrides: [{ name: 'main', cpu: 4096 }] } });
    fleet.pass(10 * MINUTE);
    assert.equal(fleet.group.desired, 0);
  });

  test('takes empty instances away after 15 minutes', () => {
    const { fleet } = scene({ scales: true });
    for (let index = 0; index < 3; index++) fleet.addInstance({ cpu: 2048, memory: 4096 });
    fleet.pass(14 * MINUTE);
    assert.equal(fleet.group.desired, 3);
    fleet.pass(2 * MINUTE);
    assert.equal(fleet.group.desired, 0);
  });
});

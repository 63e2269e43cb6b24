import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Input, Operation, Output } from '../../../src/aws/operations.ts';
import { addFault, type FaultKind } from '../../../src/sandbox/faults.ts';
import { createFleet, type FleetOptions } from '../../../src/sandbox/fleet.ts';
import { inMemory } from '../../../src/sandbox/in-memory.ts';
import { createVirtualClock, START } from '../../support/virtual-clock.ts';
import { deregister, drain, instanceOf } from './calls.ts';

const signal = new AbortController().signal;

function scene(options: FleetOptions = {}) {
  const clock = createVirtualClock();
  const fleet = createFleet({ now: START, ...options });
  const machine = fleet.addInstance();
  const neighbour = fleet.addInstance();
  const face = inMemory(fleet.world, { clock, instanceId: machine.id });
  /** One call, its answer wrong in this way. */
  const ask = <O extends Operation>(operation: O, input: Input<O>, fault?: FaultKind): Promise<Output<O>> => {
    if (fault) addFault(fleet.world, { fault });
    return face.transport(operation, input, { signal });
  };
  const introspect = (path: string, timeoutMs = 2_000) =>
    face.http({ method: 'GET', url: `http://127.0.0.1:51678${path}`, timeoutMs, maxBytes: 65_536 });
  const pass = (ms: number) => {
    clock.pass(ms);
    fleet.world.advance(clock.now());
  };
  return { fleet, machine, neighbour, ask, introspect, pass, arn: instanceOf(machine).arn };
}

describe('ECS answers as of a minute ago', () => {
  const stale: FaultKind = { what: 'stale', ms: 60_000 };

  test('and does not know what came since', async () => {
    const { fleet, machine, ask, pass, arn } = scene();
    pass(30_000);
    const task = fleet.runTask(machine);
    const list = { cluster: 'web', containerInstance: arn };
    assert.deepEqual((await ask('ecs:ListTasks', list)).taskArns, [task.arn]);
    assert.deepEqual((await ask('ecs:ListTasks', list, stale)).taskArns, []);
    const described = { cluster: 'web', tasks: [task.arn] };
    assert.equal((await ask('ecs:DescribeTasks', described, stale)).failures?.[0]?.reason, 'MISSING');
    const instances = { cluster: 'web', containerInstances: [arn] };
    const { containerInstances, failures } = await ask('ecs:DescribeContainerInstances', instances, stale);
    assert.deepEqual([containerInstances, failures], [[], [{ arn, reason: 'MISSING' }]]);
    assert.deepEqual(
      (await ask('ecs:ListContainerInstances', { cluster: 'web' }, stale)).containerInstanceArns,
      [],
    );
  });

  test('and goes on with what has changed since', async () => {
    const { fleet, machine, ask, pass, arn } = scene();
    const task = fleet.runTask(machine, { runsForMs: 90_000 });
    pass(80_000);
    drain(fleet, machine);
    pass(20_000);
    assert.equal(task.lastStatus, 'STOPPED');
    const { tasks } = await ask('ecs:DescribeTasks', { cluster: 'web', tasks: [task.arn] }, stale);
    assert.deepEqual([tasks?.[0]?.lastStatus, tasks?.[0]?.desiredStatus], ['RUNNING', 'RUNNING']);
    const instances = { cluster: 'web', containerInstances: [arn] };
    const { containerInstances } = await ask('ecs:DescribeContainerInstances', instances, stale);
    assert.deepEqual(
      [containerInstances?.[0]?.status, containerInstances?.[0]?.runningTasksCount],
      ['ACTIVE', 1],
    );
  });
});

test('a filter that is not applied lists everybody', async () => {
  const { machine, neighbour, ask, arn } = scene();
  const filter = `ec2InstanceId == ${machine.id}`;
  const input = { cluster: 'web', filter };
  assert.deepEqual((await ask('ecs:ListContainerInstances', input)).containerInstanceArns, [arn]);
  const { containerInstanceArns } = await ask('ecs:ListContainerInstances', input, { what: 'unfiltered' });
  assert.deepEqual(containerInstanceArns, [arn, instanceOf(neighbour).arn]);
});

test('an answer without one of its members keeps the others', async () => {
  const { machine, ask } = scene();
  const input = { InstanceIds: [machine.id] };
  const operation = 'autoscaling:DescribeAutoScalingInstances';
  assert.deepEqual(await ask(operation, input, { what: 'omits', nth: 0 }), {});
  const { AutoScalingInstances } = await ask(operation, input, { what: 'omits', nth: 1 });
  assert.deepEqual(
    [AutoScalingInstances?.[0]?.InstanceId, AutoScalingInstances?.[0]?.LifecycleState],
    [undefined, 'InService'],
  );
});

test('an answer that names another instance names it everywhere', async () => {
  const { neighbour, ask, arn } = scene();
  const input = { cluster: 'web', containerInstances: [arn] };
  const { containerInstances } = await ask('ecs:DescribeContainerInstances', input, { what: 'misnames' });
  assert.deepEqual(
    [containerInstances?.[0]?.ec2InstanceId, containerInstances?.[0]?.containerInstanceArn],
    [neighbour.id, instanceOf(neighbour).arn],
  );
});

test('lists come in pages of the size that the World is told', async () => {
  const { fleet, machine, ask, arn } = scene({ pageSize: 2 });
  const placed = [1, 2, 3].map(() => fleet.runTask(machine).arn);
  const input = { cluster: 'web', containerInstance: arn };
  const first = await ask('ecs:ListTasks', input);
  const second = await ask('ecs:ListTasks', { ...input, nextToken: first.nextToken });
  assert.deepEqual(
    [first.taskArns, second.taskArns, second.nextToken],
    [placed.slice(0, 2), placed.slice(2), undefined],
  );
});

for (const [lostTasks, said] of [
  ['stopped', 'STOPPED'],
  ['forgotten', 'MISSING'],
] as const) {
  test(`deregistered by force, an instance's task is ${said} for ECS, and runs on`, async () => {
    const { fleet, machine, ask, introspect, pass } = scene({ lostTasks });
    const task = fleet.runTask(machine, { runsForMs: 60_000 });
    fleet.deregisterByForce(machine);
    const { tasks, failures } = await ask('ecs:DescribeTasks', { cluster: 'web', tasks: [task.arn] });
    assert.equal(tasks?.[0]?.lastStatus ?? failures?.[0]?.reason, said);
    assert.match((await introspect('/v1/tasks')).body, /"DesiredStatus":"RUNNING","KnownStatus":"RUNNING"/);
    assert.equal(task.containersRunning, true);
    pass(60_000);
    assert.match((await introspect('/v1/tasks')).body, /"KnownStatus":"STOPPED"/);
  });
}

test('ECS lets go of an instance whose only task it has lost, and the machine that goes then interrupts it', () => {
  const { fleet, machine } = scene();
  const task = fleet.runTask(machine);
  fleet.loseTask(task);
  assert.equal(deregister(fleet, machine), 'INACTIVE');
  fleet.terminate(machine, 'a test');
  assert.deepEqual(
    fleet.world.interruptions.map(({ taskArn, containersRan, orphaned }) => [
      taskArn,
      containersRan,
      orphaned,
    ]),
    [[task.arn, true, true]],
  );
});

test('something else can answer on the port of an ECS agent that is down, and of no other', async () => {
  const { fleet, machine, introspect } = scene();
  fleet.impersonate(machine, { metadata: '{"Cluster":"mine"}', tasks: '{"Tasks":[]}' });
  assert.doesNotMatch((await introspect('/v1/metadata')).body, /mine/);
  fleet.ecsAgent(machine, 'down');
  assert.deepEqual(await introspect('/v1/metadata'), { status: 200, body: '{"Cluster":"mine"}' });
  fleet.impersonate(machine, undefined);
  await assert.rejects(introspect('/v1/metadata'), { code: 'ECONNREFUSED' });
});

test('introspection can be slow, or hang until whoever asks gives up', async () => {
  const { fleet, machine, introspect, pass } = scene();
  fleet.slowDown(machine, 600);
  const slow = introspect('/v1/tasks');
  pass(600);
  assert.equal((await slow).status, 200);
  fleet.slowDown(machine, Infinity);
  const hung = assert.rejects(introspect('/v1/tasks'), { code: 'ETIMEDOUT' });
  pass(2_000);
  await hung;
});

test('metadata shows a tag for a while after it was removed, and no folder where there is no tag', () => {
  const fleet = createFleet({
    now: START,
    timings: { tagRemovalShown: 90_000 },
    emptyTagFolder: 'missing',
  });
  const { world } = fleet;
  const machine = fleet.addInstance({ group: undefined });
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const token = world.imds(machine.id, { method: 'PUT', path: '/latest/api/token', headers })?.body;
  const tags = (key = '') =>
    world.imds(machine.id, {
      method: 'GET',
      path: `/latest/meta-data/tags/instance${key}`,
      headers: { 'x-aws-ec2-metadata-token': token },
    });
  assert.equal(tags()?.status, 404);
  fleet.putTag(machine, 'a', '1');
  fleet.removeTag(machine, 'a');
  assert.deepEqual([tags()?.body, tags('/a')?.body], ['a', '1']);
  fleet.pass(90_000);
  assert.deepEqual([tags()?.status, tags('/a')?.status], [404, 404]);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDrill, type Drill, HOUR, MINUTE, SECOND } from './drill.ts';

/*
 * A task is on its way down, which no count of ECS includes, ECS's lists are older than the task, and the ECS agent has just fallen silent.
 * Whoever takes that for an empty host cuts the rest of its stop time-out off. It must be waited for as soon as anybody has told
 * of it.
 */

const SET = 'ecs:UpdateContainerInstancesState';
const KEY = 'ecs-drain-agent:terminate';

const create = (tasksOfInactive: 'listed' | 'empty' | 'refused' = 'empty') =>
  createDrill({
    flags: ['--cluster', 'web'],
    fleet: {
      hooks: [{ name: 'drain', heartbeatTimeout: 3_600, defaultResult: 'ABANDON' }],
      // AWS does not document whether ECS refuses to deregister while a task is stopping.
      deregisterRefusedFor: 'pending-or-running',
      tasksOfInactive,
      timings: { stopTimeout: 120_000 },
    },
  });

const silence = (drill: Drill) =>
  drill.fault({ match: { service: 'introspection' }, fault: { what: 'refuse' }, count: Infinity });
const lag = (drill: Drill, ms: number, forMs = ms) =>
  drill.fault({ match: { api: 'ecs:ListTasks' }, fault: { what: 'stale', ms }, forMs });
const place = ({ fleet, machine }: Drill) =>
  fleet.runTask(machine, { family: 'batch', runsForMs: HOUR, exitAfterSigtermMs: 100_000 });
const stop = ({ fleet: { world, cluster } }: Drill, task: { arn: string }) =>
  world.call('ecs:StopTask', { cluster: cluster.name, task: task.arn }, {}, { unlimited: true });
const setDraining = ({ fleet: { world, cluster }, machine }: Drill) =>
  world.call(
    SET,
    {
      cluster: cluster.name,
      containerInstances: [machine.ecsAgent.containerInstance?.arn ?? ''],
      status: 'DRAINING',
    },
    {},
    { unlimited: true },
  );
const isSet = (drill: Drill) => drill.until(() => drill.calls(SET).length > 0, 'DRAINING', MINUTE);

async function endsFirst(drill: Drill, task: { lastStatus: string }) {
  const from = drill.fleet.world.now;
  await drill.until(drill.isReleased, 'the release', HOUR);
  const after = (drill.fleet.world.now - from) / SECOND;
  assert.equal(
    task.lastStatus,
    'STOPPED',
    `released ${after} s later, while the task was ${task.lastStatus}`,
  );
}

describe('a task that lists which lag do not show', () => {
  for (const hadTask of [false, true])
    test(`ECS has counted it; ${hadTask ? 'and lists one that stopped before' : 'and lists nothing'}`, async () => {
      const drill = create();
      silence(drill);
      drill.start();
      if (hadTask) drill.fleet.runTask(drill.machine, { family: 'old', runsForMs: 5 * SECOND });
      await drill.pass(10 * MINUTE);
      const task = place(drill);
      await drill.pass(2 * SECOND);
      lag(drill, 55 * SECOND, 52 * SECOND);
      drill.fleet.scaleIn(drill.machine);
      await isSet(drill);
      stop(drill, task);
      await endsFirst(drill, task);
    });

  test('ECS has counted it to the process before', async () => {
    const drill = create();
    silence(drill);
    drill.start();
    await drill.pass(MINUTE);
    const task = place(drill);
    await drill.pass(2 * SECOND);
    lag(drill, 45 * SECOND);
    drill.fleet.scaleIn(drill.machine);
    await isSet(drill);
    stop(drill, task);
    await drill.pass(2 * SECOND);
    drill.kill();
    drill.start();
    await endsFirst(drill, task);
  });

  test('the ECS agent has named it to the process before, which ECS had not answered yet', async () => {
    const drill = create();
    drill.start();
    await drill.pass(MINUTE);
    const task = place(drill);
    await drill.pass(2 * SECOND);
    drill.fault({ match: { service: 'ecs' }, fault: { what: 'throttle' }, forMs: 10 * SECOND });
    drill.fleet.scaleIn(drill.machine);
    await drill.pass(6 * SECOND);
    drill.kill();
    silence(drill);
    lag(drill, 55 * SECOND);
    setDraining(drill);
    stop(drill, task);
    await drill.pass(2 * SECOND);
    drill.start();
    await endsFirst(drill, task);
  });

  test('the ECS agent has named it in a drain that was cancelled seconds ago', async () => {
    const drill = create();
    const { fleet, machine } = drill;
    drill.start();
    await drill.pass(10 * MINUTE);
    const task = place(drill);
    await drill.pass(SECOND);
    lag(drill, 25 * SECOND);
    fleet.putTag(machine, KEY, 'maintenance');
    await isSet(drill);
    stop(drill, task);
    await drill.pass(2 * SECOND);
    fleet.removeTag(machine, KEY);
    await drill.until(() => drill.said.includes('drain.cancelled'), 'ACTIVE', MINUTE);
    await drill.pass(SECOND);
    silence(drill);
    fleet.scaleIn(machine);
    await endsFirst(drill, task);
  });

  for (const tasksOfInactive of ['listed', 'empty', 'refused'] as const)
    test(`nobody has told of it, and the lists lag for four seconds; those of an INACTIVE one are ${tasksOfInactive}`, async () => {
      const drill = create(tasksOfInactive);
      drill.start();
      await drill.pass(10 * MINUTE);
      silence(drill);
      const task = place(drill);
      await drill.pass(SECOND);
      // As ECS managed draining or an operator does it: DRAINING first.
      setDraining(drill);
      stop(drill, task);
      lag(drill, 5 * SECOND, 4 * SECOND);
      drill.fleet.scaleIn(drill.machine);
      await endsFirst(drill, task);
    });

  test('it was placed while DRAINING was throttled, which then stopped it', async () => {
    const drill = create();
    const { fleet, machine } = drill;
    drill.start();
    await drill.pass(10 * MINUTE);
    silence(drill);
    drill.fault({ match: { api: SET }, fault: { what: 'throttle' }, forMs: 20 * SECOND });
    const slow = { what: 'delay', ms: 600 } as const;
    drill.fault({ match: { api: 'ecs:DescribeContainerInstances' }, fault: slow, count: Infinity });
    fleet.scaleIn(machine);
    await drill.pass(19 * SECOND);
    const task = place(drill);
    const isDraining = () => machine.ecsAgent.containerInstance?.status === 'DRAINING';
    await drill.until(isDraining, 'DRAINING', 5 * MINUTE);
    lag(drill, 10 * SECOND, 2 * SECOND);
    await drill.pass(300);
    stop(drill, task);
    await endsFirst(drill, task);
  });
});

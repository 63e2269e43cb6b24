import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Operations } from '../../../src/oneshot/aws/operations.ts';
import { addFault, addMessageQueue, removeFault } from '../../../src/sandbox/index.ts';
import { hit, requested, running, startCluster, startedTasks, startOneshot } from './oneshot-process.ts';

// The launcher is killed at every call that it makes, and its caller calls again with the same key.

/** One of a launcher's calls. */
type Moment = {
  /** How many calls of this API come before it. */
  readonly skip?: number;
  /** In a cluster without an instance, beside a group that launches one. */
  readonly isEmpty?: true;
  /** The group has an instance that boots, until the launcher waits for it, or was killed. */
  readonly boots?: true;
  /** … and another one, which is too small. */
  readonly hasOther?: true;
  /** LaunchInstances does not take the group: its desired capacity is raised. */
  readonly refusesLaunch?: true;
  /** There is a demand queue, and the instance comes once the launcher was killed. */
  readonly hasQueue?: true;
  /** Its task has the network mode awsvpc. */
  readonly hasNetwork?: true;
  /** The launcher has been cancelled. */
  readonly isCancelled?: true;
};

/** A read has no effect: whether it was answered makes no difference to anybody but the launcher. */
const READ = ['stall'] as const;
/** Killed before the request has arrived, and when it has taken effect without an answer. */
const MUTATION = ['stall', 'act-then-stall'] as const;
/** It comes after half a minute of watching the group; one that has not arrived would take as long again. */
const SLOW_MUTATION = ['act-then-stall'] as const;

/** Its type names the call that is missing here. */
const calls: Readonly<
  Record<
    keyof Operations,
    { faults: typeof READ | typeof MUTATION | typeof SLOW_MUTATION; moments: readonly Moment[] }
  >
> = {
  'ecs:DescribeTaskDefinition': { faults: READ, moments: [{}] },
  // The second is of those that were asked to stop.
  'ecs:ListTasks': { faults: READ, moments: [{}, { skip: 1 }] },
  // The second comes when the first has completed without room.
  'ecs:RunTask': { faults: MUTATION, moments: [{}, { skip: 1, isEmpty: true }] },
  'ecs:DescribeTasks': { faults: READ, moments: [{}] },
  'ecs:StopTask': { faults: MUTATION, moments: [{ isCancelled: true }] },
  'autoscaling:DescribeAutoScalingGroups': { faults: READ, moments: [{ isEmpty: true }] },
  'autoscaling:LaunchInstances': { faults: MUTATION, moments: [{ isEmpty: true }] },
  // The group's instance boots when it is asked for room. Where another one has refused the task, it is seen first whether
  // that answer is of an earlier call.
  'ecs:ListContainerInstances': {
    faults: READ,
    moments: [
      { isEmpty: true, boots: true },
      { isEmpty: true, hasOther: true },
    ],
  },
  // The second asks which of the group's instances is registered.
  'ecs:DescribeContainerInstances': {
    faults: READ,
    moments: [
      { isEmpty: true, hasOther: true },
      { skip: 1, isEmpty: true, boots: true, hasOther: true },
    ],
  },
  'ec2:DescribeInstances': { faults: READ, moments: [{ isEmpty: true, boots: true }] },
  'ec2:DescribeLaunchTemplateVersions': { faults: READ, moments: [{ isEmpty: true }] },
  'ec2:DescribeInstanceTypes': { faults: READ, moments: [{ isEmpty: true }] },
  'ec2:DescribeSubnets': { faults: READ, moments: [{ isEmpty: true, hasNetwork: true }] },
  'autoscaling:SetDesiredCapacity': {
    faults: SLOW_MUTATION,
    moments: [{ isEmpty: true, refusesLaunch: true }],
  },
  'logs:GetLogEvents': { faults: READ, moments: [{}] },
  'sqs:SendMessage': { faults: MUTATION, moments: [{ isEmpty: true, hasQueue: true }] },
};

const job = ['run', '--cluster', 'batch', '--task-definition', 'logging', '--group', 'web-asg', '--key', 'k'];
const command = ['--', 'sh', '-c', 'sleep 1; exit 5'];
const args = [...job, ...command];
/** Runs until it is stopped, or until the test ends it. */
const long = ['--', 'sh', '-c', 'sleep 600; exit 5'];

describe('a launcher that was killed, and called again with the same key', { concurrency: 6 }, () => {
  for (const [api, { faults, moments }] of Object.entries(calls)) {
    for (const moment of moments) {
      const { skip = 0, isEmpty = false, hasQueue = false, isCancelled = false } = moment;
      for (const what of faults) {
        const which = skip === 0 ? api : `${api}, the second`;
        const name = `${which}, ${what === 'stall' ? 'before it arrived' : 'before its answer'}`;
        test(name, async (context) => {
          const { fleet, sandbox } = await startCluster(isEmpty ? 0 : 1);
          context.after(() => sandbox.close());
          fleet.group.launch = () => fleet.addInstance({ cpu: 2048, memory: 4096, ecsAgentAfter: 500 });
          if (moment.refusesLaunch) fleet.group.spec = { kind: 'configuration', name: 'old' };
          const booting = moment.boots
            ? fleet.addInstance({ cpu: 2048, memory: 4096, ecsAgentAfter: 'never' })
            : undefined;
          if (moment.hasOther) fleet.addInstance({ cpu: 128, memory: 128 });
          const fault = addFault(fleet.world, { match: { api }, fault: { what }, skip });
          const queue = `${sandbox.apiUrl}${new URL(addMessageQueue(fleet.world, 'demand').url).pathname}`;
          const own = [
            ...job,
            ...(moment.hasNetwork ? ['--task-definition', 'networked', '--subnets', 'subnet-a'] : []),
            ...(hasQueue ? ['--demand-queue', queue] : []),
            ...(isCancelled ? long : command),
          ];
          const first = startOneshot(own, sandbox);
          if (isCancelled) {
            await running(fleet);
            first.signal('SIGTERM');
          }
          await hit(fault, first);
          first.signal('SIGKILL');
          assert.equal((await first.ended).killedBy, 'SIGKILL');
          if (booting) fleet.ecsAgent(booting, 'up');
          if (isCancelled && what === 'stall')
            for (const task of fleet.cluster.tasks.values()) fleet.endTask(task);
          if (hasQueue) fleet.addInstance({ cpu: 2048, memory: 4096 });
          // Lists lag behind: what the first one did must not be needed from them.
          addFault(fleet.world, {
            match: { api: 'ecs:ListTasks' },
            fault: { what: 'stale', ms: 60_000 },
            count: 2,
          });
          const second = await startOneshot(own, sandbox).ended;
          assert.equal(startedTasks(fleet), 1, `the job was started ${startedTasks(fleet)} times`);
          // What took effect of a cancel has: then that is how the job has ended.
          const code = isCancelled && what === 'act-then-stall' ? 143 : 5;
          assert.equal(second.code, code, second.stderr);
          assert.match(second.lastLine, /, the container's:/);
          assert.ok(fleet.group.desired <= 2, `${fleet.group.desired} instances for one job`);
        });
      }
    }
  }

  test('ecs:RunTask, which arrives when the second launcher has started the task', {
    timeout: 60_000,
  }, async (context) => {
    const { fleet, sandbox } = await startCluster();
    context.after(() => sandbox.close());
    const fault = addFault(fleet.world, {
      match: { api: 'ecs:RunTask' },
      fault: { what: 'delay', ms: 5_000 },
    });
    const first = startOneshot(args, sandbox);
    await hit(fault);
    first.signal('SIGKILL');
    await first.ended;
    removeFault(fleet.world, fault.id);
    const second = await startOneshot(args, sandbox).ended;
    assert.equal(second.code, 5, second.stderr);
    await requested(fleet, 'ecs:RunTask', 2);
    assert.equal(startedTasks(fleet), 1, 'the job was started twice');
  });
});

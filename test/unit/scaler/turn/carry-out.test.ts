import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError } from '../../../../src/aws/errors.ts';
import { cordonText } from '../../../../src/scaler/cordon-tag.ts';
import { outcomeWords } from '../../../../src/scaler/report/words.ts';
import { carryOut } from '../../../../src/scaler/turn/carry-out.ts';
import { cluster, cordonOf, type Given, jobs, NOW, planned } from '../plan/clusters.ts';

const MINUTE = 60_000;

/** The client tokens by which a job's instance is asked for, in a group with these instances. */
async function tokens(given: Readonly<Record<string, Given>>, at = NOW): Promise<readonly string[]> {
  const asked: string[] = [];
  const snapshot = { ...cluster(given, { demand: jobs(1) }), at };
  const call = async (_operation: string, input: { ClientToken?: string }) => {
    asked.push(input.ClientToken ?? '');
    return { Instances: [{ InstanceIds: ['i-new'] }] };
  };
  const ports = { call, cluster: 'batch', group: 'workers', config: { name: 'ecs-scaler' } } as never;
  await carryOut(planned(snapshot), snapshot, ports);
  return asked;
}

const full = { tasks: [{}, {}] };

test('scalers that see the same group launch once', async () => {
  assert.deepEqual(await tokens({ 'i-1': full }), await tokens({ 'i-1': full }));
});

test('a group that is as large as it was before is launched for again', async () => {
  const [before] = await tokens({ 'i-1': full });
  const [after] = await tokens({ 'i-2': full });
  assert.notEqual(
    before,
    after,
    'AWS would answer with the instances of then, and launch none: the job waits for ever',
  );
});

test('a zone that had no instance is asked again, and not for the answer that it gave', async () => {
  const [before] = await tokens({}, NOW);
  const [after] = await tokens({}, NOW + 5 * MINUTE);
  assert.notEqual(before, after, 'the failure would be answered again for as long as AWS keeps it');
});

test('what a zone is asked for in place of another is not taken for what it is asked for itself', async () => {
  const snapshot = cluster({}, { demand: jobs(4) });
  const made = planned(snapshot);
  const asked = new Set<string>();
  let launched = 0;
  const call = async (
    _operation: string,
    input: { ClientToken: string; AvailabilityZones: string[]; RequestedCapacity: number },
  ) => {
    if (input.AvailabilityZones[0] === 'eu-west-1a')
      return { Instances: [], Errors: [{ ErrorCode: 'InsufficientInstanceCapacity', ErrorMessage: 'none' }] };
    if (!asked.has(input.ClientToken)) launched += input.RequestedCapacity;
    asked.add(input.ClientToken);
    return { Instances: [{ InstanceIds: ['i-new'] }] };
  };
  await carryOut(made, snapshot, {
    call,
    cluster: 'batch',
    group: 'workers',
    config: { name: 'ecs-scaler' },
  } as never);
  assert.deepEqual(
    made.actions.map((action) => action.kind === 'launch' && [action.zone, action.count]),
    [
      ['eu-west-1a', 1],
      ['eu-west-1b', 1],
    ],
  );
  assert.equal(launched, 2, 'AWS answers the second request with the instance of the first');
});

test('where AWS launches fewer than were asked for, that is said, and why', async () => {
  const snapshot = cluster({}, { demand: jobs(8), group: { zones: ['eu-west-1a'] } });
  const call = async () => ({
    Instances: [{ InstanceIds: ['i-1', 'i-2'] }],
    Errors: [{ ErrorCode: 'InsufficientInstanceCapacity', ErrorMessage: 'none left' }],
  });
  const ports = { call, cluster: 'batch', group: 'workers', config: { name: 'ecs-scaler' } } as never;
  const [outcome] = await carryOut(planned(snapshot), snapshot, ports);
  assert.ok(outcome?.kind === 'done');
  assert.match(
    outcomeWords(outcome, NOW),
    /^launch 4 instances .*\(i-1, i-2\); 2 of them were not launched: InsufficientInstanceCapacity: none left$/,
  );
});

test('a desired capacity that is not reached is not raised turn after turn for the same jobs', async () => {
  let desired = 2;
  const call = async (operation: string, input: { DesiredCapacity?: number }) => {
    if (operation === 'autoscaling:LaunchInstances')
      throw new AwsError(operation, 'rejected', 'ValidationError', 'the group has a warm pool');
    if (operation === 'autoscaling:SetDesiredCapacity') desired = input.DesiredCapacity ?? desired;
    const sizes = { MinSize: 0, MaxSize: 10, DesiredCapacity: desired };
    return { AutoScalingGroups: [{ AutoScalingGroupName: 'workers', ...sizes }] };
  };
  const ports = { call, cluster: 'batch', group: 'workers', config: { name: 'ecs-scaler' } } as never;
  const history = { shortSince: NOW - 10 * MINUTE };
  const wanted: number[] = [];
  for (const count of [4, 4, 6]) {
    const snapshot = cluster({}, { demand: jobs(count), group: { desired } });
    await carryOut(planned(snapshot, {}, history), snapshot, ports);
    wanted.push(desired);
  }
  assert.deepEqual(wanted, [2, 2, 3], 'two jobs find room on one instance');
});

describe('where the desired capacity is raised', () => {
  /** What the group wants at the end, and what was set, where others set it right after the scaler has. */
  async function raised(others: readonly number[]) {
    let desired = 1;
    const left = [...others];
    const set: number[] = [];
    const call = async (operation: string, input: { DesiredCapacity?: number }) => {
      if (operation === 'autoscaling:LaunchInstances')
        throw new AwsError(operation, 'rejected', 'ValidationError', 'the group has a warm pool');
      if (operation === 'autoscaling:SetDesiredCapacity') {
        set.push(input.DesiredCapacity ?? 0);
        desired = left.shift() ?? input.DesiredCapacity ?? 0;
      }
      const sizes = { MinSize: 0, MaxSize: 10, DesiredCapacity: desired };
      return { AutoScalingGroups: [{ AutoScalingGroupName: 'workers', ...sizes }] };
    };
    const snapshot = cluster({ 'i-1': full }, { demand: jobs(6) });
    const ports = { call, cluster: 'batch', group: 'workers', config: { name: 'ecs-scaler' } } as never;
    const outcomes = await carryOut(planned(snapshot), snapshot, ports);
    return { desired, set, kinds: [...new Set(outcomes.map(({ kind }) => kind))] };
  }

  test('and somebody who had read the same sets less, it is raised again at once', async () => {
    const { desired, set, kinds } = await raised([2, 3]);
    assert.deepEqual(set, [4, 4, 4]);
    assert.equal(desired, 4, 'instances that have just been asked for are taken away again');
    assert.deepEqual(kinds, ['done']);
  });

  test('and somebody sets it back, that is left to him', async () => {
    const { set, kinds } = await raised([1]);
    assert.deepEqual(set, [4]);
    assert.deepEqual(kinds, ['not-any-more']);
  });

  test('and somebody sets less each time, there is an end of it', async () => {
    const { set, kinds } = await raised([2, 2, 2, 2]);
    assert.deepEqual(set, [4, 4, 4]);
    assert.deepEqual(kinds, ['not-any-more']);
  });

  test('and somebody sets more, that stays', async () => {
    const { desired, set } = await raised([7]);
    assert.deepEqual([desired, set], [7, [4]]);
  });
});

describe('an instance is terminated', () => {
  /** What AWS is asked when i-1 is to go, and its container instance is as given right before. */
  async function asked(now: { status?: string; since?: number; runningTasksCount?: number } = {}) {
    const cordon = cordonOf('ecs-scaler', 2 * MINUTE, 10 * MINUTE);
    const snapshot = cluster({ 'i-1': { status: 'DRAINING', cordon } });
    const since = now.since ?? NOW - 2 * MINUTE;
    const operations: string[] = [];
    const call = async (operation: string) => {
      operations.push(operation);
      if (operation === 'autoscaling:DescribeAutoScalingGroups')
        return {
          AutoScalingGroups: [
            {
              AutoScalingGroupName: 'workers',
              MinSize: 0,
              MaxSize: 10,
              DesiredCapacity: 1,
              Instances: [{ InstanceId: 'i-1', LifecycleState: 'InService' }],
            },
          ],
        };
      if (operation !== 'ecs:DescribeContainerInstances') return {};
      return {
        containerInstances: [
          {
            containerInstanceArn: 'arn:i-1',
            ec2InstanceId: 'i-1',
            status: now.status ?? 'DRAINING',
            registeredAt: new Date(0),
            runningTasksCount: now.runningTasksCount ?? 0,
            pendingTasksCount: 0,
            remainingResources: [],
            tags: [{ key: 'ecs-scaler:cordon', value: cordonText('ecs-scaler', since, NOW + 10 * MINUTE) }],
          },
        ],
      };
    };
    const tasks = {
      on: async () => {
        operations.push('tasks');
        return [];
      },
    };
    const clock = { now: () => NOW };
    const ports = {
      call,
      cluster: 'batch',
      group: 'workers',
      config: { name: 'ecs-scaler' },
      tasks,
      clock,
    } as never;
    const outcomes = await carryOut(planned(snapshot), snapshot, ports);
    return { operations, outcome: outcomes[0] };
  }

  test('only after it was seen to be DRAINING still, later than its tasks were listed', async () => {
    assert.deepEqual((await asked()).operations, [
      'tasks',
      'autoscaling:DescribeAutoScalingGroups',
      'ecs:DescribeContainerInstances',
      'autoscaling:TerminateInstanceInAutoScalingGroup',
      'ecs:UntagResource',
    ]);
  });

  for (const [name, now, why] of [
    ['is ACTIVE again', { status: 'ACTIVE' }, 'it is ACTIVE now'],
    [
      'was ACTIVE meanwhile, and is cordoned anew: what was placed just before may not show yet',
      { since: NOW - 1_000 },
      'it has been cordoned anew',
    ],
    ['has a task that is not listed', { runningTasksCount: 1 }, 'it has a task now'],
  ] as const) {
    test(`never one that ${name}`, async () => {
      const { operations, outcome } = await asked(now);
      assert.ok(outcome?.kind === 'not-any-more');
      assert.equal(outcome.why, why);
      assert.ok(!operations.includes('autoscaling:TerminateInstanceInAutoScalingGroup'));
    });
  }
});

test('of many that go, one that somebody protects meanwhile stays', async () => {
  const cordon = cordonOf('ecs-scaler', 2 * MINUTE, 10 * MINUTE);
  const ids = Array.from({ length: 25 }, (_, index) => `i-${10 + index}`);
  const snapshot = cluster(Object.fromEntries(ids.map((id) => [id, { status: 'DRAINING', cordon }])), {
    group: { max: 30 },
  });
  const gone: string[] = [];
  const call = async (operation: string, input: { InstanceId?: string; containerInstances?: string[] }) => {
    if (operation === 'autoscaling:TerminateInstanceInAutoScalingGroup') gone.push(input.InstanceId ?? '');
    if (operation === 'autoscaling:DescribeAutoScalingGroups')
      return {
        AutoScalingGroups: [
          {
            AutoScalingGroupName: 'workers',
            MinSize: 0,
            MaxSize: 30,
            // As AWS may answer for a while.
            DesiredCapacity: 25,
            Instances: ids.map((id) => ({
              InstanceId: id,
              LifecycleState: 'InService',
              // Somebody protects the last one when the first ones have gone.
              ProtectedFromScaleIn: id === 'i-34' && gone.length >= 10,
            })),
          },
        ],
      };
    if (operation !== 'ecs:DescribeContainerInstances') return {};
    return {
      containerInstances: (input.containerInstances ?? []).map((arn) => ({
        containerInstanceArn: arn,
        ec2InstanceId: arn.slice(4),
        status: 'DRAINING',
        registeredAt: new Date(0),
        runningTasksCount: 0,
        pendingTasksCount: 0,
        remainingResources: [],
        tags: [
          {
            key: 'ecs-scaler:cordon',
            value: cordonText('ecs-scaler', NOW - 2 * MINUTE, NOW + 10 * MINUTE),
          },
        ],
      })),
    };
  };
  const ports = {
    tasks: { on: async () => [] },
    clock: { now: () => NOW },
    cluster: 'batch',
    group: 'workers',
  };
  await carryOut(planned(snapshot), snapshot, { ...ports, call, config: { name: 'ecs-scaler' } } as never);
  assert.equal(gone.length, 24);
  assert.ok(!gone.includes('i-34'), 'an instance that somebody has protected is terminated');
});

describe('a cordon is lifted', () => {
  /** What AWS is asked to change when the cordon of i-1 is at its end, and the instance is as given right before. */
  async function asked(
    now: { status?: string; state?: string; cordon?: string | undefined } = {},
    before: Given = { status: 'DRAINING' },
  ) {
    const snapshot = cluster({ 'i-1': { ...before, cordon: cordonOf('ecs-scaler', 15 * MINUTE, -1) } });
    const operations: string[] = [];
    const call = async (operation: string) => {
      if (operation === 'autoscaling:DescribeAutoScalingGroups') {
        const sizes = { MinSize: 0, MaxSize: 10, DesiredCapacity: 1 };
        const Instances = [{ InstanceId: 'i-1', LifecycleState: now.state ?? 'InService' }];
        return { AutoScalingGroups: [{ AutoScalingGroupName: 'workers', ...sizes, Instances }] };
      }
      if (operation !== 'ecs:DescribeContainerInstances') {
        operations.push(operation);
        return {};
      }
      const value = 'cordon' in now ? now.cordon : cordonText('ecs-scaler', NOW - 15 * MINUTE, NOW - 1);
      return {
        containerInstances: [
          {
            containerInstanceArn: 'arn:i-1',
            ec2InstanceId: 'i-1',
            status: now.status ?? 'DRAINING',
            registeredAt: new Date(0),
            runningTasksCount: 0,
            pendingTasksCount: 0,
            remainingResources: [],
            tags: value === undefined ? [] : [{ key: 'ecs-scaler:cordon', value }],
          },
        ],
      };
    };
    const ports = { call, cluster: 'batch', group: 'workers', config: { name: 'ecs-scaler' } } as never;
    return { outcomes: await carryOut(planned(snapshot), snapshot, ports), operations };
  }

  test('by its state first, then by its tag', async () => {
    assert.deepEqual((await asked()).operations, ['ecs:UpdateContainerInstancesState', 'ecs:UntagResource']);
  });

  for (const [name, now, why] of [
    ['is terminated by now', { state: 'Terminating:Wait' }, 'it is Terminating:Wait now'],
    ['another scaler has terminated by now', { cordon: undefined }, 'its cordon has been lifted'],
    [
      'another scaler has cordoned anew',
      { cordon: cordonText('ecs-scaler', NOW, NOW + MINUTE) },
      'it has been cordoned anew',
    ],
  ] as const) {
    test(`not from one that ${name}: it would be given tasks`, async () => {
      const { outcomes, operations } = await asked(now);
      assert.deepEqual(operations, []);
      assert.deepEqual(
        outcomes.map((one) => [one.action.kind, one.kind, 'why' in one && one.why]),
        [['uncordon', 'not-any-more', why]],
      );
    });
  }

  test('where only the tag was left, what somebody has drained by now stays so', async () => {
    const { operations } = await asked({ status: 'DRAINING' }, { status: 'ACTIVE' });
    assert.deepEqual(operations, ['ecs:UntagResource'], 'a task would be placed on what is about to go');
  });
});

describe('an instance is cordoned', () => {
  /** What AWS is asked to change when i-1 is to be cordoned, and its container instance is as given right before. */
  async function asked(now: object = {}) {
    const snapshot = cluster({ 'i-1': {} });
    const operations: string[] = [];
    const call = async (operation: string) => {
      if (operation !== 'ecs:DescribeContainerInstances') {
        operations.push(operation);
        return {};
      }
      const one = {
        containerInstanceArn: 'arn:i-1',
        ec2InstanceId: 'i-1',
        status: 'ACTIVE',
        registeredAt: new Date(0),
        runningTasksCount: 0,
        pendingTasksCount: 0,
        remainingResources: [],
      };
      return { containerInstances: [{ ...one, ...now }] };
    };
    const ports = { call, cluster: 'batch', group: 'workers', config: { name: 'ecs-scaler' } } as never;
    return { outcomes: await carryOut(planned(snapshot), snapshot, ports), operations };
  }

  test('by its tag first, then by its state', async () => {
    assert.deepEqual((await asked()).operations, ['ecs:TagResource', 'ecs:UpdateContainerInstancesState']);
  });

  const tag = { key: 'ecs-scaler:cordon', value: cordonText('other', NOW, NOW + MINUTE) };
  for (const [name, now, why] of [
    [
      'has got a task since: ECS would move it, were it of a service',
      { pendingTasksCount: 1 },
      'it has a task now',
    ],
    [
      'somebody drains by now: the cordon would be lifted, and that with it',
      { status: 'DRAINING' },
      'it is DRAINING now',
    ],
    ['another scaler cordons at the moment', { tags: [tag] }, 'other cordons it'],
  ] as const) {
    test(`never one that ${name}`, async () => {
      const { operations, outcomes } = await asked(now);
      assert.ok(outcomes[0]?.kind === 'not-any-more');
      assert.equal(outcomes[0].why, why);
      assert.deepEqual(operations, []);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet, type FleetOptions } from '../../../src/sandbox/fleet.ts';
import type { Machine } from '../../../src/sandbox/world/state.ts';
import { START } from '../../support/virtual-clock.ts';
import { lifecycleStates, outcome, remember } from './calls.ts';

const timings = { terminatingToWait: 1000, proceedToShutdown: 2000 };

function scene(options: FleetOptions = {}) {
  const fleet = createFleet({ now: START, timings, ...options });
  const machine = fleet.addInstance();
  const states = remember(fleet, lifecycleStates);
  return { fleet, machine, states };
}

function complete({
  fleet,
  machine,
  hook = 'drain',
  result = 'CONTINUE',
}: {
  fleet: ReturnType<typeof createFleet>;
  machine: Machine;
  hook?: string;
  result?: string;
}): string {
  return outcome(() => {
    fleet.world.call('autoscaling:CompleteLifecycleAction', {
      AutoScalingGroupName: 'web-asg',
      LifecycleHookName: hook,
      InstanceId: machine.id,
      LifecycleActionResult: result,
    });
    return 'ok';
  });
}

function heartbeat({
  fleet,
  machine,
  hook = 'drain',
}: {
  fleet: ReturnType<typeof createFleet>;
  machine: Machine;
  hook?: string;
}): string {
  return outcome(() => {
    fleet.world.call('autoscaling:RecordLifecycleActionHeartbeat', {
      AutoScalingGroupName: 'web-asg',
      LifecycleHookName: hook,
      InstanceId: machine.id,
    });
    return 'ok';
  });
}

describe('a termination', () => {
  test('waits for its hook, and goes on when the action is completed', () => {
    const { fleet, machine, states } = scene();
    fleet.scaleIn(machine);
    assert.equal(machine.imds.targetLifecycleState, 'Terminated', 'IMDS tells at once');
    fleet.pass(10_000);
    assert.equal(complete({ fleet, machine }), 'ok');
    fleet.pass(10_000);
    assert.deepEqual(states, [
      '0 Terminating',
      '1000 Terminating:Wait',
      '10000 Terminating:Proceed',
      '12000 Terminated',
    ]);
    assert.equal(machine.state, 'terminated');
  });

  test('does not wait without a hook', () => {
    const { fleet, machine, states } = scene({ hooks: [] });
    fleet.scaleIn(machine);
    fleet.pass(10_000);
    assert.deepEqual(states, ['0 Terminating', '1000 Terminating:Proceed', '3000 Terminated']);
  });

  test('does not wait for a hook about launching', () => {
    const { fleet, machine, states } = scene({
      hooks: [{ name: 'boot', transition: 'autoscaling:EC2_INSTANCE_LAUNCHING' }],
    });
    fleet.scaleIn(machine);
    fleet.pass(10_000);
    assert.deepEqual(states, ['0 Terminating', '1000 Terminating:Proceed', '3000 Terminated']);
  });

  test('has no action to complete before it waits, nor after', () => {
    const { fleet, machine } = scene();
    const missing = `ValidationError: No active Lifecycle Action found with instance ID ${machine.id}`;
    assert.equal(complete({ fleet, machine }), missing);
    fleet.scaleIn(machine);
    assert.equal(complete({ fleet, machine }), missing, 'Terminating is not yet Terminating:Wait');
    fleet.pass(1000);
    assert.equal(complete({ fleet, machine, hook: 'other' }), missing);
    assert.equal(complete({ fleet, machine }), 'ok');
    assert.equal(complete({ fleet, machine }), missing, 'an action is completed once');
    assert.equal(heartbeat({ fleet, machine }), missing);
  });

  test('takes the token in place of the instance id', () => {
    const { fleet, machine } = scene();
    const tokens: string[] = [];
    fleet.world.onLifecycleEvent(({ detail }) => tokens.push(detail.LifecycleActionToken));
    fleet.scaleIn(machine);
    fleet.pass(1000);
    const call = (LifecycleActionToken: string) =>
      outcome(() => {
        fleet.world.call('autoscaling:CompleteLifecycleAction', {
          AutoScalingGroupName: 'web-asg',
          LifecycleHookName: 'drain',
          LifecycleActionToken,
          LifecycleActionResult: 'CONTINUE',
        });
        return 'ok';
      });
    assert.equal(
      call('00000000-0000-4000-a000-000000000000'),
      'ValidationError: No active Lifecycle Action found with token 00000000-0000-4000-a000-000000000000',
    );
    assert.equal(tokens.length, 1);
    assert.equal(call(tokens[0] ?? ''), 'ok');
  });
});

describe('the time-outs of a hook', () => {
  test('a heartbeat that does not come ends the wait', () => {
    const { fleet, machine, states } = scene({ hooks: [{ name: 'drain', heartbeatTimeout: 30 }] });
    fleet.scaleIn(machine);
    fleet.pass(21_000);
    assert.equal(heartbeat({ fleet, machine }), 'ok');
    fleet.pass(100_000);
    assert.deepEqual(states, [
      '0 Terminating',
      '1000 Terminating:Wait',
      '51000 Terminating:Proceed',
      '53000 Terminated',
    ]);
  });

  test('no heartbeat reaches beyond the global time-out: 100 heartbeat time-outs', () => {
    const { fleet, machine, states } = scene({ hooks: [{ name: 'drain', heartbeatTimeout: 30 }] });
    fleet.scaleIn(machine);
    for (let beat = 0; beat < 149; beat++) {
      fleet.pass(20_000);
      heartbeat({ fleet, machine });
    }
    fleet.pass(100_000);
    // 1 s until it waits, then 3000 s.
    assert.deepEqual(states.slice(2), ['3001000 Terminating:Proceed', '3003000 Terminated']);
  });

  for (const [heartbeatCounts, timeout] of [
    ['hook-as-begun', 3_600],
    ['hook-as-is', 300],
  ] as const)
    test(`a heartbeat restarts that of the ${heartbeatCounts}, where it was changed meanwhile, as nothing documents`, () => {
      const { fleet, machine, states } = scene({ heartbeatCounts });
      fleet.scaleIn(machine);
      fleet.pass(2_000);
      fleet.putHook({ name: 'drain', heartbeatTimeout: 300 });
      fleet.pass(998_000);
      assert.equal(heartbeat({ fleet, machine }), 'ok', 'it counts as it was until then');
      fleet.pass(timeout * 1_000);
      assert.deepEqual(states.slice(2), [`${1_000_000 + timeout * 1_000} Terminating:Proceed`]);
    });
  test('the global time-out is 48 hours at most', () => {
    const { fleet } = scene({ hooks: [{ name: 'drain', heartbeatTimeout: 7200 }] });
    const { LifecycleHooks } = fleet.world.call('autoscaling:DescribeLifecycleHooks', {
      AutoScalingGroupName: 'web-asg',
    });
    assert.deepEqual(LifecycleHooks, [
      {
        LifecycleHookName: 'drain',
        AutoScalingGroupName: 'web-asg',
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        HeartbeatTimeout: 7200,
        GlobalTimeout: 172_800,
        DefaultResult: 'ABANDON',
      },
    ]);
  });

  for (const seconds of [29, 7201]) {
    test(`a heartbeat time-out of ${seconds} s is refused`, () => {
      const { fleet } = scene();
      assert.match(
        outcome(() => {
          fleet.world.call('autoscaling:PutLifecycleHook', {
            AutoScalingGroupName: 'web-asg',
            LifecycleHookName: 'drain',
            HeartbeatTimeout: seconds,
          });
          return 'ok';
        }),
        /^ValidationError: .*between 30 and 7200 seconds/,
      );
    });
  }
});

describe('several hooks', () => {
  const hooks = [{ name: 'drain' }, { name: 'backup' }];

  test('hold the instance until all have continued', () => {
    const { fleet, machine, states } = scene({ hooks });
    fleet.scaleIn(machine);
    fleet.pass(5000);
    complete({ fleet, machine });
    fleet.pass(5000);
    assert.equal(machine.member?.state, 'Terminating:Wait', 'the backup has not ended');
    complete({ fleet, machine, hook: 'backup' });
    fleet.pass(5000);
    assert.deepEqual(states.slice(1), [
      '1000 Terminating:Wait',
      '10000 Terminating:Proceed',
      '12000 Terminated',
    ]);
  });

  test('one that is abandoned skips the others', () => {
    const { fleet, machine, states } = scene({ hooks });
    fleet.scaleIn(machine);
    fleet.pass(5000);
    complete({ fleet, machine, result: 'ABANDON' });
    fleet.pass(5000);
    assert.deepEqual(states.slice(1), [
      '1000 Terminating:Wait',
      '5000 Terminating:Proceed',
      '7000 Terminated',
    ]);
  });
});

describe('a group that retains abandoned instances', () => {
  const groupOptions = { onAbandon: 'retain' } as const;
  const hooks = [{ name: 'drain', heartbeatTimeout: 30 }];

  test('keeps one whose action was abandoned, until it is terminated by name: then its hooks wait once more', () => {
    const { fleet, machine, states } = scene({ groupOptions, hooks });
    fleet.scaleIn(machine);
    fleet.pass(5000);
    complete({ fleet, machine, result: 'ABANDON' });
    fleet.pass(90 * 86_400_000);
    assert.equal(machine.state, 'running', 'retained for good');
    fleet.world.call('autoscaling:TerminateInstanceInAutoScalingGroup', {
      InstanceId: machine.id,
      ShouldDecrementDesiredCapacity: false,
    });
    fleet.pass(5000);
    complete({ fleet, machine, result: 'CONTINUE' });
    fleet.pass(5000);
    assert.deepEqual(states.slice(1), [
      '1000 Terminating:Wait',
      '5000 Terminating:Retained',
      '7776005000 Terminating',
      '7776006000 Terminating:Wait',
      '7776010000 Terminating:Proceed',
      '7776012000 Terminated',
    ]);
    assert.equal(fleet.group.desired, 0, 'the capacity was lowered once');
  });

  test('keeps one whose heartbeat did not come', () => {
    const { fleet, machine, states } = scene({ groupOptions, hooks });
    fleet.scaleIn(machine);
    fleet.pass(60_000);
    assert.deepEqual(states.slice(2), ['31000 Terminating:Retained']);
  });

  test('lets one go whose action continued, or whose hook continues by default', () => {
    const completed = scene({ groupOptions, hooks });
    completed.fleet.scaleIn(completed.machine);
    completed.fleet.pass(5000);
    complete(completed);
    assert.deepEqual(completed.states.slice(2), ['5000 Terminating:Proceed']);

    const timedOut = scene({
      groupOptions,
      hooks: [{ name: 'drain', heartbeatTimeout: 30, defaultResult: 'CONTINUE' }],
    });
    timedOut.fleet.scaleIn(timedOut.machine);
    timedOut.fleet.pass(31_000);
    assert.deepEqual(timedOut.states.slice(2), ['31000 Terminating:Proceed']);
  });
});

describe('the capacity of a group', () => {
  test('going down takes the oldest instance that is not protected', () => {
    const fleet = createFleet({ now: START, timings });
    const oldest = fleet.addInstance({ launchedAt: START - 3000, protectedFromScaleIn: true });
    const young = fleet.addInstance({ launchedAt: START - 1000 });
    const old = fleet.addInstance({ launchedAt: START - 2000 });
    fleet.world.call('autoscaling:SetDesiredCapacity', {
      AutoScalingGroupName: 'web-asg',
      DesiredCapacity: 2,
    });
    assert.deepEqual(
      [oldest, young, old].map((machine) => machine.member?.state),
      ['InService', 'InService', 'Terminating'],
    );
  });

  test('a termination that does not lower it is answered by a launch, where the group can', () => {
    const { fleet, machine } = scene();
    fleet.group.launch = () => fleet.addInstance();
    fleet.world.call('autoscaling:TerminateInstanceInAutoScalingGroup', {
      InstanceId: machine.id,
      ShouldDecrementDesiredCapacity: false,
    });
    fleet.pass(1);
    const states = [...fleet.group.members.values()].map(({ state }) => state);
    assert.deepEqual(states, ['Terminating', 'InService']);
  });

  test('an instance in standby or detached is not terminated', () => {
    const { fleet, machine } = scene();
    fleet.world.call('autoscaling:EnterStandby', {
      AutoScalingGroupName: 'web-asg',
      InstanceIds: [machine.id],
      ShouldDecrementDesiredCapacity: true,
    });
    assert.equal(machine.imds.targetLifecycleState, 'Standby');
    fleet.world.call('autoscaling:DetachInstances', {
      AutoScalingGroupName: 'web-asg',
      InstanceIds: [machine.id],
      ShouldDecrementDesiredCapacity: false,
    });
    assert.equal(machine.member, undefined);
    assert.deepEqual(
      fleet.world.call('autoscaling:DescribeAutoScalingInstances', { InstanceIds: [machine.id] }),
      { AutoScalingInstances: [] },
    );
  });
});

test('a lifecycle event has the form in which EventBridge delivers it', () => {
  const { fleet, machine } = scene({ hooks: [{ name: 'drain', notificationMetadata: 'for web' }] });
  const events: unknown[] = [];
  fleet.world.onLifecycleEvent(({ id, detail: { LifecycleActionToken, ...detail }, ...event }) => {
    assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(LifecycleActionToken, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    events.push({ ...event, detail });
  });
  fleet.scaleIn(machine);
  fleet.pass(1000);
  assert.deepEqual(events, [
    {
      version: '0',
      'detail-type': 'EC2 Instance-terminate Lifecycle Action',
      source: 'aws.autoscaling',
      account: '111122223333',
      time: '2026-01-02T03:04:06.000Z',
      region: 'eu-west-1',
      resources: [
        'arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:sandbox:autoScalingGroupName/web-asg',
      ],
      detail: {
        AutoScalingGroupName: 'web-asg',
        LifecycleHookName: 'drain',
        EC2InstanceId: machine.id,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        NotificationMetadata: 'for web',
        Origin: 'AutoScalingGroup',
        Destination: 'EC2',
      },
    },
  ]);
});

test('a machine terminated outside its group goes at once, and the group notices later', () => {
  const { fleet, machine, states } = scene({ timings: { ...timings, groupNotices: 60_000, shutdown: 1000 } });
  const task = fleet.runTask(machine);
  fleet.world.call('ec2:TerminateInstances', { InstanceIds: [machine.id] });
  assert.deepEqual(
    fleet.world.interruptions.map(({ taskArn, cause, containersRan }) => ({ taskArn, cause, containersRan })),
    [{ taskArn: task.arn, cause: 'ec2:TerminateInstances was called', containersRan: true }],
  );
  fleet.pass(70_000);
  assert.deepEqual(states, ['60000 Terminating', '61000 Terminating:Wait']);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jobWords, needsText } from '../../../../src/scaler/report/words.ts';
import { actionsOf, cluster, cordonOf, jobs, MIN, planned, whyJob, whyOf } from './clusters.ts';

const busy = { tasks: [{}] };
const full = { tasks: [{}, {}] };

describe('a plan launches', () => {
  test('all at once what the jobs need together', () => {
    const made = planned(cluster({}, { demand: jobs(7) }));
    assert.deepEqual(actionsOf(made), ['launch 2 eu-west-1a', 'launch 2 eu-west-1b']);
    assert.equal(whyJob(made, 'job-7'), 'launching');
    assert.equal(made.needed, 4);
  });

  test('nothing while there is room', () => {
    const made = planned(cluster({ 'i-1': busy, 'i-2': {} }, { demand: jobs(3) }));
    assert.deepEqual(actionsOf(made), []);
    assert.equal(whyJob(made, 'job-1'), 'fits');
    assert.equal(whyOf(made, 'i-2'), 'needed');
  });

  test('nothing for a job that what boots will hold', () => {
    const made = planned(cluster({ 'i-1': { unregistered: true, age: 2 * MIN } }, { demand: jobs(2) }));
    assert.deepEqual(actionsOf(made), []);
    assert.equal(whyJob(made, 'job-1'), 'comes-with');
    assert.equal(whyOf(made, 'i-1'), 'booting');
  });

  test('nothing for a job that an instance holds which the group wants and does not list yet', () => {
    const made = planned(cluster({}, { demand: jobs(2), group: { desired: 1 } }));
    assert.deepEqual(actionsOf(made), []);
  });

  test('beside an instance that has not registered for ten minutes, and reports it', () => {
    const made = planned(cluster({ 'i-1': { unregistered: true, age: 10 * MIN } }, { demand: jobs(1) }));
    assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1a']);
    assert.equal(whyOf(made, 'i-1'), 'broken');
    assert.deepEqual(made.reasons.group, [{ kind: 'boots-fail', instances: ['i-1'] }]);
  });

  test('beside launches that have failed for ten minutes', () => {
    const group = { desired: 2 };
    const history = { shortSince: 1_795_000_000_000 - 10 * MIN };
    const made = planned(cluster({}, { demand: jobs(1), group }), {}, history);
    assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1a']);
    assert.equal(made.reasons.group[0]?.kind, 'launches-fail');
  });

  for (const [name, given] of [
    ['draining', { status: 'DRAINING' }],
    ['being terminated', { state: 'Terminating:Wait' }],
    ['in Standby', { state: 'Standby' }],
    ['without a connected ECS agent', { agentConnected: false }],
    ['cordoned by another scaler', { status: 'DRAINING', cordon: cordonOf('other', MIN, MIN) }],
    [
      "cordoned by another group's scaler of the same name",
      { status: 'DRAINING', cordon: cordonOf('ecs-scaler', MIN, MIN), inGroup: false },
    ],
    ['registering, in another group', { status: 'REGISTERING', inGroup: false }],
  ] as const) {
    test(`although there is an empty instance that is ${name}: it is no room`, () => {
      const made = planned(cluster({ 'i-1': given }, { demand: jobs(1) }));
      assert.equal(actionsOf(made)[0]?.split(' ')[0], 'launch', 'the job would wait for ever');
    });
  }

  test('no more than the group may hold, and says which jobs wait for that', () => {
    const made = planned(cluster({ 'i-1': full }, { demand: jobs(6), group: { max: 3 } }));
    assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1a', 'launch 1 eu-west-1b'].reverse());
    assert.deepEqual(made.reasons.group, [{ kind: 'at-max', max: 3, short: 2 }]);
    assert.equal(whyJob(made, 'job-6'), 'max-size');
  });

  test('where Launch is suspended nothing', () => {
    const made = planned(cluster({}, { demand: jobs(1), group: { suspended: ['Launch'] } }));
    assert.deepEqual(actionsOf(made), []);
    assert.equal(whyJob(made, 'job-1'), 'launch-suspended');
  });

  test('nothing for a job that is larger than any instance', () => {
    const made = planned(cluster({}, { demand: jobs(1, { memory: 9_000 }) }));
    assert.deepEqual(actionsOf(made), []);
    assert.deepEqual(made.reasons.jobs[0]?.why, {
      kind: 'too-large',
      lacks: ['memory'],
      instanceType: 'm5.xlarge',
    });
  });

  describe('for jobs with a network interface of their own', () => {
    const own = { cpu: 256, memory: 256, networkInterfaces: 1 };
    const running = { needs: { ...own, gpu: 0 } };

    test('one where all those of an instance are taken, though it has CPU and memory left', () => {
      const given = { 'i-1': { tasks: [running, running, running] } };
      const made = planned(cluster(given, { demand: jobs(1, own) }));
      assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1b'], 'the job waits in vain');
      assert.equal(whyJob(made, 'job-1'), 'launching');
      const others = planned(cluster(given, { demand: jobs(1, { ...own, networkInterfaces: 0 }) }));
      assert.deepEqual(actionsOf(others), [], 'a job without one has room there');
    });

    test('none where one is left, and then one more for each three', () => {
      const given = { 'i-1': { tasks: [running, running] } };
      assert.deepEqual(actionsOf(planned(cluster(given, { demand: jobs(1, own) }))), []);
      const made = planned(cluster(given, { demand: jobs(5, own) }));
      assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1b', 'launch 1 eu-west-1a']);
    });

    test('none where it is not known how many an instance can have', () => {
      const snapshot = cluster({ 'i-1': { tasks: [running, running, running] } }, { demand: jobs(5, own) });
      const containerInstances = snapshot.containerInstances.map((one) => ({
        ...one,
        remaining: { ...one.remaining, networkInterfaces: Infinity },
      }));
      assert.deepEqual(actionsOf(planned({ ...snapshot, containerInstances })), []);
    });

    test('nothing where daemons take all that a new instance has, and that is said', () => {
      const total = { cpu: 4_096, memory: 8_192, gpu: 0, networkInterfaces: 0 };
      const fresh = { instanceType: 'm5.xlarge', total, portsInUse: [], attributes: {} };
      const made = planned(cluster({}, { demand: jobs(1, own), fresh }));
      assert.deepEqual(actionsOf(made), [], 'instances are launched for a job that none takes');
      const [job] = made.reasons.jobs;
      assert.ok(job);
      assert.deepEqual(job.why, {
        kind: 'too-large',
        lacks: ['networkInterfaces'],
        instanceType: 'm5.xlarge',
      });
      assert.match(jobWords(job.why), /not enough network interfaces on m5\.xlarge/);
      assert.equal(needsText(job.needs), '256 CPU, 256 MiB, 1 network interface');
    });

    test('a cordoned instance is given back before one is launched, as for any other', () => {
      const cordon = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', MIN / 2, 10 * MIN) };
      const made = planned(
        cluster({ 'i-1': { tasks: [running, running, running] }, 'i-2': cordon }, { demand: jobs(1, own) }),
      );
      assert.deepEqual(actionsOf(made), ['uncordon i-2']);
    });
  });

  test('in the zone that a job asks for', () => {
    const expression = 'attribute:ecs.availability-zone == eu-west-1b';
    const made = planned(
      cluster({ 'i-1': {} }, { demand: jobs(1, { constraints: [{ kind: 'member-of', expression }] }) }),
    );
    assert.deepEqual(actionsOf(made).slice(0, 1), ['launch 1 eu-west-1b']);
  });

  test('one instance for each job that wants none of its kind beside it', () => {
    const constraints = [{ kind: 'distinct-instance', group: 'family:nightly' }] as const;
    const made = planned(cluster({ 'i-1': busy }, { demand: jobs(2, { constraints }) }));
    assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1b', 'launch 1 eu-west-1a']);
  });

  test('for a task that a capacity provider of the group places, although there is room in another group', () => {
    const given = { 'i-1': { inGroup: false } } as const;
    const made = planned(cluster(given, { demand: jobs(1, { inGroupOnly: true }) }));
    assert.deepEqual(
      actionsOf(made),
      ['launch 1 eu-west-1a'],
      'ECS never places it there: it waits for ever',
    );
    assert.deepEqual(actionsOf(planned(cluster(given, { demand: jobs(1) }))), []);
  });

  test('one instance for each job that takes the same port', () => {
    const made = planned(cluster({}, { demand: jobs(2, { ports: ['8080/tcp'] }) }));
    assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1a', 'launch 1 eu-west-1b']);
  });

  test('one to learn from where nothing is known of what a new instance has', () => {
    const made = planned(cluster({}, { demand: jobs(5), fresh: undefined }));
    assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1a']);
    assert.deepEqual(made.reasons.group, [{ kind: 'fresh-unknown' }]);
  });

  test('what --spare keeps empty', () => {
    assert.deepEqual(actionsOf(planned(cluster({ 'i-1': busy }), { spare: 1 })), ['launch 1 eu-west-1b']);
  });
});

describe('a plan takes', () => {
  test('a hundred in a turn at most: jobs would wait for minutes for the end of a longer one', () => {
    const of = (count: number, given: object) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`i-${100 + index}`, given]));
    const group = { max: 1_000 };
    const empty = planned(cluster(of(250, {}), { group }));
    assert.equal(actionsOf(empty).filter((one) => one.startsWith('cordon')).length, 100);
    assert.equal(empty.reasons.instances.filter(({ why }) => why.kind === 'later').length, 150);
    const settled = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', 2 * MIN, 10 * MIN) };
    const cordoned = planned(cluster(of(250, settled), { group }));
    assert.equal(actionsOf(cordoned).filter((one) => one.startsWith('terminate')).length, 100);
    assert.equal(cordoned.reasons.instances.filter(({ why }) => why.kind === 'later').length, 150);
  });

  test('an instance that has been empty for ten minutes, with a cordon that ends', () => {
    const made = planned(cluster({ 'i-1': busy, 'i-2': {} }));
    const [action] = made.actions;
    assert.ok(action?.kind === 'cordon');
    assert.equal(action.instance.instanceId, 'i-2');
    assert.equal(action.until - action.since, 15 * MIN);
  });

  test('none that had a task in the last five minutes, and not the one that was used last for ten', () => {
    const made = planned(
      cluster({
        'i-1': { tasks: [{ lastStatus: 'STOPPED', stoppedAt: 1_795_000_000_000 - 4 * MIN }] },
        'i-2': { age: 4.5 * MIN },
      }),
    );
    assert.deepEqual(actionsOf(made), []);
    assert.equal(whyOf(made, 'i-1'), 'empty-too-short');
    assert.equal(whyOf(made, 'i-2'), 'empty-too-short');
    const later = planned(cluster({ 'i-1': { age: 9 * MIN } }));
    assert.deepEqual(actionsOf(later), [], 'the next job would wait for an instance that boots');
  });

  test('the second that has been empty for five minutes: one is enough for the next job', () => {
    const made = planned(
      cluster({
        'i-1': { tasks: [{ lastStatus: 'STOPPED', stoppedAt: 1_795_000_000_000 - 6 * MIN }] },
        'i-2': { age: 5 * MIN },
        'i-3': { age: 7 * MIN },
      }),
    );
    assert.deepEqual(actionsOf(made), ['cordon i-3', 'cordon i-1']);
    assert.deepEqual(made.reasons.instances[1]?.why, {
      kind: 'empty-too-short',
      sinceAt: 1_795_000_000_000 - 5 * MIN,
      until: 1_795_000_000_000 + 5 * MIN,
    });
  });

  test('none of which an earlier turn has seen a task end', () => {
    const lastTaskEndedAt = new Map([['arn:i-1', 1_795_000_000_000 - MIN]]);
    assert.deepEqual(actionsOf(planned(cluster({ 'i-1': {} }), {}, { lastTaskEndedAt })), []);
  });

  const daemon = { kind: 'daemon', group: 'service:monitor' } as const;

  test('one that runs only what daemon services have put on it', () => {
    const stopped = { lastStatus: 'STOPPED', stoppedAt: 1_795_000_000_000 - MIN };
    const made = planned(cluster({ 'i-1': { tasks: [daemon, { ...daemon, ...stopped }] } }));
    assert.deepEqual(actionsOf(made), ['cordon i-1'], 'no instance ever goes where a daemon service runs');
    assert.equal(made.needed, 0);
  });

  test('a cordoned one whose daemon has stopped is not given back for a job that does not fit beside that', () => {
    const cordon = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', MIN / 2, 10 * MIN) };
    const monitor = {
      group: 'service:monitor',
      cpu: 512,
      memory: 0,
      gpu: 0,
      networkInterfaces: 0,
      ports: [],
      constraints: [],
    };
    const demand = jobs(1, { cpu: 4_096 });
    const made = planned(cluster({ 'i-1': cordon }, { demand, daemons: [monitor] }));
    assert.notEqual(actionsOf(made)[0], 'uncordon i-1', 'it is cordoned and given back without end');
    const fits = planned(cluster({ 'i-1': cordon }, { demand: jobs(1), daemons: [monitor] }));
    assert.deepEqual(actionsOf(fits), ['uncordon i-1']);
  });

  test('none with a task beside that of a daemon service, and for good none before that has stopped', () => {
    assert.equal(whyOf(planned(cluster({ 'i-1': { tasks: [daemon, {}] } })), 'i-1'), 'busy');
    assert.equal(whyOf(planned(cluster({ 'i-1': { tasks: [daemon], taskCount: 2 } })), 'i-1'), 'unclear');
    const cordon = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', 2 * MIN, 10 * MIN) };
    const emptied = planned(
      cluster({ 'i-1': { ...cordon, tasks: [{ ...daemon, lastStatus: 'STOPPING' }], taskCount: 0 } }),
    );
    assert.deepEqual(emptied.actions, [], 'a task is cut short, or its cordon is lifted for it');
    assert.equal(whyOf(emptied, 'i-1'), 'emptying');
  });

  for (const [name, given] of [
    ['is protected from scale-in', { isProtected: true }],
    ['has tasks that ECS counts and does not list', { taskCount: 1 }],
    ['has a task on its way down', { tasks: [{ lastStatus: 'DEPROVISIONING' }], taskCount: 0 }],
    ['is drained by somebody else', { status: 'DRAINING' }],
    ['is of another group', { inGroup: false }],
    ['has no connected ECS agent', { agentConnected: false }],
    ['was given back before its cordon ended', { cordon: cordonOf('ecs-scaler', 5 * MIN, 10 * MIN) }],
  ] as const) {
    test(`none that ${name}`, () => {
      assert.deepEqual(actionsOf(planned(cluster({ 'i-1': given }))), []);
    });
  }

  test('none below MinSize', () => {
    const made = planned(cluster({ 'i-1': {}, 'i-2': {}, 'i-3': {} }, { group: { min: 2 } }));
    assert.equal(made.actions.length, 1);
    assert.deepEqual(made.reasons.instances.find(({ why }) => why.kind === 'held')?.why, {
      kind: 'held',
      for: 'min-size',
    });
  });

  for (const [what, given] of [
    ['has not registered in time', { unregistered: true, age: 20 * MIN }],
    ['somebody else drains', { status: 'DRAINING' }],
    ['has no connected ECS agent', { agentConnected: false }],
  ] as const)
    test(`none of as many as MinSize that serve, beside one that ${what}`, () => {
      const made = planned(cluster({ 'i-1': given, 'i-2': {}, 'i-3': busy }, { group: { min: 2 } }));
      assert.deepEqual(actionsOf(made), [], 'the minimum is kept by an instance that takes no task');
      assert.deepEqual(made.reasons.instances[1]?.why, { kind: 'held', for: 'min-size' });
    });

  test('none of those that --spare keeps', () => {
    assert.equal(planned(cluster({ 'i-1': {}, 'i-2': {}, 'i-3': {} }), { spare: 2 }).actions.length, 1);
  });

  test('none while a job waits whose constraint it cannot judge: it may need any of them', () => {
    const constraints = [{ kind: 'member-of', expression: 'agentVersion > 1' }] as const;
    const made = planned(cluster({ 'i-1': {} }, { demand: jobs(1, { constraints }) }));
    assert.deepEqual(actionsOf(made), []);
    assert.equal(whyOf(made, 'i-1'), 'constraint-unknown');
  });

  test('the oldest image first, then from the fullest zone, then the longest empty', () => {
    const made = planned(
      cluster({
        'i-1': { zone: 'b', age: 90 * MIN },
        'i-2': { age: 80 * MIN },
        'i-3': { age: 70 * MIN },
        'i-4': { image: 'ami-old', zone: 'b', age: 65 * MIN },
        'i-5': { age: 60 * MIN },
      }),
    );
    assert.deepEqual(actionsOf(made), ['cordon i-4', 'cordon i-2', 'cordon i-3', 'cordon i-1', 'cordon i-5']);
  });

  test('a cordoned one a minute later for good, if it is still empty', () => {
    const cordon = (age: number) => ({ status: 'DRAINING', cordon: cordonOf('ecs-scaler', age, 10 * MIN) });
    const made = planned(cluster({ 'i-1': cordon(MIN), 'i-2': cordon(MIN - 1) }));
    assert.deepEqual(actionsOf(made), ['terminate i-1']);
    assert.equal(whyOf(made, 'i-2'), 'settling');
  });

  test('none for good below MinSize: what is cordoned beyond it is given back', () => {
    const given = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', 2 * MIN, 10 * MIN) };
    const made = planned(cluster({ 'i-1': given, 'i-2': given }, { group: { min: 1 } }));
    assert.deepEqual(actionsOf(made), ['uncordon i-2', 'terminate i-1']);
  });
});

test('while more may wait than could be read, nothing is removed, and jobs are launched for', () => {
  const settled = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', 2 * MIN, 10 * MIN) };
  const jobsWait = jobs(2).map((job) => ({ ...job, inGroupOnly: true as const, cpu: 4_096 }));
  const given = { 'i-1': {}, 'i-2': settled };
  assert.deepEqual(actionsOf(planned(cluster(given, { isDemandCutOff: true }))), []);
  const full = planned(cluster({}, { isDemandCutOff: true, demand: jobsWait }));
  assert.deepEqual(actionsOf(full), ['launch 1 eu-west-1a', 'launch 1 eu-west-1b']);
});

describe('after an instance that has not registered in time', () => {
  const broken = { unregistered: true, age: 12 * MIN } as const;

  test('one is launched for all jobs: of a broken image as many would come every ten minutes', () => {
    const made = planned(cluster({ 'i-1': full, 'i-2': broken }, { demand: jobs(8) }));
    assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1b']);
    assert.equal(whyJob(made, 'job-8'), 'boots-doubtful');
  });

  test('none is launched while one boots', () => {
    const boots = { unregistered: true, age: 2 * MIN } as const;
    const made = planned(cluster({ 'i-1': broken, 'i-2': boots }, { demand: jobs(8) }));
    assert.deepEqual(actionsOf(made), []);
  });

  test('all are launched once another has registered since', () => {
    const later = { ...full, age: 3 * MIN };
    const made = planned(cluster({ 'i-1': broken, 'i-2': later }, { demand: jobs(6) }));
    assert.equal(
      made.actions.reduce((sum, one) => sum + (one.kind === 'launch' ? one.count : 0), 0),
      3,
    );
  });
});

test('a plan names the instances whose ECS agent is not connected: nobody uses them, and they stay', () => {
  const made = planned(cluster({ 'i-1': busy, 'i-2': { agentConnected: false } }));
  assert.deepEqual(made.reasons.group, [{ kind: 'disconnected', instances: ['i-2'] }]);
});

describe('of an instance that nobody has seen', () => {
  const fresh = {
    instanceType: 'm5.xlarge',
    total: { cpu: 4_096, memory: 7_782, gpu: 0, networkInterfaces: 3 },
    portsInUse: [],
    attributes: {},
    isGuess: true,
  };
  const waiting = (more: object) => jobs(8).map((job) => ({ ...job, cpu: 4_096, ...more }));
  const pool = [{ kind: 'member-of', expression: 'attribute:pool == x' }] as const;

  for (const [name, more] of [
    ['whose memory it may have or not', { memory: 8_100 }],
    ['with a constraint that it may satisfy or not', { constraints: pool }],
  ] as const) {
    test(`one is launched for jobs ${name}`, () => {
      const made = planned(cluster({}, { demand: waiting(more), fresh }));
      assert.deepEqual(actionsOf(made), ['launch 1 eu-west-1a'], 'eight come, and maybe none takes a job');
      assert.equal(whyJob(made, 'job-1'), 'to-be-seen');
      assert.equal(whyJob(made, 'job-8'), 'to-be-seen');
    });

    test(`none while one comes, for jobs ${name}`, () => {
      const group = { desired: 1 };
      const made = planned(cluster({}, { demand: waiting(more), fresh, group }));
      assert.deepEqual(actionsOf(made), []);
    });
  }

  test('as many are launched as the jobs need that it takes for certain', () => {
    const made = planned(cluster({}, { demand: waiting({}), fresh }));
    assert.deepEqual(actionsOf(made), ['launch 4 eu-west-1a', 'launch 4 eu-west-1b']);
  });

  test('as many are launched as need it in one zone', () => {
    const zone = [
      { kind: 'member-of', expression: 'attribute:ecs.availability-zone == eu-west-1b' },
    ] as const;
    const made = planned(cluster({}, { demand: waiting({ constraints: zone }), fresh }));
    assert.deepEqual(actionsOf(made), ['launch 8 eu-west-1b']);
  });
});

test('in a group that mixes types nothing is launched for a job that asks for one of them: any may come', () => {
  const fresh = {
    instanceType: 'm5.large, c5.large',
    total: { cpu: 4_096, memory: 8_192, gpu: 0, networkInterfaces: 3 },
    portsInUse: [],
    attributes: {},
    varies: true,
  };
  const constraints = [{ kind: 'member-of', expression: 'attribute:ecs.instance-type == c5.large' }] as const;
  const made = planned(cluster({}, { demand: jobs(1).map((job) => ({ ...job, constraints })), fresh }));
  assert.deepEqual(actionsOf(made), [], 'instances are launched until one happens to be of the type');
  assert.equal(whyJob(made, 'job-1'), 'constraint-unknown');
});

test('a plan says that another scaler takes instances of its group: they could launch and remove in turns', () => {
  const cordon = cordonOf('other', 2 * MIN, 10 * MIN);
  const reasons = (more: object) =>
    planned(cluster({ 'i-1': busy, 'i-2': { status: 'DRAINING', cordon, ...more } })).reasons.group;
  assert.deepEqual(reasons({}), [{ kind: 'other-scalers', names: ['other'] }]);
  assert.deepEqual(reasons({ inGroup: false }), []);
});

describe('a plan says that the group terminates instances with tasks to balance its zones', () => {
  const kinds = (group: object) =>
    planned(cluster({ 'i-1': busy }, { group })).reasons.group.map(({ kind }) => kind);

  test('where it does', () => assert.deepEqual(kinds({ suspended: [] }), ['zones-rebalanced']));
  test('and not where that is suspended', () => assert.deepEqual(kinds({ suspended: ['AZRebalance'] }), []));
  test('nor where it has one zone', () =>
    assert.deepEqual(kinds({ suspended: [], zones: ['eu-west-1a'] }), []));
});

describe('a plan gives back', () => {
  const own = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', 2 * MIN, 10 * MIN) };

  test('what it has cordoned itself before it launches', () => {
    const made = planned(cluster({ 'i-1': own }, { demand: jobs(3) }));
    assert.deepEqual(actionsOf(made), ['uncordon i-1', 'launch 1 eu-west-1a']);
    assert.equal(whyJob(made, 'job-1'), 'given-back');
  });

  test('one that got a task before it was DRAINING', () => {
    assert.deepEqual(actionsOf(planned(cluster({ 'i-1': { ...own, ...busy } }))), ['uncordon i-1']);
  });

  test('one whose cordon has ended, whoever made it', () => {
    const cordon = cordonOf('other', 20 * MIN, 0);
    const made = planned(cluster({ 'i-1': { status: 'DRAINING', cordon }, 'i-2': { cordon } }));
    assert.deepEqual(actionsOf(made), ['uncordon i-1', 'uncordon i-2']);
  });

  test('never one that the group terminates already', () => {
    assert.deepEqual(
      actionsOf(planned(cluster({ 'i-1': { ...own, state: 'Terminating:Wait' } }, { demand: [] }))),
      [],
    );
  });

  test("never one that another group's scaler of the same name has cordoned, and may have terminated", () => {
    const made = planned(cluster({ 'i-1': { ...own, inGroup: false } }));
    assert.deepEqual(actionsOf(made), []);
    assert.equal(whyOf(made, 'i-1'), 'cordoned-by-others');
  });

  test('one that has become protected', () => {
    assert.deepEqual(actionsOf(planned(cluster({ 'i-1': { ...own, isProtected: true } }))), ['uncordon i-1']);
  });
});

describe('with --cordon-busy', () => {
  const runTimes = new Map([['nightly', [10, 20, 20, 20, 30].map((minutes) => minutes * MIN)]]);
  const since = (minutes: number) => ({ tasks: [{ startedAt: 1_795_000_000_000 - minutes * MIN }] });

  test('the instance whose task ends soonest takes no new ones, if that would fit elsewhere', () => {
    const made = planned(
      cluster({ 'i-1': since(5), 'i-2': since(25) }),
      { cordonBusy: 'jobs' },
      { runTimes },
    );
    const [action, ...others] = made.actions;
    assert.ok(action?.kind === 'cordon' && others.length === 0);
    assert.equal(action.instance.instanceId, 'i-2');
    // Nine of ten have ended after 30 minutes, 5 from now; then 15 more until the cordon ends by itself.
    assert.equal(action.until, 1_795_000_000_000 + 20 * MIN);
  });

  test('none into whose room another one is emptied already, unless that finds room once more', () => {
    const given = { 'i-1': since(25), 'i-2': since(20), 'i-3': since(5) };
    assert.deepEqual(actionsOf(planned(cluster(given), { cordonBusy: 'jobs' }, { runTimes })), [
      'cordon i-1',
    ]);
  });

  test('none that somebody has given back, until its cordon ends', () => {
    const cordon = cordonOf('ecs-scaler', 5 * MIN, 10 * MIN);
    const given = { 'i-1': { ...since(25), cordon }, 'i-2': { tasks: [{ family: 'other' }] } };
    assert.deepEqual(planned(cluster(given), { cordonBusy: 'jobs' }, { runTimes }).actions, []);
  });

  for (const [name, tasks, cordonBusy] of [
    ['of which nobody knows how long they run', [{ family: 'other' }], 'jobs'],
    ['that are protected', [{ isProtected: true }], 'jobs'],
    ['that have run for longer than nine of ten', [{ startedAt: 1_795_000_000_000 - 31 * MIN }], 'jobs'],
    ['of a service', [{ kind: 'service' as const }], 'jobs'],
    ['that would fit nowhere else', [{}, {}], 'jobs'],
    ['unless it is on', [{}], 'off'],
  ] as const) {
    test(`none with tasks ${name}`, () => {
      const given = { 'i-1': { tasks }, 'i-2': { tasks: [{ family: 'other' }] } };
      assert.deepEqual(planned(cluster(given), { cordonBusy }, { runTimes }).actions, []);
    });
  }

  test('a service too, if that is wanted', () => {
    const given = { 'i-1': { tasks: [{ kind: 'service' as const }] }, 'i-2': since(5) };
    const made = planned(cluster(given), { cordonBusy: 'services' }, { runTimes });
    assert.deepEqual(actionsOf(made), ['cordon i-1']);
  });

  test('none whose tasks would fit into a spare only: that would be launched anew, without end', () => {
    const given = { 'i-1': { tasks: [{ kind: 'service' as const }] }, 'i-2': {} };
    const made = planned(cluster(given), { cordonBusy: 'services', spare: 1 }, { runTimes });
    assert.deepEqual(actionsOf(made), []);
  });

  test('none while jobs wait, or below MinSize', () => {
    const given = { 'i-1': since(5), 'i-2': since(5) };
    const config = { cordonBusy: 'jobs' } as const;
    assert.deepEqual(planned(cluster(given, { demand: jobs(1) }), config, { runTimes }).actions, []);
    assert.deepEqual(planned(cluster(given, { group: { min: 2 } }), config, { runTimes }).actions, []);
  });

  test('it goes when its tasks have ended, and is left while they run', () => {
    const cordon = cordonOf('ecs-scaler', 2 * MIN, 10 * MIN);
    const given = {
      'i-1': { ...since(5), status: 'DRAINING', cordon },
      'i-2': { status: 'DRAINING', cordon },
    };
    const made = planned(cluster(given), { cordonBusy: 'jobs' }, { runTimes });
    assert.deepEqual(actionsOf(made), ['terminate i-2']);
    assert.equal(whyOf(made, 'i-1'), 'emptying');
  });
});

describe('ahead of need', () => {
  const HOUR = 60 * MIN;
  const hourOf = (time: number) => Math.floor(time / HOUR) * HOUR;
  /** Three instances in this hour of each day, for five weeks: in three minutes as many will be needed. */
  const needByHour = Array.from({ length: 5 * 168 }, (_, index) => {
    const from = hourOf(1_795_000_000_000 + 3 * MIN) - (5 * 168 - index) * HOUR;
    return { from, instances: index % 24 === 0 ? 3 : 0 };
  });
  const ahead = { looksAhead: true };

  test('as many are held as the hour has needed', () => {
    const made = planned(cluster({ 'i-1': {}, 'i-2': {}, 'i-3': {}, 'i-4': {} }), ahead, { needByHour });
    assert.deepEqual(actionsOf(made), ['cordon i-1']);
    assert.deepEqual(made.reasons.instances[1]?.why, { kind: 'held', for: 'floor' });
    const empty = planned(cluster({ 'i-1': {} }), ahead, { needByHour });
    assert.deepEqual(actionsOf(empty), ['launch 1 eu-west-1b', 'launch 1 eu-west-1a']);
  });

  test('nothing goes while it is not known what past hours have needed, and jobs are launched for', () => {
    const cordon = { status: 'DRAINING', cordon: cordonOf('ecs-scaler', 2 * MIN, 10 * MIN) };
    const given = { 'i-1': full, 'i-2': {}, 'i-3': cordon };
    const made = planned(cluster(given), ahead, { needByHour: undefined });
    assert.deepEqual(made.actions, [], 'what is held ahead of need goes when CloudWatch is away');
    assert.deepEqual(made.reasons.instances[1]?.why, { kind: 'held', for: 'floor-unknown' });
    const late = planned(cluster({ 'i-1': full }, { demand: jobs(1) }), ahead, { needByHour: undefined });
    assert.deepEqual(actionsOf(late), ['launch 1 eu-west-1b']);
  });
});

test('beside ECS managed scaling it only advises', () => {
  const capacityProviders = [{ name: 'workers-cp', managesScaling: true }];
  const made = planned(cluster({}, { demand: jobs(1), capacityProviders }));
  assert.deepEqual(made.standing, { kind: 'advises', capacityProvider: 'workers-cp' });
});

test('the policy average takes as many as the use leaves, at the beginning of its hour', () => {
  const policy = { kind: 'average', share: 0.8, everyMs: 3_600_000 } as const;
  const given = { 'i-1': full, 'i-2': full, 'i-3': busy, 'i-4': {}, 'i-5': {} };
  const at = 1_794_999_600_000 - (1_794_999_600_000 % 3_600_000);
  // 2.5 of 5 instances are used: 50 % < (5 − n) · 20 · 0.8 holds for n = 1, not for 2.
  const made = planned({ ...cluster(given), at }, { policy });
  assert.deepEqual(actionsOf(made), ['cordon i-4']);
  assert.deepEqual(planned({ ...cluster(given), at: at + 11 * MIN }, { policy }).actions, []);
});

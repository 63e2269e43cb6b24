import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { createGroup } from '../../../src/oneshot/aws/group.ts';
import type { Operations } from '../../../src/oneshot/aws/operations.ts';
import type { GrowRequest, Needs } from '../../../src/oneshot/launch/model.ts';
import { scriptCall } from '../aws/scripted-call.ts';

const group = (change: object = {}) => ({
  AutoScalingGroups: [
    {
      AutoScalingGroupName: 'workers',
      DesiredCapacity: 2,
      MaxSize: 10,
      AvailabilityZones: ['a', 'b'],
      Instances: [{ AvailabilityZone: 'a' }, { AvailabilityZone: 'a' }],
      ...change,
    },
  ],
});
const launched = (...ids: string[]) => ({ Instances: [{ InstanceIds: ids }], Errors: [] });

const asking: GrowRequest = { count: 1, zone: 0, pending: undefined, leavesRoom: true, subnets: [], own: [] };

function scene(...answers: (object | Error)[]) {
  const { call, calls } = scriptCall(...answers);
  const time = { now: 0 };
  const workers = createGroup({
    call: call as unknown as Caller<Operations>,
    name: 'workers',
    cluster: 'batch',
    now: () => time.now,
  });
  const requests = () =>
    calls.filter(([operation]) => operation === 'autoscaling:LaunchInstances').map(([, input]) => input);
  return { workers, requests, calls, time };
}

describe('a group that is to make room', () => {
  test('is asked for what is missing, in the zone with the fewest instances', async () => {
    const { workers, requests } = scene(group(), launched('i-1', 'i-2'));
    assert.deepEqual(await workers.grow({ ...asking, count: 2, zone: 0 }), {
      kind: 'launched',
      count: 2,
      ids: ['i-1', 'i-2'],
    });
    const [request] = requests() as { RequestedCapacity: number; AvailabilityZones: string[] }[];
    assert.deepEqual([request?.RequestedCapacity, request?.AvailabilityZones], [2, ['b']]);
  });

  test('is never asked for more than its maximum', async () => {
    const { workers, requests } = scene(group({ DesiredCapacity: 9 }), launched('i-1'));
    await workers.grow({ ...asking, count: 16, zone: 0 });
    assert.equal((requests()[0] as { RequestedCapacity: number }).RequestedCapacity, 1);
  });

  test('at its maximum it is asked for nothing', async () => {
    const { workers, requests } = scene(group({ DesiredCapacity: 10 }));
    assert.deepEqual(await workers.grow({ ...asking, count: 1, zone: 0 }), { kind: 'full', max: 10 });
    assert.deepEqual(requests(), []);
  });

  test('a crowd that sees the same group sends the same request, so that one is launched', async () => {
    const tokens = await Promise.all(
      [1, 2, 3].map(async () => {
        const { workers, requests } = scene(group(), launched('i-1'));
        await workers.grow({ ...asking, count: 1, zone: 0 });
        return (requests()[0] as { ClientToken: string }).ClientToken;
      }),
    );
    assert.equal(new Set(tokens).size, 1);
  });

  test('one that is as large as it was before, with other instances or minutes later, is asked for more again', async () => {
    const token = async (id: string, now: number) => {
      const Instances = [{ AvailabilityZone: 'a', InstanceId: id, LifecycleState: 'Terminating' }];
      const { workers, requests, time } = scene(group({ Instances }), launched('i-9'));
      time.now = now;
      await workers.grow({ ...asking, count: 1, zone: 0 });
      return (requests()[0] as { ClientToken: string }).ClientToken;
    };
    const before = await token('i-1', 0);
    assert.equal(await token('i-1', 299_999), before);
    const why =
      'AWS would answer as it did then, and launch nothing: the launch gives up after its capacity-timeout';
    assert.notEqual(await token('i-2', 0), before, why);
    assert.notEqual(await token('i-1', 300_000), before, why);
  });

  test('a request without an answer is sent again as it was, though the group has grown by it', async () => {
    const lost = new AwsError('autoscaling:LaunchInstances', 'transient', 'TimeoutError', 'no answer');
    const { workers, requests } = scene(group(), lost, launched('i-1'));
    const answer = await workers.grow({ ...asking, count: 1, zone: 0 });
    assert.equal(answer.kind, 'unanswered');
    await workers.grow({
      ...asking,
      count: 2,
      zone: 1,
      pending: answer.kind === 'unanswered' ? answer.request : undefined,
    });
    assert.deepEqual(requests()[1], requests()[0]);
  });

  test('a zone that has none is said, and the next zone is taken', async () => {
    const none = {
      Instances: [],
      Errors: [{ ErrorCode: 'InsufficientInstanceCapacity', ErrorMessage: 'none in b' }],
    };
    const { workers, requests } = scene(group(), none, group(), launched('i-1'));
    assert.deepEqual(await workers.grow({ ...asking, count: 1, zone: 0 }), {
      kind: 'not-launched',
      why: 'InsufficientInstanceCapacity: none in b',
    });
    await workers.grow({ ...asking, count: 1, zone: 1 });
    assert.deepEqual((requests()[1] as { AvailabilityZones: string[] }).AvailabilityZones, ['a']);
  });

  test('one that is not there is told from one that does not answer', async () => {
    assert.deepEqual(await scene({ AutoScalingGroups: [] }).workers.grow({ ...asking, count: 1, zone: 0 }), {
      kind: 'no-group',
    });
    await assert.rejects(
      scene({}).workers.grow({ ...asking, count: 1, zone: 0 }),
      /without AutoScalingGroups/,
    );
  });
});

describe('instances that boot', () => {
  const members = (...ids: string[]) =>
    group({ Instances: ids.map((InstanceId) => ({ InstanceId, LifecycleState: 'InService' })) });
  const listed = (...arns: string[]) => ({ containerInstanceArns: arns });
  const launchedAt = (at: number, ...ids: string[]) => ({
    Reservations: [{ Instances: ids.map((InstanceId) => ({ InstanceId, LaunchTime: new Date(at) })) }],
  });
  const described = (...ids: string[]) => ({
    containerInstances: ids.map((ec2InstanceId) => ({ ec2InstanceId, status: 'ACTIVE' })),
  });
  const MINUTE = 60_000;

  test('are room that comes: nothing is launched beside them', async () => {
    const { workers, requests } = scene(
      members('i-1', 'i-2'),
      listed('a'),
      described('i-1'),
      launchedAt(0, 'i-2'),
    );
    assert.deepEqual(await workers.grow(asking), { kind: 'booting', count: 1 });
    assert.deepEqual(requests(), []);
  });

  test('are not asked about twice where all are registered', async () => {
    const { workers, calls } = scene(members('i-1', 'i-2'), listed('a', 'b'), launched('i-3'));
    assert.equal((await workers.grow(asking)).kind, 'launched');
    assert.deepEqual(calls[1], [
      'ecs:ListContainerInstances',
      { cluster: 'batch', filter: "ec2InstanceId in ['i-1', 'i-2']" },
    ]);
  });

  test('are broken after ten minutes: another one is launched', async () => {
    const { workers, time } = scene(
      ...[members('i-1'), listed(), launchedAt(0, 'i-1')],
      ...[members('i-1'), listed(), launchedAt(0, 'i-1'), launched('i-2')],
    );
    time.now = 10 * MINUTE - 1;
    assert.equal((await workers.grow(asking)).kind, 'booting');
    time.now = 10 * MINUTE;
    assert.equal((await workers.grow(asking)).kind, 'launched');
  });

  test('are as old as they have been seen, where EC2 does not say', async () => {
    const unknown = new AwsError('ec2:DescribeInstances', 'rejected', 'InvalidInstanceID.NotFound', 'no');
    const { workers, time } = scene(
      ...[members('i-1'), listed(), unknown],
      ...[members('i-1'), listed(), unknown, launched('i-2')],
    );
    assert.equal((await workers.grow(asking)).kind, 'booting');
    time.now = 10 * MINUTE;
    assert.equal((await workers.grow(asking)).kind, 'launched');
  });

  test('that the task would fill are for whoever has asked for them', async () => {
    const filled = { ...asking, leavesRoom: false };
    const others = scene(members('i-1'), listed(), launchedAt(0, 'i-1'), launched('i-2'));
    assert.equal((await others.workers.grow(filled)).kind, 'launched');
    const own = scene(members('i-1'), listed(), launchedAt(0, 'i-1'));
    assert.equal((await own.workers.grow({ ...filled, own: ['i-1'] })).kind, 'booting');
  });

  test('are not known where a policy forbids to ask, and the group grows all the same', async () => {
    const forbidden = new AwsError('ecs:ListContainerInstances', 'permission', 'AccessDeniedException', 'no');
    const { workers } = scene(members('i-1'), forbidden, launched('i-2'));
    assert.equal((await workers.grow(asking)).kind, 'launched');
  });
});

describe('a group that LaunchInstances does not take', () => {
  const mixed = (change: object = {}) =>
    group({
      MixedInstancesPolicy: { InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 50 } },
      Instances: [],
      ...change,
    });
  const raised = (calls: readonly (readonly [string, object, ...unknown[]])[]) =>
    calls.filter(([operation]) => operation === 'autoscaling:SetDesiredCapacity').map(([, input]) => input);

  for (const [what, change] of [
    ['launches both On-Demand and Spot', {}],
    ['has a launch configuration', { MixedInstancesPolicy: undefined, LaunchConfigurationName: 'old' }],
    ['has a warm pool', { MixedInstancesPolicy: undefined, WarmPoolConfiguration: {} }],
  ] as const) {
    test(`because it ${what}: its desired capacity is raised by one once it has been seen unchanged`, async () => {
      const { workers, calls, time } = scene(
        ...[mixed(change), mixed(change), mixed(change), {}, mixed({ ...change, DesiredCapacity: 3 })],
      );
      assert.deepEqual(await workers.grow({ ...asking, count: 8 }), { kind: 'watched', ms: 30_000 });
      time.now = 30_000;
      assert.deepEqual(await workers.grow({ ...asking, count: 8 }), { kind: 'launched', count: 1, ids: [] });
      assert.deepEqual(raised(calls), [{ AutoScalingGroupName: 'workers', DesiredCapacity: 3 }]);
    });
  }

  test('is watched anew when somebody else has changed it', async () => {
    const { workers, calls, time } = scene(mixed(), mixed({ DesiredCapacity: 4 }));
    await workers.grow(asking);
    time.now = 30_000;
    assert.deepEqual(await workers.grow(asking), { kind: 'watched', ms: 30_000 });
    assert.deepEqual(raised(calls), [], 'it would be lowered');
  });

  for (const [what, change, expected] of [
    ['more is wanted', { DesiredCapacity: 9 }, { kind: 'watched', ms: 30_000 }],
    ['its maximum is lower', { MaxSize: 2 }, { kind: 'full', max: 2 }],
  ] as const) {
    test(`is left alone where ${what} by the time that it is known what boots: instances with tasks would go`, async () => {
      const { workers, calls, time } = scene(mixed(), mixed(), mixed(change));
      await workers.grow(asking);
      time.now = 30_000;
      assert.deepEqual(await workers.grow(asking), expected);
      assert.deepEqual(raised(calls), []);
    });
  }

  test('is not said to launch where somebody else has set it in the same moment', async () => {
    const { workers, time } = scene(mixed(), mixed(), mixed(), {}, mixed({ DesiredCapacity: 2 }));
    await workers.grow(asking);
    time.now = 30_000;
    assert.equal((await workers.grow(asking)).kind, 'not-launched');
  });

  test('is told by its refusal too', async () => {
    const refusal = new AwsError(
      'autoscaling:LaunchInstances',
      'rejected',
      'ValidationError',
      'not supported',
    );
    const { workers } = scene(group({ Instances: [] }), refusal, group({ Instances: [] }));
    assert.equal((await workers.grow(asking)).kind, 'not-launched');
    assert.equal((await workers.grow(asking)).kind, 'watched');
  });

  test('one that launches Spot only is taken by LaunchInstances', async () => {
    const spot = { InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 0 } };
    const { workers } = scene(mixed({ MixedInstancesPolicy: spot }), launched('i-1'));
    assert.equal((await workers.grow(asking)).kind, 'launched');
  });
});

describe('what no instance of the group could hold', () => {
  const needs: Needs = {
    cpu: 4096,
    memory: 1024,
    gpu: 0,
    ports: [],
    constraints: [],
    networkInterfaces: 0,
    subnets: [],
  };
  const template = (data: object) => ({ LaunchTemplateVersions: [{ LaunchTemplateData: data }] });
  const types = (...all: (readonly [string, number, number, number?])[]) => ({
    InstanceTypes: all.map(([InstanceType, DefaultVCpus, SizeInMiB, Count]) => ({
      InstanceType,
      VCpuInfo: { DefaultVCpus },
      MemoryInfo: { SizeInMiB },
      ...(Count && { GpuInfo: { Gpus: [{ Count }] } }),
    })),
  });
  const own = group({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '$Latest' } });
  const large = template({ InstanceType: 'm6i.large' });
  const empty = { containerInstanceArns: [] };
  const measure = async (wanted: Partial<Needs>, ...answers: object[]) =>
    await scene(...answers).workers.measure({ ...needs, ...wanted }, undefined);

  test('is told by the type of its launch template', async () => {
    const fit = await measure({}, own, large, types(['m6i.large', 2, 8192]), empty);
    assert.deepEqual(fit, {
      kind: 'never',
      why: 'no instance of the group workers could ever hold it, nor one that is in the cluster: it needs 4096 CPU units, 1024 MiB, and m6i.large has 2048 CPU units, 8192 MiB',
    });
  });

  for (const [what, wanted, kind] of [
    ['as much CPU as it has', { cpu: 2048 }, 'fits'],
    ['a CPU unit more', { cpu: 2049 }, 'never'],
    ['as much memory as it has', { cpu: 0, memory: 8192 }, 'fits'],
    ['a MiB more', { cpu: 0, memory: 8193 }, 'never'],
    ['a GPU', { cpu: 0, gpu: 1 }, 'never'],
  ] as const) {
    test(`${what}: ${kind}`, async () => {
      const fit = await measure(wanted, own, large, types(['m6i.large', 2, 8192]), empty);
      assert.equal(fit.kind, kind);
    });
  }

  test('one like it beside it, or not: then what boots is room, or is not', async () => {
    for (const [wanted, leavesRoom] of [
      [{ cpu: 1024 }, true],
      [{ cpu: 1025 }, false],
      [{ cpu: 0, ports: [{ port: 80, protocol: 'tcp' }] }, false],
    ] as const) {
      const fit = await measure(wanted, own, large, types(['m6i.large', 2, 8192]));
      assert.deepEqual(fit, { kind: 'fits', leavesRoom, isTight: false });
    }
  });

  test('is told by all types of a mixed policy: one that is large enough will do', async () => {
    const mixed = group({
      MixedInstancesPolicy: {
        LaunchTemplate: { Overrides: [{ InstanceType: 'm6i.large' }, { InstanceType: 'm6i.xlarge' }] },
      },
    });
    const both = types(['m6i.large', 2, 8192], ['m6i.xlarge', 4, 16_384]);
    assert.equal((await measure({}, mixed, both)).kind, 'fits');
    assert.equal((await measure({ cpu: 4097 }, mixed, both, empty)).kind, 'never');
  });

  test('is told by the upper bounds of requirements, and not without them', async () => {
    const within = (Max?: number) =>
      template({ InstanceRequirements: { VCpuCount: { Min: 1, Max }, MemoryMiB: { Min: 1, Max: 8192 } } });
    assert.equal((await measure({}, own, within(2), empty)).kind, 'never');
    assert.equal((await measure({}, own, within(4))).kind, 'fits');
    assert.equal((await measure({}, own, within())).kind, 'unknown');
  });

  test('is not told of a launch configuration, nor of a template without a type', async () => {
    assert.equal((await measure({}, group({ LaunchConfigurationName: 'old' }))).kind, 'unknown');
    assert.equal((await measure({}, own, template({}))).kind, 'unknown');
  });

  test('is told by what an instance of the group has registered, where its type would just do', async () => {
    const registered = (ec2InstanceId: string, memory: number, type = 'm6i.large') => ({
      containerInstances: [
        {
          ec2InstanceId,
          status: 'ACTIVE',
          registeredResources: [
            { name: 'CPU', integerValue: 2048 },
            { name: 'MEMORY', integerValue: memory },
          ],
          attributes: [{ name: 'ecs.instance-type', value: type }],
        },
      ],
    });
    const withMember = group({
      Instances: [{ InstanceId: 'i-1' }],
      LaunchTemplate: { LaunchTemplateId: 'lt-1' },
    });
    const list = { containerInstanceArns: ['a'] };
    const fit = (memory: number, ...answers: object[]) =>
      measure({ cpu: 0, memory }, withMember, large, types(['m6i.large', 2, 8192]), ...answers);
    assert.deepEqual(await fit(8000, list, registered('i-1', 7764)), {
      kind: 'never',
      why: 'no instance of the group workers could ever hold it, nor one that is in the cluster: it needs 0 CPU units, 8000 MiB, and m6i.large has 2048 CPU units, 7764 MiB',
    });
    assert.deepEqual(await fit(7764, list, registered('i-1', 7764)), {
      kind: 'fits',
      leavesRoom: false,
      isTight: true,
    });
    assert.equal(
      (await fit(8000, list, registered('i-9', 7764))).kind,
      'fits',
      'another group may keep more',
    );
    assert.equal((await fit(8000, list, registered('i-1', 7764, 'm6i.xlarge'))).kind, 'fits');
    assert.equal((await fit(8000, { containerInstanceArns: [] })).kind, 'fits', 'none has registered yet');
    assert.equal((await fit(4096)).kind, 'fits', 'it need not ask');
  });

  test('a kind of instance that the cluster lacks: an instance of the group that was refused too tells it', async () => {
    const misfit = { reasons: ['ATTRIBUTE'], by: [{ arn: 'ours', reason: 'ATTRIBUTE' }] };
    const registered = (arn: string, ec2InstanceId: string) => ({
      containerInstances: [{ containerInstanceArn: arn, ec2InstanceId, status: 'ACTIVE' }],
    });
    const withMember = group({
      Instances: [{ InstanceId: 'i-1' }],
      LaunchTemplate: { LaunchTemplateId: 'lt-1' },
    });
    const list = { containerInstanceArns: ['a'] };
    const kindOf = async (...answers: object[]) =>
      (await scene(withMember, list, ...answers).workers.measure({ ...needs, cpu: 1024 }, misfit)).kind;
    assert.equal(await kindOf(registered('ours', 'i-1')), 'never');
    const type = [large, types(['m6i.large', 2, 8192])];
    assert.equal(
      await kindOf(registered('ours', 'i-9'), ...type),
      'fits',
      'one of the group may be another kind',
    );
    assert.equal(await kindOf(registered('came-since', 'i-1'), ...type), 'fits', 'it has not been tried yet');
  });

  test('is waited for where another instance of the cluster can hold it', async () => {
    const resources = [
      { name: 'CPU', integerValue: 8192 },
      { name: 'MEMORY', integerValue: 30_000 },
    ];
    const registered = (status: string) => ({
      containerInstances: [{ ec2InstanceId: 'i-9', status, registeredResources: resources }],
    });
    const list = { containerInstanceArns: ['a'] };
    const type = types(['m6i.large', 2, 8192]);
    assert.equal((await measure({}, own, large, type, list, registered('ACTIVE'))).kind, 'unknown');
    assert.equal((await measure({}, own, large, type, list, registered('DRAINING'))).kind, 'never');
  });
});

describe('a group for a task with subnets', () => {
  const needs: Needs = {
    cpu: 1024,
    memory: 1024,
    gpu: 0,
    ports: [],
    constraints: [],
    networkInterfaces: 1,
    subnets: ['subnet-1', 'subnet-2'],
  };
  const zones = (...names: string[]) => ({
    Subnets: names.map((AvailabilityZone) => ({ AvailabilityZone })),
  });
  const member = (id: string, zone: string) => ({
    InstanceId: id,
    AvailabilityZone: zone,
    LifecycleState: 'InService',
  });
  const refusal = new AwsError('ec2:DescribeSubnets', 'permission', 'UnauthorizedOperation', 'no');
  const growing: GrowRequest = { ...asking, subnets: needs.subnets };
  const template = { LaunchTemplate: { LaunchTemplateId: 'lt-1' } };
  const type = (most: number) => ({
    InstanceTypes: [
      {
        InstanceType: 'm6i.large',
        VCpuInfo: { DefaultVCpus: 2 },
        MemoryInfo: { SizeInMiB: 8192 },
        NetworkInfo: { MaximumNetworkInterfaces: most },
      },
    ],
  });
  const large = { LaunchTemplateVersions: [{ LaunchTemplateData: { InstanceType: 'm6i.large' } }] };
  const empty = { containerInstanceArns: [] };

  test('launches in their zones, also where another zone has fewer instances', async () => {
    const { workers, requests } = scene(group(), zones('a', 'a'), launched('i-1'));
    await workers.grow(growing);
    assert.deepEqual((requests()[0] as { AvailabilityZones: string[] }).AvailabilityZones, ['a']);
  });

  test('launches in any of its zones where it may not ask for theirs', async () => {
    const { workers, requests } = scene(group(), refusal, launched('i-1'));
    await workers.grow(growing);
    assert.deepEqual((requests()[0] as { AvailabilityZones: string[] }).AvailabilityZones, ['b']);
  });

  test('what boots in another zone is no room', async () => {
    const { workers } = scene(group({ Instances: [member('i-1', 'b')] }), zones('a', 'a'), launched('i-2'));
    assert.equal((await workers.grow(growing)).kind, 'launched');
  });

  test('without an instance in their zones ever: said at once', async () => {
    const { workers } = scene(group(template), zones('c', 'c'), empty);
    assert.deepEqual(await workers.measure(needs, undefined), {
      kind: 'never',
      why: 'the group workers launches instances in a, b, and the subnets are in c',
    });
    assert.equal((await scene(group(), zones('c', 'c')).workers.grow(growing)).kind, 'not-launched');
  });

  for (const [what, own, subnets, reason, kind] of [
    ['in another zone than the subnets', {}, zones('a', 'a'), 'LOCATION', 'fits'],
    ['in the zone of the subnets, which are of another VPC', {}, zones('b', 'b'), 'LOCATION', 'never'],
    ['where their zones are not known', {}, refusal, 'LOCATION', 'fits'],
    ['in its only zone', { AvailabilityZones: ['b'] }, refusal, 'LOCATION', 'never'],
    ['for what it is', {}, zones('a', 'a'), 'ATTRIBUTE', 'never'],
  ] as const) {
    test(`its instance has refused the task, ${what}: ${kind}`, async () => {
      const registered = {
        containerInstances: [
          {
            containerInstanceArn: 'ours',
            ec2InstanceId: 'i-1',
            status: 'ACTIVE',
            attributes: [{ name: 'ecs.availability-zone', value: 'b' }],
          },
        ],
      };
      const looked = [{ containerInstanceArns: ['ours'] }, registered];
      const members = { Instances: [member('i-1', 'b')], ...template, ...own };
      const { workers } = scene(group(members), subnets, ...looked, large, type(3));
      const misfit = { reasons: [reason], by: [{ arn: 'ours', reason }] };
      assert.equal((await workers.measure(needs, misfit)).kind, kind);
    });
  }

  for (const [most, expected] of [
    [1, 'never'],
    [2, 'fits, and fills it'],
    [3, 'fits, and leaves room'],
  ] as const) {
    test(`an instance with ${most} network interfaces, of which one is its own: ${expected}`, async () => {
      const answers = [group(template), zones('a', 'a'), large, type(most), empty];
      const fit = await scene(...answers).workers.measure(needs, undefined);
      const beside = fit.kind === 'fits' ? `, and ${fit.leavesRoom ? 'leaves room' : 'fills it'}` : '';
      assert.equal(`${fit.kind}${beside}`, expected);
      if (fit.kind === 'never') assert.match(fit.why, /m6i\.large has .*, 0 network interfaces for tasks$/);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../../src/aws/call.ts';
import type { Operations } from '../../../../src/scaler/aws/operations.ts';
import type { ContainerInstance, FreshInstance } from '../../../../src/scaler/plan/model.ts';
import { readFresh } from '../../../../src/scaler/turn/fresh.ts';
import { cluster, jobs } from '../plan/clusters.ts';

const SIZES: Readonly<Record<string, number>> = { small: 2, large: 8 };

/** What a new instance is taken to have, in a group whose instances have these types, the last one last. */
async function fresh(
  registered: readonly string[],
  {
    template,
    mixed,
    jobCpu,
    before,
  }: { template?: string; mixed?: readonly string[]; jobCpu?: number; before?: FreshInstance },
) {
  const asked: string[] = [];
  const call = (async (operation: string, input: { InstanceTypes?: string[] }) => {
    asked.push(operation);
    return operation === 'ec2:DescribeLaunchTemplateVersions'
      ? { LaunchTemplateVersions: [{ LaunchTemplateData: { InstanceType: template } }] }
      : {
          InstanceTypes: (input.InstanceTypes ?? []).map((type) => ({
            VCpuInfo: { DefaultVCpus: SIZES[type] },
            MemoryInfo: { SizeInMiB: 16_384 },
          })),
        };
  }) as unknown as Caller<Operations>;
  const ids = registered.map((_, index) => `i-${index}`);
  const { group, containerInstances } = cluster(Object.fromEntries(ids.map((id) => [id, {}])));
  const source = {
    template: { LaunchTemplateId: 'lt-1' },
    version: '1',
    types: mixed ?? [],
    mixes: mixed !== undefined,
  };
  const found = await readFresh(
    call,
    { ...group, source, countedIn: undefined },
    containerInstances.map((one, index): ContainerInstance => {
      const instanceType = registered[index] ?? '';
      const cpu = (SIZES[instanceType] ?? 0) * 1_024;
      const attributes = { ...one.attributes, 'ecs.instance-type': instanceType, pool: 'batch' };
      return { ...one, instanceType, attributes, registeredAt: index, total: { ...one.total, cpu } };
    }),
    [],
    { services: [], groups: new Set<string>(), deployments: new Set(), warnings: [] },
    jobCpu === undefined ? [] : jobs(1).map((job) => ({ ...job, cpu: jobCpu })),
    before,
  );
  return { ...found, cpu: found.fresh?.total.cpu, asked };
}

describe('what a new instance has is', () => {
  test('what the last one has, and nothing more is asked', async () => {
    const { cpu, asked } = await fresh(['large', 'small'], { template: 'small', jobCpu: 2_048 });
    assert.equal(cpu, 2_048);
    assert.deepEqual(asked, []);
  });

  test('what the template says, once its type was changed because jobs are too large for the last one', async () => {
    const { cpu } = await fresh(['small'], { template: 'large', jobCpu: 4_096 });
    assert.equal(cpu, 8_192, 'the jobs wait for ever, though a new instance would take them');
  });

  test('what the last one has, where the template still names its type', async () => {
    const found = await fresh(['small'], { template: 'small', jobCpu: 4_096 });
    assert.equal(found.cpu, 2_048);
    assert.notEqual(found.fresh?.isGuess, true);
  });

  for (const [name, registered] of [
    ['the large one came last', ['small', 'large']],
    ['the small one came last', ['large', 'small']],
    ['no small one is there now', ['large']],
    ['none is there now', []],
  ] as const)
    test(`the least of the types that the group mixes, when ${name}`, async () => {
      const { cpu } = await fresh(registered, { mixed: ['small', 'large'], jobCpu: 4_096 });
      assert.equal(
        cpu,
        2_048,
        'instances are launched for a job and removed again, in turns, as small ones come',
      );
    });

  test('of the attributes those that all types have alike', async () => {
    const found = await fresh(['small', 'large'], { mixed: ['small', 'large'] });
    assert.deepEqual(found.fresh?.attributes, { pool: 'batch' });
    assert.ok(found.fresh.varies, 'a constraint on the others would be taken to hold never, or always');
  });

  test('not with ports that each host keeps for itself', async () => {
    const found = await fresh([], { template: 'small', jobCpu: 1_024 });
    assert.ok(
      found.fresh?.portsInUse.includes('22/tcp'),
      'an instance is launched for a job that it never takes',
    );
  });
});

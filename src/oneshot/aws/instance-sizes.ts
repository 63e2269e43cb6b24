import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as Ec2 from '@aws-sdk/client-ec2';
import type { Caller } from '../../aws/call.ts';
import type { Operations } from './operations.ts';

/** CPU units, MiB, GPUs, and network interfaces for tasks: the first one is the instance's own. */
export type Size = {
  readonly cpu: number;
  readonly memory: number;
  readonly gpu: number;
  /** Without ENI trunking, which only adds to them; Infinity where it is not known. */
  readonly networkInterfaces: number;
};

/** The most that an instance can have, and what kind of instance that is, in words. */
export type NamedSize = Size & { readonly name: string };

const UNITS_PER_VCPU = 1024;

/**
 * The most that each kind of instance which a group launches can have; undefined where that cannot be told: a launch
 * configuration, or requirements without an upper bound. What the operating system and the ECS agent keep for
 * themselves is not taken off: that is known of those that have registered. Rejects with an `AwsError`.
 */
export async function readInstanceSizes(
  call: Caller<Operations>,
  group: AutoScaling.AutoScalingGroup,
): Promise<readonly NamedSize[] | undefined> {
  const mixed = group.MixedInstancesPolicy?.LaunchTemplate;
  const overrides = mixed?.Overrides ?? [];
  const types = overrides.flatMap(({ InstanceType }) => InstanceType ?? []);
  const requirements = overrides.flatMap(({ InstanceRequirements }) => InstanceRequirements ?? []);
  const templates = [
    // An override may have a template of its own, and without a type it takes that of its template.
    ...(overrides.length === 0
      ? [group.LaunchTemplate ?? mixed?.LaunchTemplateSpecification]
      : overrides
          .filter(({ InstanceType, InstanceRequirements }) => !InstanceType && !InstanceRequirements)
          .map((one) => one.LaunchTemplateSpecification ?? mixed?.LaunchTemplateSpecification)),
  ];
  const bounded: (NamedSize | undefined)[] = requirements.map(mostOf);
  for (const template of templates) {
    const data = template && (await readTemplate(call, template));
    if (data?.InstanceType) types.push(data.InstanceType);
    else bounded.push(data?.InstanceRequirements && mostOf(data.InstanceRequirements));
  }
  if (bounded.includes(undefined)) return undefined;
  const named = types.length > 0 ? await readTypes(call, [...new Set(types)]) : [];
  return named && [...named, ...bounded.filter((one) => one !== undefined)];
}

async function readTemplate(
  call: Caller<Operations>,
  template: AutoScaling.LaunchTemplateSpecification,
): Promise<Ec2.ResponseLaunchTemplateData | undefined> {
  const { LaunchTemplateId, LaunchTemplateName, Version = '$Default' } = template;
  const { LaunchTemplateVersions: versions } = await call('ec2:DescribeLaunchTemplateVersions', {
    ...(LaunchTemplateId ? { LaunchTemplateId } : { LaunchTemplateName }),
    Versions: [Version],
  });
  return versions?.[0]?.LaunchTemplateData;
}

async function readTypes(
  call: Caller<Operations>,
  types: readonly string[],
): Promise<readonly NamedSize[] | undefined> {
  const { InstanceTypes: found = [] } = await call('ec2:DescribeInstanceTypes', {
    InstanceTypes: types as Ec2._InstanceType[],
  });
  const sizes = types.map((type) => {
    const one = found.find(({ InstanceType }) => InstanceType === type);
    const vCpus = one?.VCpuInfo?.DefaultVCpus;
    const memory = one?.MemoryInfo?.SizeInMiB;
    if (vCpus === undefined || memory === undefined) return undefined;
    const gpu = (one?.GpuInfo?.Gpus ?? []).reduce((sum, { Count = 0 }) => sum + Count, 0);
    return {
      name: type,
      cpu: vCpus * UNITS_PER_VCPU,
      memory,
      gpu,
      networkInterfaces: forTasks(one?.NetworkInfo?.MaximumNetworkInterfaces),
    };
  });
  return sizes.every((one) => one !== undefined) ? sizes : undefined;
}

/** Attribute-based selection: any type within these bounds. */
function mostOf({
  VCpuCount,
  MemoryMiB,
  AcceleratorCount,
  NetworkInterfaceCount,
}: AutoScaling.InstanceRequirements | Ec2.InstanceRequirements): NamedSize | undefined {
  const vCpus = VCpuCount?.Max;
  const memory = MemoryMiB?.Max;
  if (vCpus === undefined || memory === undefined) return undefined;
  return {
    name: `an instance by its requirements`,
    cpu: vCpus * UNITS_PER_VCPU,
    memory,
    gpu: AcceleratorCount?.Max ?? (AcceleratorCount ? Number.POSITIVE_INFINITY : 0),
    networkInterfaces: forTasks(NetworkInterfaceCount?.Max),
  };
}

const forTasks = (most = Number.POSITIVE_INFINITY): number => most - 1;

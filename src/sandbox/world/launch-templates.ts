import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import type * as Ec2 from '@aws-sdk/client-ec2';
import { dateAt } from '../../base/clock.ts';
import { serviceError } from './errors.ts';
import { nextHex } from './ids.ts';
import type { Handlers } from './operations.ts';
import type { InstanceType, LaunchSpec, LaunchTemplate, WorldState } from './state.ts';

/** The calls of the EC2 API about what is launched. */
export const launchTemplates = {
  'ec2:CreateLaunchTemplate': (world, { LaunchTemplateName: name, LaunchTemplateData: data }) => {
    if (!name || !data)
      throw serviceError(
        'MissingParameter',
        'The request must contain LaunchTemplateName and LaunchTemplateData.',
      );
    if ([...world.launchTemplates.values()].some((one) => one.name === name))
      throw serviceError(
        'InvalidLaunchTemplateName.AlreadyExistsException',
        'Launch template name already in use.',
      );
    const template = addLaunchTemplate(world, name, [readData(data)]);
    return {
      LaunchTemplate: {
        LaunchTemplateId: template.id,
        LaunchTemplateName: name,
        CreateTime: dateAt(world.now),
        DefaultVersionNumber: 1,
        LatestVersionNumber: 1,
      },
    };
  },
  'ec2:DescribeLaunchTemplateVersions': (world, input) => {
    const template = templateNamed(world, input.LaunchTemplateId, input.LaunchTemplateName);
    const asked = input.Versions?.length
      ? input.Versions
      : template.versions.map((_, index) => String(index + 1));
    return {
      LaunchTemplateVersions: asked.map((version) => {
        const number = versionNumber(template, version);
        const data = template.versions[number - 1];
        if (!data)
          throw serviceError(
            'InvalidLaunchTemplateId.VersionNotFound',
            `Could not find launch template version ${version}.`,
          );
        return {
          LaunchTemplateId: template.id,
          LaunchTemplateName: template.name,
          VersionNumber: number,
          DefaultVersion: number === template.defaultVersion,
          LaunchTemplateData: showData(data),
        };
      }),
    };
  },
  'ec2:DescribeInstanceTypes': (world, { InstanceTypes: names = [] }) => {
    if (names.length > 100)
      throw serviceError('InvalidParameterValue', 'The maximum number of instance types is 100.');
    const unknown = names.filter((name) => !world.instanceTypes.has(name));
    if (unknown.length > 0)
      throw serviceError(
        'InvalidInstanceType',
        `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
      );
    const chosen = names.length > 0 ? new Set<string>(names) : world.instanceTypes.keys();
    return {
      InstanceTypes: [...chosen].map((name) => {
        const {
          vCpus,
          memory,
          gpus,
          networkInterfaces = MOST_INTERFACES,
        } = world.instanceTypes.get(name) as InstanceType;
        return {
          InstanceType: name as Ec2._InstanceType,
          VCpuInfo: { DefaultVCpus: vCpus },
          MemoryInfo: { SizeInMiB: memory },
          NetworkInfo: { MaximumNetworkInterfaces: networkInterfaces },
          ...(gpus > 0 && { GpuInfo: { Gpus: [{ Name: 'A10G', Manufacturer: 'NVIDIA', Count: gpus }] } }),
        };
      }),
    };
  },
} satisfies Handlers<'ec2'>;

/** What most types of the size `large` can have. */
export const MOST_INTERFACES = 3;

/** Some that EC2 has; a test adds others. Memory is in MiB. */
export const instanceTypes: ReadonlyMap<string, InstanceType> = new Map([
  ['t3.micro', { vCpus: 2, memory: 1024, gpus: 0, networkInterfaces: 2 }],
  ['c5.large', { vCpus: 2, memory: 4096, gpus: 0 }],
  ['m6i.large', { vCpus: 2, memory: 8192, gpus: 0 }],
  ['m6i.xlarge', { vCpus: 4, memory: 16_384, gpus: 0, networkInterfaces: 4 }],
  ['r6i.large', { vCpus: 2, memory: 16_384, gpus: 0 }],
  ['g5.xlarge', { vCpus: 4, memory: 16_384, gpus: 1, networkInterfaces: 4 }],
]);

export function addLaunchTemplate(
  world: WorldState,
  name: string,
  versions: LaunchTemplate['versions'],
): LaunchTemplate {
  const template = { id: `lt-${nextHex(world, 17)}`, name, versions, defaultVersion: 1 };
  world.launchTemplates.set(template.id, template);
  return template;
}

export function templateNamed(
  world: WorldState,
  id: string | undefined,
  name: string | undefined,
): LaunchTemplate {
  const found = [...world.launchTemplates.values()].find((one) => one.id === id || one.name === name);
  if (found) return found;
  if (id !== undefined)
    throw serviceError(
      'InvalidLaunchTemplateId.NotFound',
      `The specified launch template ${id} does not exist.`,
    );
  throw serviceError(
    'InvalidLaunchTemplateName.NotFoundException',
    `The specified launch template, with template name ${name}, does not exist.`,
  );
}

/** How DescribeAutoScalingGroups shows what a group launches. */
export function describeSpec(world: WorldState, spec: LaunchSpec): Partial<AutoScaling.AutoScalingGroup> {
  if (spec.kind === 'configuration') return { LaunchConfigurationName: spec.name };
  const template = {
    LaunchTemplateId: spec.templateId,
    LaunchTemplateName: world.launchTemplates.get(spec.templateId)?.name,
    Version: spec.version,
  };
  if (spec.kind === 'template') return { LaunchTemplate: template };
  return {
    MixedInstancesPolicy: {
      LaunchTemplate: {
        LaunchTemplateSpecification: template,
        Overrides: spec.types.map((InstanceType) => ({ InstanceType })),
      },
      InstancesDistribution: {
        OnDemandAllocationStrategy: 'prioritized',
        OnDemandBaseCapacity: spec.onDemandBase,
        OnDemandPercentageAboveBaseCapacity: spec.onDemandPercent,
        SpotAllocationStrategy: 'price-capacity-optimized',
      },
    },
  };
}

/** What CreateAutoScalingGroup says is to be launched. */
export function readSpec(
  world: WorldState,
  input: AutoScaling.CreateAutoScalingGroupCommandInput,
): LaunchSpec | undefined {
  const { LaunchTemplate: own, MixedInstancesPolicy: mixed, LaunchConfigurationName: name } = input;
  if (name) return { kind: 'configuration', name };
  const given = own ?? mixed?.LaunchTemplate?.LaunchTemplateSpecification;
  if (!given) return undefined;
  const templateId = templateNamed(world, given.LaunchTemplateId, given.LaunchTemplateName).id;
  const version = given.Version ?? '$Default';
  if (own) return { kind: 'template', templateId, version };
  const { InstancesDistribution: distribution, LaunchTemplate: template } = mixed ?? {};
  return {
    kind: 'mixed',
    templateId,
    version,
    types: (template?.Overrides ?? []).flatMap(({ InstanceType }) => InstanceType ?? []),
    onDemandBase: distribution?.OnDemandBaseCapacity ?? 0,
    onDemandPercent: distribution?.OnDemandPercentageAboveBaseCapacity ?? 100,
  };
}

/** Whether LaunchInstances takes the group: it needs a launch template, and one kind of purchase. */
export function takesLaunchInstances(spec: LaunchSpec): boolean {
  if (spec.kind !== 'mixed') return spec.kind === 'template';
  const { onDemandBase, onDemandPercent } = spec;
  return onDemandPercent === 100 || (onDemandPercent === 0 && onDemandBase === 0);
}

function versionNumber(template: LaunchTemplate, version: string): number {
  if (version === '$Latest') return template.versions.length;
  return version === '$Default' ? template.defaultVersion : Number(version);
}

type Data = LaunchTemplate['versions'][number];

function readData({ InstanceType, InstanceRequirements }: Ec2.RequestLaunchTemplateData): Data {
  const range = (given: { Min?: number | undefined; Max?: number | undefined } | undefined) => ({
    least: Number(given?.Min ?? 0),
    most: given?.Max === undefined ? undefined : Number(given.Max),
  });
  if (!InstanceRequirements) return { instanceType: InstanceType, requirements: undefined };
  const { VCpuCount, MemoryMiB } = InstanceRequirements;
  return { instanceType: undefined, requirements: { vCpus: range(VCpuCount), memory: range(MemoryMiB) } };
}

function showData({ instanceType, requirements }: Data): Ec2.ResponseLaunchTemplateData {
  const range = ({ least, most }: { least: number; most: number | undefined }) => ({
    Min: least,
    ...(most !== undefined && { Max: most }),
  });
  return {
    ...(instanceType !== undefined && { InstanceType: instanceType as Ec2._InstanceType }),
    ...(requirements && {
      InstanceRequirements: { VCpuCount: range(requirements.vCpus), MemoryMiB: range(requirements.memory) },
    }),
  };
}

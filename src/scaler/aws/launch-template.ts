import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { Caller } from '../../aws/call.ts';
import type { FreshInstance } from '../plan/model.ts';
import { interfacesForTasks } from './network-interfaces.ts';
import type { Operations } from './operations.ts';
import { incomplete } from './whole.ts';

/** From what the group launches its instances; undefined without a launch template, or where it names no types. */
export type LaunchSource = {
  readonly template: { readonly LaunchTemplateId: string } | { readonly LaunchTemplateName: string };
  readonly version: string;
  /** Those of a mixed instances policy, in place of the template's own. */
  readonly types: readonly string[];
  /** Whether its instances may be of several types: of these, or of any that satisfy its requirements. */
  readonly mixes: boolean;
};

export function launchSourceOf({
  LaunchTemplate: own,
  MixedInstancesPolicy: mixed,
}: AutoScalingGroup): LaunchSource | undefined {
  const { LaunchTemplateSpecification: specified, Overrides: overrides = [] } = mixed?.LaunchTemplate ?? {};
  const template = own ?? specified;
  const { LaunchTemplateId: id, LaunchTemplateName: name } = template ?? {};
  if (id === undefined && name === undefined) return undefined;
  return {
    template: id === undefined ? { LaunchTemplateName: name ?? '' } : { LaunchTemplateId: id },
    version: template?.Version ?? '$Default',
    types: [...new Set(overrides.flatMap(({ InstanceType }) => InstanceType ?? []))],
    mixes: overrides.length > 1 || overrides.some(({ InstanceRequirements }) => InstanceRequirements),
  };
}

/**
 * What an instance of the group will have as a rule, by its type: for a group that has none yet. Of several types the least of
 * each. Rejects with an `AwsError`; undefined where the template names no type.
 */
export async function guessFresh(
  call: Caller<Operations>,
  source: LaunchSource,
): Promise<FreshInstance | undefined> {
  const types = source.types.length > 0 ? source.types : await typeOfTemplate(call, source);
  if (types.length === 0) return undefined;
  const operation = 'ec2:DescribeInstanceTypes';
  const { InstanceTypes: found } = await call(operation, { InstanceTypes: [...types] as never });
  if (!found?.length) throw incomplete(operation, `it says nothing of ${types.join(', ')}`);
  const least = (of: (one: InstanceTypeInfo) => number) => Math.min(...found.map(of));
  return {
    instanceType: types.join(', '),
    total: {
      cpu: least(({ VCpuInfo }) => (VCpuInfo?.DefaultVCpus ?? 0) * 1_024),
      memory: Math.floor(least(({ MemoryInfo }) => MemoryInfo?.SizeInMiB ?? 0) * REGISTERED_SHARE),
      gpu: least(({ GpuInfo }) => (GpuInfo?.Gpus ?? []).reduce((sum, { Count = 0 }) => sum + Count, 0)),
      networkInterfaces: least(({ NetworkInfo }) =>
        interfacesForTasks(NetworkInfo?.MaximumNetworkInterfaces),
      ),
    },
    portsInUse: [],
    attributes: types.length === 1 ? { 'ecs.instance-type': types[0] ?? '' } : {},
    isGuess: true,
  };
}

/** The kernel keeps some of an instance's memory: an m5.large of 8,192 MiB registers about 7,800. */
const REGISTERED_SHARE = 0.95;

async function typeOfTemplate(
  call: Caller<Operations>,
  { template, version }: LaunchSource,
): Promise<readonly string[]> {
  const operation = 'ec2:DescribeLaunchTemplateVersions';
  const answer = await call(operation, { ...template, Versions: [version] });
  const [found] = answer.LaunchTemplateVersions ?? [];
  if (!found) throw incomplete(operation, 'it has no version');
  return found.LaunchTemplateData?.InstanceType === undefined ? [] : [found.LaunchTemplateData.InstanceType];
}

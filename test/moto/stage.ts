import * as AutoScaling from '@aws-sdk/client-auto-scaling';
import * as Ec2 from '@aws-sdk/client-ec2';
import * as Ecs from '@aws-sdk/client-ecs';
import type { Clock } from '../../src/base/clock.ts';
import { createFleet, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';

/** Where both begin, and by which names they call what the script calls `$a` and `$b`. */
export type Stage = { readonly url: string; readonly names: Map<string, string> };

const region = 'eu-west-1';

/** The cluster, the group and the two instances in moto, made by its APIs. */
export async function setUpMoto(url: string): Promise<Stage> {
  const config = { endpoint: url, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const ecs = new Ecs.ECS(config);
  const ec2 = new Ec2.EC2(config);
  const autoScaling = new AutoScaling.AutoScaling(config);
  try {
    // Else a task moves on at every look at it.
    await fetch(`${url}/moto-api/state-manager/set-transition`, {
      method: 'POST',
      body: JSON.stringify({
        model_name: 'ecs::task',
        transition: { progression: 'time', seconds: 1_000_000 },
      }),
    });
    const images = await ec2.describeImages({ Owners: ['amazon'] });
    const { Instances } = await ec2.runInstances({
      ImageId: images.Images?.[0]?.ImageId,
      InstanceType: 'm6i.large',
      MinCount: 2,
      MaxCount: 2,
      Placement: { AvailabilityZone: `${region}a` },
      MetadataOptions: {
        HttpTokens: 'required',
        HttpPutResponseHopLimit: 2,
        InstanceMetadataTags: 'enabled',
      },
    });
    const [a = '', b = ''] = (Instances ?? []).map(({ InstanceId }) => InstanceId ?? '');
    await ecs.createCluster({ clusterName: 'web' });
    const names = new Map([
      ['$a', a],
      ['$b', b],
    ]);
    for (const [name, id] of [
      ['$ciA', a],
      ['$ciB', b],
    ] as const) {
      const { containerInstance } = await ecs.registerContainerInstance({
        cluster: 'web',
        instanceIdentityDocument: JSON.stringify({ instanceId: id }),
      });
      names.set(name, containerInstance?.containerInstanceArn ?? '');
    }
    await autoScaling.createLaunchConfiguration({
      LaunchConfigurationName: 'web',
      ImageId: images.Images?.[0]?.ImageId,
      InstanceType: 'm6i.large',
    });
    await autoScaling.createAutoScalingGroup({
      AutoScalingGroupName: 'web-asg',
      LaunchConfigurationName: 'web',
      MinSize: 0,
      MaxSize: 10,
      DesiredCapacity: 0,
      AvailabilityZones: [`${region}a`],
    });
    await autoScaling.attachInstances({ AutoScalingGroupName: 'web-asg', InstanceIds: [a, b] });
    return { url, names };
  } finally {
    for (const client of [ecs, ec2, autoScaling]) client.destroy();
  }
}

/** The same in the sandbox. */
export async function setUpSandbox(clock: Clock): Promise<{ stage: Stage; sandbox: Sandbox }> {
  const fleet = createFleet({
    clock,
    accountId: '123456789012',
    hooks: [],
    groupOptions: { maxSize: 10 },
    timings: { provisioning: 0, pending: 0, activating: 0 },
  });
  const [a, b] = [0, 1].map(() => fleet.addInstance({ cpu: 4096, memory: 7482 }));
  const sandbox = await startSandbox(fleet, { clock });
  const names = new Map<string, string>();
  for (const [name, machine] of [
    ['A', a],
    ['B', b],
  ] as const) {
    names.set(`$${name.toLowerCase()}`, machine?.id ?? '');
    names.set(`$ci${name}`, machine?.ecsAgent.containerInstance?.arn ?? '');
  }
  return { stage: { url: sandbox.apiUrl, names }, sandbox };
}

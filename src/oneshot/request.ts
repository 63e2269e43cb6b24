import type * as Ecs from '@aws-sdk/client-ecs';
import type { KeyNames } from './keys.ts';
import type { Network, Parameters } from './launch/model.ts';

export type Placement = 'binpack' | 'spread' | 'random';

export type RequestOptions = {
  readonly asked: Parameters;
  readonly key: KeyNames;
  readonly placement: Placement;
  readonly capacityProvider: string | undefined;
};

/** What RunTask is asked for. The same for each attempt, but for the client token. */
export function runTaskRequest(
  { asked, key, placement, capacityProvider }: RequestOptions,
  container: string,
  attempt: number,
): Omit<Ecs.RunTaskCommandInput, 'cluster'> {
  const { taskDefinition, command, environment, cpu, memory, taskRole, network } = asked;
  const pairs = Object.entries(environment).map(([name, value]) => ({ name, value }));
  const own: Ecs.ContainerOverride = {
    ...(command && { command: [...command] }),
    ...(pairs.length > 0 && { environment: pairs }),
    ...(cpu !== undefined && { cpu }),
    ...(memory !== undefined && { memory }),
  };
  const overrides: Ecs.TaskOverride = {
    ...(Object.keys(own).length > 0 && { containerOverrides: [{ name: container, ...own }] }),
    ...(taskRole !== undefined && { taskRoleArn: taskRole }),
  };
  return {
    taskDefinition,
    count: 1,
    startedBy: key.startedBy,
    clientToken: key.clientToken(attempt),
    placementStrategy: strategies[placement],
    ...(capacityProvider !== undefined && {
      capacityProviderStrategy: [{ capacityProvider, weight: 1 }],
    }),
    ...(network && { networkConfiguration: { awsvpcConfiguration: vpcConfiguration(network) } }),
    ...(Object.keys(overrides).length > 0 && { overrides }),
  };
}

const vpcConfiguration = ({ subnets, securityGroups }: Network): Ecs.AwsVpcConfiguration => ({
  subnets: [...subnets],
  ...(securityGroups.length > 0 && { securityGroups: [...securityGroups] }),
});

/** Two jobs beside each other leave whole instances empty, which can go. */
const strategies: Readonly<Record<Placement, Ecs.PlacementStrategy[]>> = {
  binpack: [
    { type: 'binpack', field: 'memory' },
    { type: 'binpack', field: 'cpu' },
  ],
  spread: [
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'spread', field: 'instanceId' },
  ],
  random: [{ type: 'random' }],
};

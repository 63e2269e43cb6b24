import type { Caller } from '../../aws/call.ts';
import type { CapacityProvider } from '../plan/model.ts';
import type { Operations } from './operations.ts';
import { incomplete, readAll } from './whole.ts';

export type ClusterView =
  | { readonly kind: 'no-cluster' }
  | { readonly kind: 'found'; readonly capacityProviders: readonly CapacityProvider[] };

/** The capacity providers of the cluster that are this group's. Rejects with an `AwsError`. */
export async function readCapacityProviders(
  call: Caller<Operations>,
  cluster: string,
  group: string,
): Promise<ClusterView> {
  const { clusters, failures } = await call('ecs:DescribeClusters', { clusters: [cluster] });
  const own = clusters?.[0];
  if (!own && failures?.some(({ reason }) => reason === 'MISSING')) return { kind: 'no-cluster' };
  if (!own) throw incomplete('ecs:DescribeClusters', `it says nothing of ${cluster}`);
  if (own.status === 'INACTIVE') return { kind: 'no-cluster' };
  const names = (own.capacityProviders ?? []).filter((name) => !name.startsWith('FARGATE'));
  if (names.length === 0) return { kind: 'found', capacityProviders: [] };
  const operation = 'ecs:DescribeCapacityProviders';
  const gone: string[] = [];
  const found = await readAll(operation, 'capacityProviders', async (nextToken) => {
    const answer = await call(operation, { capacityProviders: [...names], nextToken });
    for (const { arn = '', reason } of answer.failures ?? [])
      if (reason === 'MISSING') gone.push(arn.slice(arn.lastIndexOf('/') + 1));
    return { items: answer.capacityProviders, nextToken: answer.nextToken };
  });
  const unsaid = names.find((one) => !gone.includes(one) && !found.some(({ name }) => name === one));
  // It may be the one by which ECS sizes the group.
  if (unsaid !== undefined) throw incomplete(operation, `it says nothing of ${unsaid}`);
  return {
    kind: 'found',
    capacityProviders: found.flatMap(({ name = '', autoScalingGroupProvider: provider }) => {
      const groupName = provider?.autoScalingGroupArn?.split('autoScalingGroupName/')[1];
      if (!provider || (groupName ?? provider.autoScalingGroupArn) !== group) return [];
      return [{ name, managesScaling: provider.managedScaling?.status === 'ENABLED' }];
    }),
  };
}

import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import type { Constraint, Needs } from '../plan/model.ts';
import type { Operations } from './operations.ts';
import { incomplete } from './whole.ts';

/** Reads what a task of a definition takes. A revision never changes: each is read once. Rejects with an `AwsError`. */
export type DefinitionReader = (arn: string) => Promise<Needs>;

export function createDefinitionReader(call: Caller<Operations>): DefinitionReader {
  const known = new Map<string, Needs>();
  return async (arn) => {
    const found = known.get(arn) ?? (await read(call, arn));
    known.set(arn, found);
    return found;
  };
}

async function read(call: Caller<Operations>, arn: string): Promise<Needs> {
  const operation = 'ecs:DescribeTaskDefinition';
  const { taskDefinition: found } = await call(operation, { taskDefinition: arn });
  if (!Array.isArray(found?.containerDefinitions))
    throw incomplete(operation, 'it has no containerDefinitions');
  const { containerDefinitions: containers, networkMode, placementConstraints } = found;
  const sum = (of: (one: Ecs.ContainerDefinition) => number | undefined) =>
    containers.reduce((total, one) => total + (of(one) ?? 0), 0);
  return {
    // Where the task has a size, that is what ECS reserves; else that of its containers.
    cpu: Number(found.cpu) || sum(({ cpu }) => cpu),
    memory: Number(found.memory) || sum(({ memory, memoryReservation }) => memoryReservation ?? memory),
    gpu: sum(({ resourceRequirements }) => gpusIn(resourceRequirements)),
    networkInterfaces: networkMode === 'awsvpc' ? 1 : 0,
    ports: containers.flatMap(({ portMappings = [] }) =>
      portMappings.flatMap((one) => hostPort(one, networkMode)),
    ),
    constraints: memberOf(placementConstraints),
  };
}

export const gpusIn = (requirements: readonly Ecs.ResourceRequirement[] = []): number =>
  requirements.reduce((sum, { type, value }) => (type === 'GPU' ? sum + (Number(value) || 0) : sum), 0);

/** Of a definition's or a service's placement constraints those that say on which instances. */
export const memberOf = (
  constraints: readonly { type?: string | undefined; expression?: string | undefined }[] = [],
): readonly Constraint[] =>
  constraints.flatMap(({ type, expression }) =>
    type === 'memberOf' && expression ? [{ kind: 'member-of' as const, expression }] : [],
  );

/** In the network mode `host` a container's port is the host's; in `awsvpc` it has an interface of its own. */
function hostPort(
  { hostPort: own, containerPort, protocol = 'tcp' }: Ecs.PortMapping,
  networkMode: string | undefined,
): readonly string[] {
  const port = networkMode === 'awsvpc' ? undefined : networkMode === 'host' ? containerPort : own;
  return port ? [`${port}/${protocol}`] : [];
}

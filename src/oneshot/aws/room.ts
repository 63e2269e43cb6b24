import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import type { Needs } from '../launch/model.ts';
import { incomplete } from './incomplete.ts';
import { hasFreeInterface } from './interfaces.ts';
import type { Operations } from './operations.ts';

/** ListContainerInstances and DescribeContainerInstances take so many at a time (ECS API reference). */
const AT_ONCE = 100;

/**
 * Whether an ACTIVE container instance has room for a task by its description, and by the tasks on it, of the first hundred. `except`: the ARNs
 * of those that cannot take it for a reason which a description does not show. Rejects with an `AwsError`.
 */
export async function hasRoom(
  call: Caller<Operations>,
  cluster: string,
  needs: Needs,
  except: readonly string[],
): Promise<boolean> {
  const list = 'ecs:ListContainerInstances';
  const { containerInstanceArns: arns } = await call(list, {
    cluster,
    status: 'ACTIVE',
    maxResults: AT_ONCE,
  });
  if (!Array.isArray(arns)) throw incomplete(list, 'containerInstanceArns');
  const others = arns.filter((arn) => !except.includes(arn));
  if (others.length === 0) return false;
  const operation = 'ecs:DescribeContainerInstances';
  const { containerInstances } = await call(operation, { cluster, containerInstances: others });
  if (!Array.isArray(containerInstances)) throw incomplete(operation, 'containerInstances');
  const large = containerInstances.filter(
    (one) => one.status === 'ACTIVE' && one.agentConnected === true && fits(one, needs),
  );
  return needs.networkInterfaces > 0 ? await hasFreeInterface(call, cluster, large) : large.length > 0;
}

/** The host's ports are listed where they are taken, also among what remains. */
function fits(
  { remainingResources = [] }: Ecs.ContainerInstance,
  { cpu, memory, gpu, ports }: Needs,
): boolean {
  const resource = (name: string) => remainingResources.find((one) => one.name === name);
  const has = (name: string) => resource(name)?.integerValue ?? 0;
  const isFree = ({ port, protocol }: Needs['ports'][number]) =>
    !resource(protocol === 'udp' ? 'PORTS_UDP' : 'PORTS')?.stringSetValue?.includes(String(port));
  return (
    has('CPU') >= cpu &&
    has('MEMORY') >= memory &&
    (resource('GPU')?.stringSetValue?.length ?? 0) >= gpu &&
    ports.every(isFree)
  );
}

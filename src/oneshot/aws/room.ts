import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Needs } from '../launch/model.ts';
import { incomplete } from './incomplete.ts';
import { hasFreeInterface } from './interfaces.ts';
import type { Operations } from './operations.ts';

/** ListContainerInstances and DescribeContainerInstances take so many at a time (ECS API reference). */
const AT_ONCE = 100;
/** So many hundreds are looked at in one comparison: each takes two requests of a limit that the account shares. */
const MOST_PAGES = 10;

/**
 * Whether an ACTIVE container instance has room for a task by its description, and by the tasks on it, of a thousand.
 * Where a cluster has more, the next look goes on from there. `except`: the ARNs of those that cannot take it for a
 * reason which a description does not show. Rejects with an `AwsError`.
 */
export type LookForRoom = (needs: Needs, except: readonly string[]) => Promise<boolean>;

export function createLookForRoom(call: Caller<Operations>, cluster: string): LookForRoom {
  /** Where the next look begins; undefined: with the first instance. */
  let nextToken: string | undefined;

  async function list() {
    const operation = 'ecs:ListContainerInstances';
    const first = { cluster, status: 'ACTIVE', maxResults: AT_ONCE } as const;
    const input = nextToken === undefined ? first : { ...first, nextToken };
    const { containerInstanceArns: arns, nextToken: following } = await call(operation, input);
    if (!Array.isArray(arns)) throw incomplete(operation, 'containerInstanceArns');
    return { arns, following };
  }

  /** The next hundred. A token that has become too old is given up. */
  async function listOn() {
    try {
      return await list();
    } catch (error) {
      if (!(error instanceof AwsError && error.kind === 'rejected' && nextToken !== undefined)) throw error;
      nextToken = undefined;
      return await list();
    }
  }

  return async (needs, except) => {
    const large: Ecs.ContainerInstance[] = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const { arns, following } = await listOn();
      large.push(
        ...(await thoseWithRoom(
          call,
          cluster,
          arns.filter((arn) => !except.includes(arn)),
          needs,
        )),
      );
      if (large.length > 0 && needs.networkInterfaces === 0) return true;
      nextToken = following || undefined;
      if (nextToken === undefined) break;
    }
    return await hasFreeInterface(call, cluster, large);
  };
}

async function thoseWithRoom(
  call: Caller<Operations>,
  cluster: string,
  arns: readonly string[],
  needs: Needs,
): Promise<readonly Ecs.ContainerInstance[]> {
  if (arns.length === 0) return [];
  const operation = 'ecs:DescribeContainerInstances';
  const { containerInstances } = await call(operation, { cluster, containerInstances: [...arns] });
  if (!Array.isArray(containerInstances)) throw incomplete(operation, 'containerInstances');
  return containerInstances.filter(
    (one) => one.status === 'ACTIVE' && one.agentConnected === true && fits(one, needs),
  );
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

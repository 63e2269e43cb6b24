import type * as Ec2 from '@aws-sdk/client-ec2';
import type * as Ecs from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import { isRefusal } from '../../aws/errors.ts';
import { hasEnded } from '../../aws/task-status.ts';
import { incomplete } from './incomplete.ts';
import type { Operations } from './operations.ts';

/** So many instances at most are looked at closely: each takes two requests. */
const MOST_LOOKED_AT = 3;
/** Every type can have one beside the instance's own. (EC2 user guide, "Maximum IP addresses per network interface") */
const LEAST = 1;

/**
 * Whether one of these container instances has a network interface left for a task. Their descriptions do not say: it is
 * counted by their types and by the tasks on them. ENI trunking, which only adds to them, is not counted. Rejects with an
 * `AwsError`.
 */
export async function hasFreeInterface(
  call: Caller<Operations>,
  cluster: string,
  instances: readonly Ecs.ContainerInstance[],
): Promise<boolean> {
  if (instances.length === 0) return false;
  const most = await readMost(call, [...new Set(instances.flatMap((one) => typeOf(one) ?? []))]);
  const limitOf = (one: Ecs.ContainerInstance) => most.get(typeOf(one) ?? '') ?? LEAST;
  // Not every task has one.
  if (instances.some((one) => countTasks(one) < limitOf(one))) return true;
  const emptiest = [...instances].sort((a, b) => countTasks(a) - countTasks(b)).slice(0, MOST_LOOKED_AT);
  for (const one of emptiest)
    if ((await countInterfaces(call, cluster, one.containerInstanceArn ?? '')) < limitOf(one)) return true;
  return false;
}

const typeOf = ({ attributes = [] }: Ecs.ContainerInstance) =>
  attributes.find(({ name }) => name === 'ecs.instance-type')?.value;

const countTasks = ({
  runningTasksCount: running = 0,
  pendingTasksCount: pending = 0,
}: Ecs.ContainerInstance) => running + pending;

/** How many interfaces each type can have for tasks; a type is missing where that is not known. */
async function readMost(
  call: Caller<Operations>,
  types: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (types.length === 0) return new Map();
  try {
    const { InstanceTypes: found = [] } = await call('ec2:DescribeInstanceTypes', {
      InstanceTypes: types as Ec2._InstanceType[],
    });
    return new Map(
      found.flatMap(({ InstanceType: type, NetworkInfo }): [string, number][] => {
        const most = NetworkInfo?.MaximumNetworkInterfaces;
        return type && most !== undefined ? [[type, most - 1]] : [];
      }),
    );
  } catch (error) {
    if (isRefusal(error)) return new Map();
    throw error;
  }
}

/** How many of the tasks on an instance have an interface of their own; at most a hundred tasks are looked at. */
async function countInterfaces(
  call: Caller<Operations>,
  cluster: string,
  containerInstance: string,
): Promise<number> {
  const list = 'ecs:ListTasks';
  const { taskArns } = await call(list, { cluster, containerInstance });
  if (!Array.isArray(taskArns)) throw incomplete(list, 'taskArns');
  if (taskArns.length === 0) return 0;
  const operation = 'ecs:DescribeTasks';
  const { tasks } = await call(operation, { cluster, tasks: taskArns });
  if (!Array.isArray(tasks)) throw incomplete(operation, 'tasks');
  return tasks.filter(
    (task) =>
      !hasEnded(task) && task.attachments?.some(({ type }) => type === 'ElasticNetworkInterface') === true,
  ).length;
}

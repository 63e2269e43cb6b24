import type { Parameters, TaskView } from './model.ts';

/**
 * In what a task differs from what is asked for now, in words; undefined where it is the same. ECS gives a task's
 * overrides back, so nothing else has to be kept to tell.
 */
export function differs(
  task: TaskView,
  asked: Parameters,
  container: string | undefined,
): string | undefined {
  const { taskRoleArn, containers } = task.overrides;
  const own =
    container === undefined
      ? containers.find((one) => !isEmpty(one))
      : containers.find(({ name }) => name === container);
  if (!isDefinition(task.taskDefinitionArn, asked.taskDefinition))
    return `its task definition is ${task.taskDefinitionArn}`;
  if (!isSame(own?.command ?? [], asked.command ?? []))
    return `its command is ${JSON.stringify(own?.command ?? [])}`;
  if (!isSame(sorted(own?.environment), sorted(asked.environment))) return 'its environment is another';
  if (own?.cpu !== asked.cpu) return `its cpu is ${own?.cpu ?? "the task definition's"}`;
  if (own?.memory !== asked.memory) return `its memory is ${own?.memory ?? "the task definition's"}`;
  const other = containers.find((one) => one !== own && !isEmpty(one));
  if (other) return `it overrides ${other.name} too`;
  if (!isRole(taskRoleArn, asked.taskRole))
    return `its task role is ${taskRoleArn ?? "the task definition's"}`;
  // Of several subnets ECS has chosen one. It does not give back the security groups.
  if (task.subnet !== undefined && !asked.network?.subnets.includes(task.subnet))
    return `its subnet is ${task.subnet}`;
  return undefined;
}

/** Asked for by ARN or by name, with a revision, or without one, of which any is one. */
function isDefinition(arn: string, asked: string): boolean {
  const given = asked.startsWith('arn:') ? arn : arn.slice(arn.lastIndexOf('/') + 1);
  return given === asked || given.slice(0, given.lastIndexOf(':')) === asked;
}

/** A role can be given by its name. */
function isRole(arn: string | undefined, asked: string | undefined): boolean {
  if (arn === undefined || asked === undefined) return arn === asked;
  return arn === asked || arn.endsWith(`/${asked}`);
}

/** ECS may give back an entry without overrides for a container that none were asked for. */
const isEmpty = ({ command, environment, cpu, memory }: Overridden) =>
  command === undefined && Object.keys(environment).length === 0 && cpu === undefined && memory === undefined;

type Overridden = TaskView['overrides']['containers'][number];

const sorted = (environment: Readonly<Record<string, string>> = {}) =>
  Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

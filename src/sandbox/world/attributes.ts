import type { Machine } from './state.ts';

/** What an ECS agent of this version can do, as attributes without a value (ECS developer guide, "task placement"). */
const CAPABILITIES = [
  'com.amazonaws.ecs.capability.docker-remote-api.1.18',
  'com.amazonaws.ecs.capability.docker-remote-api.1.19',
  'com.amazonaws.ecs.capability.logging-driver.awslogs',
  'com.amazonaws.ecs.capability.logging-driver.json-file',
  'com.amazonaws.ecs.capability.task-iam-role',
  'ecs.capability.task-eni',
];

/** The attributes of the container instance on a machine: ECS's own, and those that it was given. */
export function attributesOf({
  availabilityZone,
  instanceType,
  attributes,
  lacks,
}: Pick<Machine, 'availabilityZone' | 'instanceType' | 'attributes' | 'lacks'>): ReadonlyMap<string, string> {
  const all = new Map([
    ['ecs.ami-id', 'ami-0123456789abcdef0'],
    ['ecs.availability-zone', availabilityZone],
    ['ecs.instance-type', instanceType],
    ['ecs.os-type', 'linux'],
    ...CAPABILITIES.map((name): [string, string] => [name, '']),
    ...attributes,
  ]);
  for (const name of lacks) all.delete(name);
  return all;
}

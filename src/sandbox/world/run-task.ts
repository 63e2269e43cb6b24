import type * as Ecs from '@aws-sdk/client-ecs';
import { describeWaiting, providerOf, provision } from './capacity-providers.ts';
import { clusterNamed } from './clusters.ts';
import { describeTask } from './describe-task.ts';
import { clientException, invalidParameter, serviceError } from './errors.ts';
import { choose } from './place-task.ts';
import { commandOf, programOf } from './program.ts';
import type {
  Cluster,
  ContainerSpec,
  Task,
  TaskBehaviour,
  TaskDefinition,
  TaskOverrides,
  UsedToken,
  WaitingTask,
  WorldState,
} from './state.ts';
import { checkNetwork } from './subnets.ts';
import { definitionNamed } from './task-definitions.ts';
import { startTask } from './task-life.ts';
import { needsOf } from './task-needs.ts';

/** ECS API reference, "Ensuring idempotency": for 24 hours, and no longer than an hour after the last of its tasks has stopped. */
const TOKEN_LIFE_MS = { atMost: 24 * 3_600_000, afterStop: 3_600_000 } as const;

type Answer = { tasks: Ecs.Task[]; failures: Ecs.Failure[] };

/**
 * RunTask. With a client token it answers a request that has completed before with that one's result, whether that had
 * started something or found no room; with other parameters it refuses. What an error was answered to has not completed.
 */
export function runTask(world: WorldState, input: Ecs.RunTaskCommandInput): Answer {
  const cluster = clusterNamed(world, input.cluster);
  const { clientToken, ...parameters } = input;
  if (clientToken === undefined) return shown(world, start(world, cluster, input));
  if (!/^[\x21-\x7e]{1,64}$/.test(clientToken))
    throw invalidParameter('The clientToken must have 1 to 64 ASCII characters.');
  const asked = JSON.stringify(parameters);
  const used = cluster.runTaskTokens.get(clientToken);
  if (used && world.now < forgottenAt(used)) {
    if (used.parameters === asked) return shown(world, used);
    throw Object.assign(
      serviceError(
        'ConflictException',
        'The clientToken is already in use with a different RunTask request.',
      ),
      { resourceIds: used.tasks.map(({ arn }) => arn) },
    );
  }
  const outcome = start(world, cluster, input);
  cluster.runTaskTokens.set(clientToken, { at: world.now, parameters: asked, ...outcome });
  return shown(world, outcome);
}

function forgottenAt({ at, tasks }: UsedToken): number {
  const stops = tasks.map((task) => ('placed' in task ? (task.placed ?? task) : task).stoppedAt ?? Infinity);
  const last = stops.length > 0 ? Math.max(...stops) : Infinity;
  return Math.min(at + TOKEN_LIFE_MS.atMost, last + TOKEN_LIFE_MS.afterStop);
}

type Outcome = { readonly tasks: readonly (Task | WaitingTask)[]; readonly failures: readonly Ecs.Failure[] };

function shown(world: WorldState, { tasks, failures }: Outcome): Answer {
  const show = (task: Task | WaitingTask) => {
    if (!('provider' in task)) return describeTask(world, task);
    return task.placed ? describeTask(world, task.placed) : describeWaiting(world, task);
  };
  return { tasks: tasks.map(show), failures: [...failures] };
}

function start(world: WorldState, cluster: Cluster, input: Ecs.RunTaskCommandInput): Outcome {
  const definition = definitionNamed(world, input.taskDefinition);
  if (definition.status === 'INACTIVE') throw clientException('TaskDefinition is inactive');
  const count = input.count ?? 1;
  if (count < 1 || count > 10) throw invalidParameter('Task count must be between 1 and 10.');
  if (input.startedBy !== undefined && !/^[A-Za-z0-9_/-]{0,128}$/.test(input.startedBy))
    throw invalidParameter(
      'startedBy must have at most 128 letters, digits, hyphens, slashes and underscores.',
    );
  const overrides = input.overrides as TaskOverrides | undefined;
  checkOverrides(definition, overrides);
  checkNetwork(definition, input.networkConfiguration);
  const provider = providerOf(cluster, input);
  if (!provider && ![...cluster.containerInstances.values()].some(({ status }) => status === 'ACTIVE'))
    throw invalidParameter('No Container Instances were found in your cluster.');
  const needs = needsOf(definition, overrides);
  const group = input.group ?? `family:${definition.family}`;
  const tasks: (Task | WaitingTask)[] = [];
  for (let index = 0; index < count; index++) {
    const behaviours = definition.containers.map((spec) => behaviourOf(spec, overrides));
    const subnets = input.networkConfiguration?.awsvpcConfiguration?.subnets;
    const task = { definition, group, startedBy: input.startedBy, behaviours, overrides, needs, subnets };
    if (provider) {
      tasks.push(provision(world, provider, cluster, { ...needs, group }, input, task));
      continue;
    }
    const chosen = choose(world, cluster, { ...needs, group }, input);
    if (Array.isArray(chosen)) return { tasks, failures: chosen };
    tasks.push(startTask(world, { ...task, containerInstance: chosen }));
  }
  return { tasks, failures: [] };
}

function checkOverrides(definition: TaskDefinition, overrides: TaskOverrides | undefined): void {
  for (const { name } of overrides?.containerOverrides ?? []) {
    if (!definition.containers.some((one) => one.name === name))
      throw invalidParameter(
        `Override for container named ${name} is not a container in the TaskDefinition.`,
      );
  }
}

/** As its command says, where that is understood; an image whose name begins with `missing` cannot be pulled. */
function behaviourOf(spec: ContainerSpec, overrides: TaskOverrides | undefined): TaskBehaviour {
  const { image, stopTimeoutMs } = spec;
  if (image.startsWith('missing')) return { failsToStart: cannotPull(image) };
  return { stopTimeoutMs, ...programOf(commandOf(spec, overrides))?.behaviour };
}

const cannotPull = (image: string) =>
  `CannotPullContainerError: Error response from daemon: manifest for ${image} not found`;

import type { Impostor } from '../../src/sandbox/index.ts';
import type { ClaimedInstance, ClaimedTasks } from './plan.ts';
import type { Stage } from './stage.ts';

/** What somebody says on the ECS agent's port, by what he claims. */
export function impostorOf(
  { claims, tasks }: { readonly claims: ClaimedInstance; readonly tasks: ClaimedTasks },
  stage: Stage,
): Impostor {
  const [cluster, arn] = claimedInstance(claims, stage);
  return {
    metadata: JSON.stringify({ Cluster: cluster, ContainerInstanceArn: arn, Version: 'Not the ECS agent' }),
    tasks: JSON.stringify({
      Tasks: claimedTasks(tasks, stage).map((Arn) => ({
        Arn,
        DesiredStatus: 'RUNNING',
        KnownStatus: 'RUNNING',
        Family: 'batch',
        Version: '1',
        Containers: [],
      })),
    }),
  };
}

const ID = 'f00dfeedf00dfeedf00dfeedf00dfeed';
const arn = (account: string, path: string) => `arn:aws:ecs:eu-west-1:${account}:${path}/${ID}`;
const OWN_ACCOUNT = '111122223333';
const OTHER_ACCOUNT = '999988887777';

function claimedInstance(claims: ClaimedInstance, { machine, neighbour }: Stage): [string, string] {
  switch (claims) {
    case 'own':
      return ['web', machine.ecsAgent.containerInstance?.arn ?? arn(OWN_ACCOUNT, 'container-instance/web')];
    case 'neighbour':
      return ['web', neighbour.ecsAgent.containerInstance?.arn ?? ''];
    case 'unknown':
      return ['web', arn(OWN_ACCOUNT, 'container-instance/web')];
    case 'other-cluster':
      return ['elsewhere', arn(OWN_ACCOUNT, 'container-instance/elsewhere')];
    case 'other-account':
      return ['web', arn(OTHER_ACCOUNT, 'container-instance/web')];
    case 'malformed':
      return ['web', 'container-instance of mine'];
  }
}

function claimedTasks(claimed: ClaimedTasks, { machine, neighbour }: Stage): string[] {
  switch (claimed) {
    case 'none':
      return [];
    case 'own':
      return machine.placed.map((task) => task.arn);
    case 'neighbour':
      return neighbour.placed.map((task) => task.arn);
    case 'unknown':
      return [arn(OWN_ACCOUNT, 'task/web')];
    case 'other-cluster':
      return [arn(OWN_ACCOUNT, 'task/elsewhere')];
    case 'other-account':
      return [arn(OTHER_ACCOUNT, 'task/web')];
    case 'malformed':
      return ['a task of mine', arn(OWN_ACCOUNT, 'task/web/deeper')];
  }
}

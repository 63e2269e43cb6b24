import {
  createFleet,
  type Fleet,
  type Machine,
  predate,
  type Service,
  type TimelineEvent,
} from '../../src/sandbox/index.ts';
import { START, type VirtualClock } from '../support/virtual-clock.ts';
import { KNOWN_AS } from './draw-options.ts';
import type { Plan, TaskPlan } from './plan.ts';

/** The instance on which the agent runs. */
export const OWN_ID = 'i-00000000000000001';
/** Another one of the same cluster and group, which nothing that the agent does may touch. */
export const NEIGHBOUR_ID = 'i-00000000000000002';
export const TAG_KEY = 'ecs-drain-agent:terminate';

/** The World of one run, with the plan's tasks and services in it. */
export type Stage = { readonly fleet: Fleet; readonly machine: Machine; readonly neighbour: Machine };

/** @param onEvent told of all that happens in the World, from its beginning */
export function setStage(plan: Plan, clock: VirtualClock, onEvent: (event: TimelineEvent) => void): Stage {
  const { group, machine: own } = plan;
  const fleet = createFleet({
    ...plan.world,
    now: START,
    onEvent,
    requestLog: 'counts',
    groupOptions: { onAbandon: group?.retain ? 'retain' : 'terminate' },
    hooks: [
      ...(group?.hooks ?? []).map((hook) => ({ ...hook })),
      ...(group?.launchHooks ?? []).map((hook) => ({ ...hook, transition: LAUNCHING })),
    ],
  });
  const machine = fleet.addInstance({
    instanceId: OWN_ID,
    metadataTags: own.metadataTags,
    imdsAfter: own.imdsAfter,
    credentialsAfter: own.credentialsAfter,
    ecsAgentAfter: own.ecsAgentAfter,
    tags: own.untagged ? {} : { Name: 'worker' },
    warm: own.warm ?? false,
    launching: own.launching ?? false,
    ...(own.stopsInPool && { stopsInPool: own.stopsInPool }),
    ...(group ? {} : { group: undefined }),
  });
  const room = plan.elsewhere === 'room' ? {} : { cpu: 0, memory: 0 };
  const neighbour = fleet.addInstance({ instanceId: NEIGHBOUR_ID, ...room });
  if (plan.elsewhere === 'room') fleet.runTask(neighbour, {});
  for (const task of plan.tasks) {
    if (task.at === 0 && machine.ecsAgent.containerInstance) place(fleet, machine, task, true);
    else clock.at(START + task.at, () => place(fleet, machine, task, false));
  }
  wasThereBefore(machine);
  wasThereBefore(neighbour);
  for (const service of plan.services) addService(plan, fleet, clock, service);
  return { fleet, machine, neighbour };
}

const LAUNCHING = 'autoscaling:EC2_INSTANCE_LAUNCHING';

/** What is there when the agent starts has been there for long: no answer is of before it, however far it lags behind. */
function wasThereBefore({ ecsAgent, placed, pastTags }: Machine): void {
  predate(pastTags);
  if (ecsAgent.containerInstance) predate(ecsAgent.containerInstance.past);
  for (const task of placed) predate(task.past);
}

/** A task lands on the instance, if ECS would still put one there. */
function place(fleet: Fleet, machine: Machine, plan: TaskPlan, running: boolean): void {
  const { world } = fleet;
  world.advance(START + plan.at);
  const { containerInstance } = machine.ecsAgent;
  if (
    machine.state !== 'running' ||
    containerInstance?.status !== 'ACTIVE' ||
    !containerInstance.agentConnected
  )
    return;
  fleet.runTask(machine, {
    running,
    runsForMs: plan.runsFor,
    ignoresSigterm: plan.ignoresSigterm,
    exitAfterSigtermMs: plan.exitAfterSigterm,
    ...(plan.known && { [plan.known]: KNOWN_AS[plan.known] }),
  });
}

function addService(plan: Plan, fleet: Fleet, clock: VirtualClock, planned: Plan['services'][number]): void {
  const service: Service = fleet.addService({
    name: planned.name,
    strategy: planned.strategy,
    desiredCount: planned.strategy === 'DAEMON' ? 0 : planned.count,
    behaviour: { ignoresSigterm: planned.ignoresSigterm, deactivatingMs: planned.deregistrationDelay },
  });
  // Nothing moves where there is no room, until somebody accepts that the service has fewer tasks for a while.
  if (plan.elsewhere === 'full')
    clock.at(START + planned.releasedAt, () => {
      fleet.world.advance(clock.trueNow());
      fleet.world.call('ecs:UpdateService', {
        cluster: 'web',
        service: service.name,
        deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 200 },
      });
    });
}

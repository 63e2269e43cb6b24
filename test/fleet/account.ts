import {
  addFault,
  attachTagger,
  awsLimits,
  createFleet,
  type Fleet,
  type Machine,
  type TimelineEvent,
} from '../../src/sandbox/index.ts';
import { createRandom, type Random } from '../simulation/random.ts';
import { createVirtualClock, START, type VirtualClock } from '../support/virtual-clock.ts';
import { outageOf, type Scenario, SIGNAL_AT, SPOT_NOTICE_MS } from './scenario.ts';

/** One account: a cluster whose instances are all in one group, under AWS's request limits, on one clock. */
export type Account = {
  readonly scenario: Scenario;
  readonly clock: VirtualClock;
  readonly fleet: Fleet;
  readonly machines: readonly Machine[];
  /** Lets everything happen that is due by now. */
  catchUp(): void;
  /** What is drawn for one instance, or for all: the same in every run. */
  random(of: string): Random;
};

/** @param onEvent told of all that happens in the World */
export function openAccount(scenario: Scenario, onEvent: (event: TimelineEvent) => void): Account {
  const clock = createVirtualClock();
  const fleet = createFleet({
    now: START,
    limits: { ...awsLimits, 'auto-scaling': scenario.autoScaling, 'ecs-cluster-read': scenario.ecsReads },
    requestLog: 'counts',
    // As on real hosts, where all of it takes seconds.
    timings: { terminatingToWait: 3_000, deprovisioning: 1_000 },
    groupOptions: { maxSize: scenario.agents },
    hooks: [{ name: HOOK, heartbeatTimeout: scenario.hookMs / 1_000 }],
    onEvent,
  });
  const { world } = fleet;
  const catchUp = () => world.advance(clock.trueNow());
  const random = (of: string) => createRandom(scenario.seed ^ hash(of));
  const machines = Array.from({ length: scenario.agents }, () => fleet.addInstance());
  for (const machine of machines) {
    const draws = { lengths: random(`tasks of ${machine.id}`), lags: random(`reports of ${machine.id}`) };
    runTasks(fleet, machine, scenario, draws);
  }
  // The tag as the Lambda function puts it on: the tag poller reads nothing else.
  if (scenario.program === 'tag-poller') attachTagger(fleet);
  clock.at(START + SIGNAL_AT, () => {
    catchUp();
    for (const machine of machines) {
      if (scenario.isSpot) fleet.interruptSpot(machine, { time: clock.trueNow() + SPOT_NOTICE_MS });
      else fleet.scaleIn(machine);
    }
  });
  if (scenario.silentEcsAgents)
    clock.at(START + SIGNAL_AT, () => {
      addFault(world, { match: { service: 'introspection' }, fault: { what: 'refuse' } });
    });
  const outage = outageOf(scenario);
  if (outage)
    clock.at(START + outage.from, () => {
      catchUp();
      for (const service of ['ec2', 'ecs', 'autoscaling'] as const)
        addFault(world, { match: { service }, fault: { what: '5xx' }, until: START + outage.to });
    });
  return { scenario, clock, fleet, machines, catchUp, random };
}

export const HOOK = 'drain';

/** Two standalone tasks, one of which ends last. They have run for a while when the signal comes. */
function runTasks(
  fleet: Fleet,
  machine: Machine,
  { tasksMs }: Scenario,
  { lengths, lags }: Record<'lengths' | 'lags', Random>,
): void {
  const last = SIGNAL_AT + tasksMs * (0.2 + 0.8 * lengths.next());
  for (const runsForMs of [last, last * lengths.next()]) {
    const reportLagMs = LAG_MS.least + lags.next() * (LAG_MS.most - LAG_MS.least);
    fleet.runTask(machine, { runsForMs: Math.round(runsForMs), reportLagMs: Math.round(reportLagMs) });
  }
}

/** How long after the host ECS learns of a task's end. */
const LAG_MS = { least: 1_000, most: 30_000 };

/** FNV-1a. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    bits = Math.imul(bits ^ text.charCodeAt(index), 0x01000193);
  return bits;
}

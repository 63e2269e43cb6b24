import { awsLimits } from '../../src/sandbox/index.ts';
import { defaultScenario, HOUR, MINUTE, type ProgramName, type Scenario } from './scenario.ts';

/** Scenarios that differ in the number of instances, and in the program that drains them. */
export type Family = {
  readonly title: string;
  readonly programs: readonly ProgramName[];
  readonly scenario: Omit<Scenario, 'program' | 'agents'>;
};

export const SIZES = [10, 100, 300, 1_000, 2_000];

const tight = { hookMs: 300_000, autoScaling: { burst: 50, perSecond: 10 } };
const everyDesign: readonly ProgramName[] = ['agent', 'tag-poller', 'central-drainer'];
const hours = { ...defaultScenario, tasksMs: 2 * HOUR };
const minutes = { ...defaultScenario, tasksMs: 10 * MINUTE };

/** What `npm run fleet` runs unless it is told otherwise. */
export const families: readonly Family[] = [
  { title: 'Tasks of up to two hours', programs: everyDesign, scenario: hours },
  { title: 'Tasks of up to ten minutes', programs: everyDesign, scenario: minutes },
  {
    title: 'Tasks of up to two hours, hook of 300 s, Auto Scaling at 50/10',
    programs: ['agent'],
    scenario: { ...hours, ...tight },
  },
  {
    title: 'Tasks of up to ten minutes, hook of 300 s, Auto Scaling at 50/10',
    programs: ['agent'],
    scenario: { ...minutes, ...tight },
  },
  {
    title: 'All agents start in the same second, with the termination under way; tasks of up to ten minutes',
    programs: ['agent'],
    scenario: { ...minutes, startTogether: true },
  },
  {
    // Of a shorter hook more than two thirds would pass: no heartbeat can bridge that.
    title: 'No AWS API answers for an hour in the middle; tasks of up to two hours, hook of 7,200 s',
    programs: ['agent'],
    scenario: { ...hours, hookMs: 2 * HOUR, outageMs: HOUR },
  },
  {
    title: 'Spot interrupts all instances at the same moment; tasks of up to two hours',
    programs: ['agent'],
    scenario: { ...hours, isSpot: true },
  },
];

/** What one scenario that was put together by hand is called. */
export function titleOf(scenario: Omit<Scenario, 'program' | 'agents'>): string {
  const { tasksMs, hookMs, autoScaling, ecsReads, outageMs, startTogether, isSpot } = scenario;
  const isUsual = autoScaling === awsLimits['auto-scaling'];
  return [
    `Tasks of up to ${tasksMs / MINUTE} min`,
    isSpot ? 'interrupted by Spot' : `hook of ${hookMs / 1_000} s`,
    ...(isUsual ? [] : [`Auto Scaling at ${autoScaling.burst}/${autoScaling.perSecond}`]),
    ...(ecsReads === awsLimits['ecs-cluster-read']
      ? []
      : [`ECS reads at ${ecsReads.burst}/${ecsReads.perSecond}`]),
    ...(outageMs > 0 ? [`no AWS API for ${outageMs / MINUTE} min`] : []),
    ...(startTogether ? ['all start in the same second'] : []),
  ].join(', ');
}

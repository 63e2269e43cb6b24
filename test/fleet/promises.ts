import type { Figures } from './figures.ts';

/** The promises for a fleet, as docs/guarantees.md numbers them. */
export const fleetPromises = {
  F1: 'no hook times out, no task is cut short',
  F2: '99 of 100 are released within 5 s of ECS calling the last task STOPPED',
  F3: 'AWS answers a drain at most 15 times, beside heartbeats, a look at ECS and the group every 5 min, and one at ECS for each 5 s in which it has not learnt of the last task’s end',
  F4: '99 of 100 are DRAINING within 30 s + N/40 s of the signal',
} as const;

export type FleetPromise = keyof typeof fleetPromises;

export type Judgement = 'kept' | 'broken' | 'not judged';

const MOST_REQUESTS = 15;

/** Whether each was kept. The number of requests is not judged where an outage had to be waited for. */
export function judge(figures: Figures): Record<FleetPromise, Judgement> {
  const { scenario, timedOut, tasksCut, leftBehind, releasedInTime, besides, drainingInTime } = figures;
  // They are about what the group terminates.
  if (scenario.isSpot) return { F1: 'not judged', F2: 'not judged', F3: 'not judged', F4: 'not judged' };
  return {
    F1: kept(timedOut === 0 && tasksCut === 0 && leftBehind === 0),
    F2: kept(releasedInTime >= 0.99),
    F3: scenario.outageMs > 0 ? 'not judged' : kept(besides.max <= MOST_REQUESTS),
    // Who starts when the instance is being terminated already has not watched for the signal.
    F4: scenario.startTogether ? 'not judged' : kept(drainingInTime >= 0.99),
  };
}

const kept = (isKept: boolean): Judgement => (isKept ? 'kept' : 'broken');

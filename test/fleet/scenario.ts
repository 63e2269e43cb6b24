import { awsLimits, type BucketSize } from '../../src/sandbox/index.ts';

/** What drains the instances: the agent, that of another checkout, or one of two other designs, for comparison. */
export type ProgramName = 'agent' | 'agent-before' | 'tag-poller' | 'central-drainer';

/** A fleet of one account that all goes at once: its group terminates it, or Spot interrupts it. Times are in ms. */
export type Scenario = {
  readonly program: ProgramName;
  readonly agents: number;
  /** The hook's heartbeat time-out. */
  readonly hookMs: number;
  /** The longest task. Each instance's last task ends at a time drawn between a fifth of it and all of it. */
  readonly tasksMs: number;
  /** The size of Auto Scaling's bucket, which AWS does not publish. */
  readonly autoScaling: BucketSize;
  /** The size of ECS's bucket for reading clusters. */
  readonly ecsReads: BucketSize;
  /** No AWS API answers for so long, in the middle of the longest task; 0 for no outage. */
  readonly outageMs: number;
  /** The ECS agents of all instances fall silent with the signal. */
  readonly silentEcsAgents: boolean;
  /** Every process starts within one second, when the instances are being terminated already. */
  readonly startTogether: boolean;
  /** Spot interrupts every instance, with two minutes' notice. The group does nothing. */
  readonly isSpot: boolean;
  readonly seed: number;
};

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const defaultScenario: Scenario = {
  program: 'agent',
  agents: 100,
  hookMs: HOUR,
  tasksMs: 10 * MINUTE,
  autoScaling: awsLimits['auto-scaling'],
  ecsReads: awsLimits['ecs-cluster-read'],
  outageMs: 0,
  startTogether: false,
  isSpot: false,
  silentEcsAgents: false,
  seed: 1,
};

/** From a scenario's first moment to the signal: whatever watches has found its own pace by then. */
export const SIGNAL_AT = 20 * SECOND;

/** When Spot interrupts the instances, in ms after the signal. */
export const SPOT_NOTICE_MS = 2 * MINUTE;

/** When the outage begins and ends, in ms after the scenario's first moment; undefined where there is none. */
export function outageOf({ outageMs, tasksMs }: Scenario): { from: number; to: number } | undefined {
  if (outageMs === 0) return undefined;
  const from = SIGNAL_AT + Math.max(0, (tasksMs - outageMs) / 2);
  return { from, to: from + outageMs };
}

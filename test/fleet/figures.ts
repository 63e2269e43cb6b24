import { START } from '../support/virtual-clock.ts';
import type { Drain } from './drains.ts';
import { MINUTE, outageOf, type Scenario, SECOND } from './scenario.ts';

/** What a scenario came to. Times are in ms, Infinity where it did not come to that. */
export type Figures = {
  readonly scenario: Scenario;
  /** From ECS calling the last task STOPPED to the instance's release. */
  readonly release: Spread;
  /** The share of drains that were released within 5 s. Of those only that ended while AWS answered, where there was an outage. */
  readonly releasedInTime: number;
  /** From the signal to DRAINING. */
  readonly draining: Spread;
  readonly drainingInTime: number;
  readonly timedOut: number;
  readonly tasksCut: number;
  /** How many tasks were asked to stop, and how many were cut short unasked. */
  readonly tasksAsked: number;
  readonly tasksUnasked: number;
  /** From the signal to a task being asked to stop. */
  readonly asked: Spread;
  /** Instances that were neither released nor taken away when the scenario ended. */
  readonly leftBehind: number;
  /** Requests of one drain. */
  readonly requests: Spread;
  /** Those that AWS answered, beside what F3 leaves out. What is throttled takes nothing from others. */
  readonly besides: Spread;
  /** All that AWS answered but heartbeats. */
  readonly answers: Spread;
  readonly allRequests: number;
  readonly throttled: number;
  /** All requests, by API. */
  readonly byApi: readonly (readonly [api: string, count: number])[];
};

export type Spread = { readonly p50: number; readonly p99: number; readonly max: number };

export const RELEASED_WITHIN_MS = 5 * SECOND;
/** ... and for each instance of the fleet. */
export const DRAINING_WITHIN_MS = { all: 30 * SECOND, each: SECOND / 40 };
/** What a look at ECS costs while tasks run: the container instance, and what its tasks are doing. */
const REQUESTS_OF_A_LOOK = 2;
const A_LOOK_EVERY_MS = 5 * MINUTE;
/** What tells in one request what the group wants of the instance. */
const OF_THE_GROUP = ['autoscaling:DescribeLifecycleHooks', 'autoscaling:DescribeAutoScalingInstances'];
/** While ECS has not learnt of the last task's end, it is asked so often. */
const AN_END_LOOK_EVERY_MS = 5 * SECOND;

export function figuresOf(scenario: Scenario, all: readonly Drain[]): Figures {
  const outage = outageOf(scenario);
  // What ended in an outage, or while all came back at once after it, is released when AWS lets it.
  const isDisturbed = ({ lastStoppedAt: at = Infinity }: Drain) =>
    outage !== undefined && at >= START + outage.from && at < START + outage.to + A_LOOK_EVERY_MS;
  const release = all.filter((drain) => !isDisturbed(drain)).map(releaseDelay);
  const draining = all.map(({ signalAt, drainingAt }) => delay(signalAt, drainingAt));
  const drainingWithin = DRAINING_WITHIN_MS.all + scenario.agents * DRAINING_WITHIN_MS.each;
  const byApi = new Map<string, number>();
  for (const { requests } of all)
    for (const [api, count] of requests) byApi.set(api, (byApi.get(api) ?? 0) + count);
  return {
    scenario,
    release: spread(release),
    releasedInTime: share(release, RELEASED_WITHIN_MS),
    draining: spread(draining),
    drainingInTime: share(draining, drainingWithin),
    timedOut: all.filter(({ timedOut }) => timedOut).length,
    tasksCut: sum(all.map(({ tasksCut }) => tasksCut)),
    tasksAsked: sum(all.map(({ askedToStop }) => askedToStop.size)),
    tasksUnasked: sum(all.map(({ tasksUnasked }) => tasksUnasked)),
    asked: spread(
      all.flatMap(({ signalAt, askedToStop }) => [...askedToStop.values()].map((at) => delay(signalAt, at))),
    ),
    leftBehind: all.filter(({ timedOut, releasedAt }) => !timedOut && releasedAt === undefined).length,
    requests: spread(all.map(requestsOf)),
    besides: spread(all.map(besides)),
    answers: spread(all.map(answersOf)),
    allRequests: sum(all.map(requestsOf)),
    throttled: sum(all.map(throttledOf)),
    byApi: [...byApi].sort((a, b) => b[1] - a[1]),
  };
}

function releaseDelay({ lastStoppedAt, releasedAt, signalAt }: Drain): number {
  // Where no task is left when the signal comes, that is when the wait begins.
  return delay(Math.max(lastStoppedAt ?? Infinity, signalAt ?? Infinity), releasedAt);
}

const delay = (from: number | undefined, to: number | undefined): number =>
  from === undefined || to === undefined ? Infinity : to - from;

const requestsOf = ({ requests }: Drain): number => sum([...requests.values()]);

const throttledOf = ({ throttled }: Drain): number => sum([...throttled.values()]);

const answered = ({ requests, throttled }: Drain, api: string): number =>
  (requests.get(api) ?? 0) - (throttled.get(api) ?? 0);

const answersOf = (drain: Drain): number =>
  requestsOf(drain) - throttledOf(drain) - answered(drain, 'autoscaling:RecordLifecycleActionHeartbeat');

function besides(drain: Drain): number {
  const { signalAt = Infinity, releasedAt, lastStoppedAt, lastExitAt } = drain;
  const lasted = (releasedAt ?? lastStoppedAt ?? signalAt) - signalAt;
  const looks = lasted > 0 ? Math.floor(lasted / A_LOOK_EVERY_MS) : 0;
  const groupAgain = sum(OF_THE_GROUP.map((api) => Math.max(0, answered(drain, api) - 1)));
  const unlearntMs = Math.max(0, (lastStoppedAt ?? 0) - Math.max(lastExitAt ?? Infinity, signalAt));
  const leftOut =
    looks * REQUESTS_OF_A_LOOK + Math.min(looks, groupAgain) + Math.floor(unlearntMs / AN_END_LOOK_EVERY_MS);
  return Math.max(0, answersOf(drain) - leftOut);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

const share = (delays: readonly number[], within: number) =>
  delays.length === 0 ? 1 : delays.filter((one) => one <= within).length / delays.length;

/** The nearest rank: of ten values the 99th percentile is the largest. */
function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

import { START } from '../support/virtual-clock.ts';
import { type Calm, createCalm } from './disturbances.ts';
import type { Plan } from './plan.ts';
import type { Stage } from './stage.ts';
import type { Truth } from './truth.ts';

/** What a run is judged by, and what does not change in its course. */
export type Scene = {
  readonly plan: Plan;
  readonly stage: Stage;
  readonly truth: Truth;
  readonly settings: Settings;
  readonly calm: Calm;
  /** True time, in ms since the Unix epoch. */
  readonly now: () => number;
  /** After this time nothing more was planned, in ms since the Unix epoch. */
  readonly lastScripted: number;
};

/** The agent's command line, as far as promises depend on it. Times are in ms. */
export type Settings = {
  readonly mode: 'drain' | 'deregister';
  readonly drainTimeout: number | undefined;
  readonly onTimeout: string;
  readonly pollInterval: number;
  readonly namesCluster: boolean;
  /** Whether the group's beginning to terminate the instance is a signal. */
  readonly heedsLifecycle: boolean;
  /** Whether the tag may have to be read by the EC2 API. */
  readonly readsTagByApi: boolean;
};

export function createScene(plan: Plan, stage: Stage, truth: Truth, now: () => number): Scene {
  return {
    plan,
    stage,
    truth,
    now,
    settings: readSettings(plan),
    calm: createCalm(now),
    lastScripted: lastOf(plan),
  };
}

function readSettings(plan: Plan): Settings {
  const valueAt = (flag: string) => {
    const index = plan.flags.indexOf(flag);
    return index < 0 ? undefined : plan.flags[index + 1];
  };
  const seconds = (text: string | undefined) =>
    text === undefined ? undefined : Number.parseInt(text, 10) * 1_000;
  return {
    mode: valueAt('--mode') === 'deregister' ? 'deregister' : 'drain',
    drainTimeout: seconds(valueAt('--drain-timeout')),
    onTimeout: valueAt('--on-timeout') ?? 'wait',
    pollInterval: seconds(valueAt('--poll-interval')) ?? 5_000,
    heedsLifecycle: (valueAt('--signals') ?? 'lifecycle').includes('lifecycle'),
    namesCluster: valueAt('--cluster') !== undefined,
    readsTagByApi:
      !plan.machine.metadataTags ||
      valueAt('--tag-source') === 'ec2' ||
      plan.happenings.some(({ what }) => what === 'metadata-tags'),
  };
}

function lastOf(plan: Plan): number {
  const times = [
    0,
    ...plan.happenings.map(({ at }) => at),
    ...plan.faults.map(({ at, forMs = 0 }) => at + forMs),
    ...plan.kills.map((kill) => (kill.when === 'at' ? kill.at + kill.downMs : 0)),
    ...plan.tasks.map(({ at }) => at),
    ...(plan.elsewhere === 'full' ? plan.services.map(({ releasedAt }) => releasedAt) : []),
  ];
  return START + Math.max(...times);
}

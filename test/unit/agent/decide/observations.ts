import type { Observation, Policy } from '../../../../src/agent/model.ts';
import type { Hook } from '../../../../src/aws/auto-scaling.ts';
import type { Task } from '../../../../src/aws/ecs.ts';
import { known, unknown } from '../../../../src/base/reading.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
/** An arbitrary moment; the times of observations are relative to it. */
export const NOW = 1_800_000_000_000;

export const policy: Policy = {
  mode: 'drain',
  signals: ['tag', 'lifecycle', 'spot'],
  drainTimeout: undefined,
  onTimeout: 'wait',
  ignoreTasks: [],
  lifecycleHook: undefined,
  spotStopTasks: true,
  rebalanceTerminate: false,
};

export const CI = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/web/1';
export const draining = { kind: 'registered', cluster: 'web', arn: CI, status: 'DRAINING' } as const;
export const tag = { source: 'tag', value: 'true' } as const;
export const hook: Hook = { name: 'drain', heartbeatTimeout: HOUR, globalTimeout: 48 * HOUR };
export const inState = (state: string) => known({ kind: 'in-group', group: 'web-asg', state } as const);

export const taskOf = (id: string, more: Partial<Task> = {}): Task => ({
  arn: `arn:aws:ecs:eu-west-1:111122223333:task/web/${id}`,
  group: 'family:report',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  containerInstanceArn: CI,
  ...more,
});

/** Nothing was asked yet. */
export const nothing: Observation = {
  now: NOW,
  wallNow: NOW,
  signals: unknown('not asked yet'),
  identity: 'confirmed',
  containerInstance: unknown('not asked yet'),
  tasks: unknown('not asked yet'),
  lifecycle: unknown('not asked yet'),
  hooks: unknown('not asked yet'),
  retainsAbandoned: unknown('not asked yet'),
  memory: {},
  lastHeartbeat: undefined,
};

/** A drain in its first minute: DRAINING, one task left, its hook waiting. */
export const withTask: Observation = {
  ...nothing,
  signals: known([tag]),
  containerInstance: known(draining),
  tasks: known([taskOf('a')]),
  lifecycle: inState('Terminating:Wait'),
  hooks: known([hook]),
  retainsAbandoned: known(false),
  memory: {
    signalledAt: NOW - MINUTE,
    signals: [tag],
    drainingSetAt: NOW - MINUTE,
    waiting: { since: NOW - MINUTE, group: 'web-asg', hook },
  },
};

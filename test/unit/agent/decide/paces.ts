import type { DrainPace } from '../../../../src/agent/decide/drain-pace.ts';
import type { Asked, EcsView } from '../../../../src/agent/model.ts';
import { known } from '../../../../src/base/reading.ts';
import { inState, MINUTE, NOW, SECOND } from './observations.ts';

export { inState, MINUTE, NOW, SECOND };

export const at = (when: number): Asked => ({ at: when, answeredAt: when, isAsking: false, isStale: false });
export const never: Asked = { at: -Infinity, answeredAt: -Infinity, isAsking: false, isStale: true };
/** Due at once: the answer no longer counts. */
export const stale: Asked = { at: NOW, answeredAt: NOW, isAsking: false, isStale: true };
const task = { arn: 't', group: 'family:batch', lastStatus: 'RUNNING', desiredStatus: 'RUNNING' };
export const view: EcsView = {
  containerInstance: { kind: 'registered', cluster: 'web', arn: 'a', status: 'DRAINING' },
  tasks: known([task]),
  isListed: true,
  requests: 2,
  heard: 'a',
  own: [],
  gone: [],
};

/** A drain with a task that runs on the host, everything asked just now. */
export const draining: DrainPace = {
  now: NOW,
  phase: 'draining',
  jitter: 0,
  spread: 0,
  asked: {
    localTasks: at(NOW),
    ecsView: at(NOW),
    lifecycle: at(NOW),
    hooks: at(NOW),
    retention: at(NOW),
    explained: at(NOW),
  },
  ecsView: view,
  unclearSince: undefined,
  isOver: false,
  signalledAt: NOW - MINUTE,
  foundDrainingSince: undefined,
  isEcsCrowded: false,
  isQueued: false,
  queuedAt: undefined,
  mustDescribe: false,
  isReplacing: false,
  listsWhileActive: false,
  stopTasksAt: undefined,
  spotStopAt: undefined,
  letsGoAt: undefined,
  limitAt: undefined,
  registeredAnewAt: undefined,
  isRegistrationTold: true,
  lifecycle: inState('Terminating:Wait'),
  isTermination: true,
  contradictedSince: undefined,
  terminationSince: undefined,
  isSignalUnknown: false,
  isUnsignalled: false,
  isContradicted: false,
  isToTerminate: false,
  hearsOfTermination: true,
  heartbeatInterval: 10 * MINUTE,
  areHooksKnown: true,
  unclearInterval: undefined,
  heldAt: NOW,
  waitToldAt: undefined,
  strain: 0,
  heartbeatFailed: undefined,
  hookLimit: undefined,
  abandonAt: undefined,
  completedAt: undefined,
  terminatedAt: undefined,
  terminatingSince: undefined,
  emptySince: undefined,
  isHostBusy: true,
  tasksSeenHere: 1,
  areTasksTold: true,
  servicesSince: undefined,
};

/** The same once the host has no task any more. */
export const emptied = (since: number): Partial<DrainPace> => ({ isHostBusy: false, emptySince: since });

/** How many ms from now each question is due. */
export const inMs = (due: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(due).map(([question, when]) => [question, when - NOW]));

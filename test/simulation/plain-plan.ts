import type { Plan } from './plan.ts';

/** A drain in which nothing happens but a scale-in: stories change what they are about. */
export const plain: Plan = {
  seed: 1,
  flags: [],
  group: {
    hooks: [{ name: 'drain', heartbeatTimeout: 300, defaultResult: 'CONTINUE' }],
    ours: 'drain',
    retain: false,
  },
  machine: { metadataTags: true, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0 },
  world: { deregisterAgain: 'not-found', deregisterRefusedFor: 'not-stopped', timings: {} },
  elsewhere: 'room',
  tasks: [],
  services: [],
  happenings: [{ at: 20_000, what: 'scale-in' }],
  faults: [],
  kills: [],
  horizon: 20 * 60_000,
};

/** Runs so many ms, from `at` on. */
export const task = (runsFor: number, at = 0) => ({
  at,
  runsFor,
  ignoresSigterm: false,
  exitAfterSigterm: 500,
});

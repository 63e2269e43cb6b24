import type { GroupPlan, TaskPlan } from './plan.ts';

/** A task that is there from the start on, runs for so many ms, and ends half a second after SIGTERM. */
export const lasting = (runsFor: number): TaskPlan => ({
  at: 0,
  runsFor,
  ignoresSigterm: false,
  exitAfterSigterm: 500,
});

/** A group like this one, whose only hook is ours. Times are in s. */
export const withOurHook = (group: GroupPlan, hook: Omit<GroupPlan['hooks'][number], 'name'>): GroupPlan => ({
  ...group,
  hooks: [{ name: 'drain', ...hook }],
  ours: 'drain',
});

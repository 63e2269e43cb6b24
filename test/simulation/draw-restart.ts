import { lasting, withOurHook } from './draw-parts.ts';
import type { Span } from './draw-rare.ts';
import type { Happening, Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';

const SECOND = 1_000;
const MINUTE = 60_000;

/**
 * The agent is started anew in the middle of its drain, and what told the process before does not answer the next one: only the state
 * file can. Into one of a hundred runs, from a source of its own.
 */
export function addRestartInSilence(random: Random, plan: Plan, { start }: Span): Plan {
  if (!plan.group || !random.chance(1 / 100)) return plan;
  const calm: Plan = {
    ...plan,
    machine: { ...plan.machine, metadataTags: true, imdsAfter: 0, credentialsAfter: 0, ecsAgentAfter: 0 },
    services: [],
  };
  return random.pick([addWhileItWaits, addBeforeItWaits, addBeforeReplacement])(random, calm, start);
}

/** The hook has waited for a while. As a rule a task outlasts its global limit. */
function addWhileItWaits(random: Random, plan: Plan, start: number): Plan {
  const minutes = random.integer(7, 12);
  const limitAt = start + minutes * MINUTE;
  const diedAt = start + random.integer(5 * SECOND, (minutes - 6) * MINUTE);
  return {
    ...restarted(random, plan, diedAt),
    group: groupOf(random, plan, minutes * 60),
    tasks: [lasting(random.chance(0.6) ? limitAt + 5 * MINUTE : random.integer(diedAt, limitAt))],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: start + random.integer(0, 3 * SECOND), what: 'tag', value: random.pick(TAGS) },
      ...maybeUntagged(random, diedAt, 0.3),
    ],
    faults: drawSilences(random, diedAt, limitAt),
  };
}

/** The group has said that it terminates the instance, and not yet that the hook waits. Its own word may be all that is left. */
function addBeforeItWaits(random: Random, plan: Plan, start: number): Plan {
  const terminatingToWait = random.spread(5 * SECOND, 4 * MINUTE);
  const diedAt = start + Math.max(3 * SECOND, terminatingToWait + random.integer(-20, 2) * SECOND);
  const minutes = random.integer(8, 12);
  const limitAt = diedAt + minutes * MINUTE;
  const isUntagged = random.chance(0.5);
  const silences = isUntagged
    ? [silence(random, OF_GROUP, diedAt, random.spread(40 * SECOND, 5 * MINUTE))]
    : random.pick([[], drawSilences(random, diedAt, limitAt)]);
  return {
    ...restarted(random, plan, diedAt),
    flags: isUntagged || random.chance(0.2) ? ['--signals', 'tag,spot'] : [],
    group: groupOf(random, plan, minutes * 60),
    world: { ...plan.world, timings: { ...plan.world.timings, terminatingToWait } },
    tasks: [lasting(random.chance(0.6) ? limitAt + 5 * MINUTE : random.integer(diedAt, limitAt))],
    happenings: [
      { at: start, what: 'scale-in' },
      { at: start + random.integer(0, 2 * SECOND), what: 'tag', value: random.pick(TAGS) },
      ...maybeUntagged(random, diedAt, isUntagged ? 1 : 0.3),
    ],
    faults: silences,
  };
}

/** The root volume is to be replaced, an operator's tag asks for the instance as well, and the group falls silent. */
function addBeforeReplacement(random: Random, plan: Plan, start: number): Plan {
  const diedAt = start + random.integer(5 * SECOND, MINUTE);
  const endsAt = diedAt + random.integer(0, MINUTE);
  return {
    ...restarted(random, plan, diedAt),
    world: { ...plan.world, rootVolumeTarget: 'InService' },
    tasks: [lasting(endsAt)],
    happenings: [
      { at: start, what: 'replace-root-volume' },
      { at: start + random.integer(0, 3 * SECOND), what: 'tag', value: 'true' },
      ...maybeUntagged(random, diedAt, 0.3),
    ],
    faults: [silence(random, OF_GROUP, diedAt, 5 * MINUTE)],
  };
}

/** Which hook is ours, where there are two. */
const TAGS = ['hook=drain', 'hook=drain time=2026-01-02T03:04:05Z'];

function restarted(random: Random, plan: Plan, diedAt: number): Plan {
  const flags = random.chance(0.2) ? ['--signals', 'tag,spot'] : [];
  const downMs = random.spread(100, 10 * SECOND);
  return { ...plan, flags, kills: [{ when: 'at', at: diedAt, downMs, state: 'kept' }] };
}

function groupOf(random: Random, plan: Plan, globalTimeout: number): Plan['group'] {
  const defaultResult = random.pick(['ABANDON', 'CONTINUE'] as const);
  const hook = { heartbeatTimeout: random.integer(60, 400), globalTimeout, defaultResult };
  const group = plan.group && withOurHook(plan.group, hook);
  if (!group) return undefined;
  const others = random.chance(0.4)
    ? [{ name: 'backup', heartbeatTimeout: 3_600, defaultResult } as const]
    : [];
  return { ...group, retain: random.chance(0.7), hooks: [...group.hooks, ...others] };
}

const maybeUntagged = (random: Random, diedAt: number, chance: number): readonly Happening[] =>
  random.chance(chance) ? [{ at: diedAt + random.integer(-10, 10) * SECOND, what: 'untag' }] : [];

/** Up to three sources fall silent with the process, or a moment before, as a rule for as long as the hook waits. */
const drawSilences = (random: Random, diedAt: number, limitAt: number): readonly PlannedFault[] =>
  Array.from({ length: random.pick([1, 1, 2, 3]) }, () =>
    silence(
      random,
      random.pick(SOURCES),
      diedAt,
      random.chance(0.7) ? limitAt - diedAt + MINUTE : random.spread(20 * SECOND, 10 * MINUTE),
    ),
  );

const silence = (
  random: Random,
  match: PlannedFault['match'],
  diedAt: number,
  forMs: number,
): PlannedFault => ({
  at: diedAt - random.integer(-500, 2 * SECOND),
  match,
  fault: { what: random.pick(['reset', '5xx', 'garbage'] as const) },
  forMs,
});

const OF_GROUP = { api: 'autoscaling:DescribeAutoScalingInstances' };
const SOURCES: readonly PlannedFault['match'][] = [
  { api: 'autoscaling:DescribeAutoScalingGroups' },
  OF_GROUP,
  { api: 'autoscaling:DescribeLifecycleHooks' },
  { api: 'ecs:DescribeContainerInstances' },
  { api: 'ecs:ListContainerInstances' },
  { service: 'imds', path: 'target-lifecycle-state' },
  { service: 'imds', path: 'tags/instance' },
  { service: 'introspection' },
];

import { hookChoice, isCompleted, leavingGroup } from '../decide/facts.ts';
import type { Action, HookChoice, Observation, Policy } from '../model.ts';
import type { Blocked } from './blocked.ts';
import { hookProblem, WHAT } from './words.ts';

/** Something that somebody must fix before the drain can go on, or before one can begin. */
export type Problem = {
  readonly kind: (typeof PROBLEM_KINDS)[number];
  /** In plain words. */
  readonly why: string;
  /** What to do about it. */
  readonly fix: string;
  /** The permission that is missing, where one is. */
  readonly iamAction?: string | undefined;
  /** ISO time since which this process has seen it. */
  readonly since?: string | undefined;
};

export const PROBLEM_KINDS = [
  /** A policy forbids a call. */
  'permission',
  /** AWS takes the host's credentials for none. */
  'credentials',
  /** An API does not answer, throttles for long, or refuses. */
  'aws',
  /** Which lifecycle hook is the agent's cannot be told. */
  'hook-unclear',
  /** The host's ECS agent does not answer, or is not connected to ECS. */
  'ecs-agent',
  /** A service does not move its tasks away. */
  'service',
  /** ECS may never hear of the end of a task of an earlier container instance. */
  'earlier-registration',
  /** The operator's own hooks fail, and hold the instance. */
  'operator-hooks',
  /** Instance metadata does not answer. */
  'metadata',
  /** Instance metadata names another instance than at the start. */
  'identity',
  /** Something else that the drain needs is not known. */
  'unknown',
] as const;

/** What must be fixed, as far as one observation tells. */
export function problemsOf(
  observed: Observation,
  action: Action,
  policy: Policy,
  blockedBy: readonly Blocked[],
): readonly Problem[] {
  const hook = unclearHook(observed, action, policy);
  return [
    ...(action.kind === 'refuse' ? [CHANGED] : []),
    ...(observed.signals.kind === 'unknown' ? [unknownSignals(observed.signals.cause)] : []),
    ...(hook ? [hook] : []),
    ...waited(action),
    ...blockedBy.flatMap(({ kind, why, fix }): Problem[] =>
      fix === undefined ? [] : [{ kind: isOwnKind(kind) ? kind : 'service', why, fix }],
    ),
  ];
}

const isOwnKind = (kind: Blocked['kind']) => kind === 'ecs-agent' || kind === 'earlier-registration';

const CHANGED: Problem = {
  kind: 'identity',
  why: 'instance metadata names another instance than at the start, so the agent changes nothing',
  fix: 'find out what answers at the metadata address, and fix it',
};

/** The cause is as different as what to do, which the message names where it does not pass by itself. */
const SEE_MESSAGE = 'see what the message names; ecs-drain-agent doctor says more';

const unknownSignals = (cause: string): Problem => ({
  kind: 'metadata',
  why: `it is not known whether this instance must go: ${cause}`,
  fix: SEE_MESSAGE,
});

/** Without our heartbeats the hook runs into its time-out, whatever is left on the instance. */
function unclearHook(observed: Observation, action: Action, policy: Policy): Problem | undefined {
  const isAsked = action.kind === 'wait' && action.why.for === 'hook-choice';
  const isWaiting = leavingGroup(observed)?.stage === 'waiting' && !isCompleted(observed.memory);
  if (!isAsked && !isWaiting) return undefined;
  const choice = hookChoice(observed, policy);
  if (choice.kind === 'ours' || choice.kind === 'unknown') return undefined;
  if (choice.kind === 'none' && !isAsked) return undefined;
  return {
    kind: 'hook-unclear',
    why: `${hookProblem(choice).replace(': set --lifecycle-hook to ours', '')}: the agent records no heartbeat and completes no hook, so the hook runs into its time-out`,
    fix: hookFix(choice),
  };
}

function hookFix(choice: Exclude<HookChoice, { kind: 'ours' | 'unknown' }>): string {
  if (choice.kind === 'none' || choice.names.length === 0)
    return 'give the group a terminating lifecycle hook for the agent (docs/deploy.md)';
  return `set --lifecycle-hook (ECS_DRAIN_LIFECYCLE_HOOK) to the agent's own, one of ${choice.names.join(', ')}, and restart the agent`;
}

/** What the drain waits to learn. What a call's failure explains is said of the call, and what passes soon is not shown. */
function waited(action: Action): readonly Problem[] {
  if (action.kind !== 'wait') return [];
  const { why } = action;
  switch (why.for) {
    case 'operator-hooks':
      return why.state === 'failed'
        ? [
            {
              kind: 'operator-hooks',
              why: 'the hooks of stage drained fail, and --hook-failure hold keeps the instance until they succeed',
              fix: 'fix or remove the hook that fails: its lines are in the log (hook.failed, hook.output)',
            },
          ]
        : [];
    case 'container-instance':
    case 'task-list':
    case 'group-state':
      return [
        {
          kind: 'unknown',
          why: `the ${WHAT[why.for]} ${why.for === 'task-list' ? 'are' : 'is'} not known: ${why.cause}`,
          fix: SEE_MESSAGE,
        },
      ];
    default:
      return [];
  }
}

import { MANAGED_DRAINING_HOOK } from '../../src/config/options.ts';
import type { ContainerInstance, LifecycleAction } from '../../src/sandbox/world/state.ts';
import type { LifecycleState } from '../../src/sandbox/world/statuses.ts';
import type { Plan } from './plan.ts';
import { type Stage, TAG_KEY } from './stage.ts';

/** What is true in the World, whatever the agent could learn of it. */
export type Truth = {
  /** Tasks on the instance that ECS has not STOPPED. */
  tasksLeft(): number;
  /** Whether something says that the instance must go, of what the agent is told to heed. */
  isSignalled(): boolean;
  /** False where it is told to read the tag from metadata that serves no tags: then nothing can tell. */
  canTell(): boolean;
  lifecycleState(): LifecycleState | undefined;
  isTerminating(): boolean;
  containerInstance(): ContainerInstance | undefined;
  /** The name of the hook that is ours to complete; undefined where nothing says which. */
  ours(): string | undefined;
  /** Our hook's lifecycle action, while it waits. */
  waitingForUs(): LifecycleAction | undefined;
  /** A hook that the tag's value named once counts for the rest of the run. */
  noteTag(value: string): void;
};

export function createTruth(plan: Plan, { machine }: Stage, manual: { requested: boolean }): Truth {
  const flag = (name: string) => {
    const index = plan.flags.indexOf(name);
    return index < 0 ? undefined : plan.flags[index + 1];
  };
  const signals = (flag('--signals') ?? 'tag,lifecycle,spot').split(',');
  const tagSource = flag('--tag-source') ?? 'auto';
  const candidates = (plan.group?.hooks ?? [])
    .map(({ name }) => name)
    .filter((name) => name !== MANAGED_DRAINING_HOOK);
  let named: string | undefined;

  const isTagged = () => {
    const value = machine.tags.get(TAG_KEY);
    if (value === undefined || value.trim().toLowerCase() === 'false') return false;
    return tagSource !== 'imds' || machine.imds.tags;
  };
  const ours = () => {
    const wanted = flag('--lifecycle-hook') ?? named;
    if (wanted !== undefined) return candidates.includes(wanted) ? wanted : undefined;
    return candidates.length === 1 ? candidates[0] : undefined;
  };
  const state = () => machine.member?.state;
  return {
    tasksLeft: () => {
      let left = 0;
      for (const task of machine.ecsAgent.tasks) if (task.lastStatus !== 'STOPPED') left++;
      return left;
    },
    isSignalled: () =>
      (signals.includes('tag') && isTagged()) ||
      (signals.includes('lifecycle') && machine.imds.targetLifecycleState === 'Terminated') ||
      (signals.includes('spot') && machine.imds.spotAction !== undefined) ||
      (signals.includes('rebalance') && machine.imds.rebalanceNoticeAt !== undefined) ||
      manual.requested,
    canTell: () => !signals.includes('tag') || tagSource !== 'imds' || machine.imds.tags,
    lifecycleState: state,
    isTerminating: () => state()?.startsWith('Terminat') ?? false,
    containerInstance: () => machine.ecsAgent.containerInstance,
    ours,
    waitingForUs: () => {
      const name = ours();
      if (state() !== 'Terminating:Wait' || name === undefined) return undefined;
      return machine.member?.actions.find(
        (action) => action.state === 'waiting' && action.hook.name === name,
      );
    },
    noteTag: (value) => {
      named = /(?:^|\s)hook=(\S+)/.exec(value)?.[1] ?? named;
    },
  };
}

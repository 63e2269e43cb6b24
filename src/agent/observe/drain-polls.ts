import type { AutoScaling, Lifecycle } from '../../aws/auto-scaling.ts';
import type { Task } from '../../aws/ecs.ts';
import { ifKnown, known, type Reading, unknown } from '../../base/reading.ts';
import type { EcsAgent } from '../../host/ecs-agent.ts';
import { isAssumed, KEPT_MS } from '../decide/facts.ts';
import { leaving } from '../decide/group-state.ts';
import type { Asked, DrainQuestion, EcsView, Explained, ViewKind } from '../model.ts';
import type { DrainPolls, Poll, SeenInDrain, SeenTask } from '../polls.ts';
import { LAG_MS } from './ecs-lag.ts';
import type { ReadEcsView } from './ecs-view.ts';
import type { Explain } from './explain.ts';
import { createPoll, type PollPorts } from './poll.ts';
import { goneBy, noteListed } from './tasks.ts';

export type DrainPollPorts = {
  readonly ecsAgent: Pick<EcsAgent, 'tasks'>;
  readonly autoScaling: Pick<AutoScaling, 'lifecycle' | 'terminatingHooks' | 'retainsAbandoned'>;
  readonly readEcsView: ReadEcsView;
  /** What metadata tells of a group that terminates the instance. Absent: it is not asked. */
  readonly groupInMetadata?: (() => Promise<Lifecycle | undefined>) | undefined;
  /**
   * Whether metadata's word may stand for the group's: nothing is known yet of this drain's lifecycle action, and we have not told
   * the group to terminate the instance. Whether it was retained once more since then only the group itself says.
   */
  readonly mayAssumeWait: () => boolean;
  /** Absent: nobody wants to know why a drain waits. */
  readonly explain?: Explain | undefined;
  /** What the next view of ECS is to read. */
  readonly nextViewKind: () => ViewKind;
  /**
   * ARNs of the tasks that were left when ECS was last heard. Those that an earlier process left were on this host when it
   * ended: they count as that agent's last word.
   */
  readonly tasksLeft: () => readonly string[];
  /** Whether a lifecycle action was last known to wait for this instance. */
  readonly isWaiting: () => boolean;
  /** When the last heartbeat was recorded, in ms by the agent's clock: then it waited. -Infinity where the last one was not. */
  readonly heldAt: () => number;
  /** Whether the group itself has said that it terminates the instance, and we have not let it go. */
  readonly isTerminating: () => boolean;
  /** Since when the tag has had its value, as far as it was read: what the group said before says nothing of what it tells of. */
  readonly tagSince: () => number;
  /** Whether the drain does not wait for this task. */
  readonly isIgnored: (task: Task) => boolean;
  /** ECS has been asked, and this is what it says. */
  readonly onView: (view: EcsView) => void;
};

export function createDrainPolls(
  source: DrainPollPorts,
  ports: PollPorts,
): { readonly polls: DrainPolls; readonly seenInDrain: () => SeenInDrain } {
  const { autoScaling } = source;
  const onHost = new Map<string, SeenTask>(
    source
      .tasksLeft()
      .map((arn) => [
        arn,
        { arn, family: '', knownStatus: 'UNKNOWN', since: -Infinity, at: ports.clock.now() },
      ]),
  );
  const gone = new Set<string>();
  const ignored = new Set<string>();
  let emptySince: number | undefined;
  let onlyIgnoredSince: number | undefined;
  let silentSince: number | undefined;
  let terminatingSince: number | undefined;
  let notWaitingAt: number | undefined;
  let kept: { readonly since: number; readonly until: number } | undefined;
  /** Since when a group that had said that it terminates the instance has been saying that it does not. */
  let takenBackSince: number | undefined;
  /** Since when the group whose lifecycle action waits has not listed the instance. */
  let nowhereSince: number | undefined;

  const localTasks = createPoll(
    'localTasks',
    () => source.ecsAgent.tasks(),
    ports,
    (tasks, at) => {
      const listed = ifKnown(tasks);
      const now = ports.clock.now();
      // Since the answer: a release rests on what ECS is asked after this, and the last task may have ended while the host was asked.
      emptySince = listed?.length === 0 ? (emptySince ?? now) : undefined;
      const hasNoOther = listed?.every(({ arn }) => ignored.has(arn)) === true;
      onlyIgnoredSince = hasNoOther ? (onlyIgnoredSince ?? now) : undefined;
      // Since the question: an answer that does not come can take seconds to be given up.
      silentSince = listed ? undefined : (silentSince ?? at);
      if (listed) noteListed(listed, onHost, gone, at);
    },
  );
  const ecsView: Poll<EcsView> = createPoll(
    'ecsView',
    () => {
      const seenHere = [...onHost.keys()].filter((arn) => !gone.has(arn));
      const byName = [...new Set([...source.tasksLeft(), ...seenHere])];
      return source.readEcsView(source.nextViewKind(), ecsView.lastKnown(), byName);
    },
    ports,
    (view) => {
      if (view.kind === 'unknown') return;
      for (const arn of goneBy(view.value, onHost, ports.clock.now())) gone.add(arn);
      for (const task of ifKnown(view.value.tasks) ?? []) if (source.isIgnored(task)) ignored.add(task.arn);
      source.onView(view.value);
    },
  );
  const lifecycle: Poll<Lifecycle> = createPoll<Lifecycle>(
    'lifecycle',
    async () => {
      const askedAt = ports.clock.now();
      const state = (await assumed()) ?? (await autoScaling.lifecycle());
      if (isNowhereLately(state, askedAt))
        return unknown('the group waits for this instance, and yet Auto Scaling lists it in none');
      return isTakenBackLately(state, askedAt)
        ? unknown(
            'the group terminates this instance, and yet Auto Scaling says that it stays; asking once more',
          )
        : known(state);
    },
    ports,
    (state, at) => {
      if (state.kind === 'unknown') return;
      const where = state.value.kind === 'in-group' ? leaving(state.value.state) : undefined;
      const isHeard = !isAssumed(state.value);
      if (isHeard && where?.stage !== 'waiting') notWaitingAt = at;
      terminatingSince = isHeard && where?.stage === 'begun' ? (terminatingSince ?? at) : undefined;
      const isKept = state.value.kind === 'in-group' && !where;
      // Its hooks may be others by now than those that it had while it kept the instance.
      if (kept && where) hooks.invalidate();
      const since = kept && kept.since >= source.tagSince() ? kept.since : at;
      kept = isKept ? { since, until: at } : undefined;
    },
  );
  /** Nothing detaches an instance whose lifecycle action waits, and its heartbeats would end: one answer may be behind. */
  function isNowhereLately(state: Lifecycle, askedAt: number): boolean {
    nowhereSince = state.kind === 'no-group' && source.isWaiting() ? (nowhereSince ?? askedAt) : undefined;
    if (nowhereSince === undefined) return false;
    return askedAt - nowhereSince < LAG_MS || source.heldAt() >= nowhereSince;
  }
  /** No group takes a termination back, so one answer, of a replica that is behind, is not its word. */
  function isTakenBackLately(state: Lifecycle, askedAt: number): boolean {
    const isLeaving = state.kind === 'in-group' && leaving(state.state) !== undefined;
    takenBackSince = isLeaving || !source.isTerminating() ? undefined : (takenBackSince ?? askedAt);
    return takenBackSince !== undefined && askedAt - takenBackSince < KEPT_MS;
  }
  /** While tasks run here, the first heartbeat tells as much as the group would: it is asked later. */
  async function assumed(): Promise<Lifecycle | undefined> {
    if (lifecycle.lastKnown() || !source.groupInMetadata || !source.mayAssumeWait()) return undefined;
    const group = await source.groupInMetadata();
    return group && ifKnown(await source.ecsAgent.tasks())?.length ? group : undefined;
  }
  const inGroup = <T>(read: (group: string) => Promise<T>): (() => Promise<Reading<T>>) => {
    return async () => {
      const state = lifecycle.lastKnown();
      return state?.kind === 'in-group'
        ? known(await read(state.group))
        : unknown('the instance is in no group');
    };
  };
  const hooks = createPoll('hooks', inGroup(autoScaling.terminatingHooks), ports);
  const explained = createPoll<Explained>(
    'explained',
    async () => {
      const { containerInstance, tasks } = ifKnown(ecsView.reading()) ?? {};
      if (!source.explain || containerInstance?.kind !== 'registered' || tasks?.kind !== 'known') {
        return unknown('nothing to explain');
      }
      return known(await source.explain(containerInstance.cluster, tasks.value));
    },
    ports,
  );

  return {
    polls: {
      localTasks,
      ecsView,
      lifecycle,
      hooks,
      retention: createPoll('retention', inGroup(autoScaling.retainsAbandoned), ports),
      explained,
    },
    seenInDrain: () => {
      const keptForMs = kept && kept.since >= source.tagSince() ? kept.until - kept.since : undefined;
      return {
        onHost,
        gone,
        ignored,
        silentSince,
        emptySince,
        onlyIgnoredSince,
        terminatingSince,
        keptForMs,
        notWaitingAt,
      };
    },
  };
}

/** How the questions of a drain are doing. */
export const askedIn = (polls: DrainPolls): Record<DrainQuestion, Asked> => ({
  localTasks: polls.localTasks.asked(),
  ecsView: polls.ecsView.asked(),
  lifecycle: polls.lifecycle.asked(),
  hooks: polls.hooks.asked(),
  retention: polls.retention.asked(),
  explained: polls.explained.asked(),
});

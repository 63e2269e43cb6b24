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
  /** What metadata says about a group that terminates the instance. Absent: metadata is not asked for it. */
  readonly groupInMetadata?: (() => Promise<Lifecycle | undefined>) | undefined;
  /**
   * Whether metadata's word may stand for the group's: nothing is known yet about this drain's lifecycle action, and we have not
   * told the group to terminate the instance. If we have, only the group itself says whether it has retained the instance once
   * more.
   */
  readonly mayAssumeWait: () => boolean;
  /** Absent: the reasons why a drain waits are not asked for. */
  readonly explain?: Explain | undefined;
  /** What the next view of ECS is to read. */
  readonly nextViewKind: () => ViewKind;
  /**
   * ARNs of the tasks that were left when ECS last answered. Tasks that an earlier process kept were on this host when that
   * process ended: they count as the ECS agent's last word.
   */
  readonly tasksLeft: () => readonly string[];
  /**
   * When an earlier process first saw the latest of those that it kept, in ms by the agent's clock: ECS may not know that one yet. -Infinity
   * where it kept none.
   */
  readonly tasksLeftAt: number;
  /** Whether a lifecycle action was last known to wait for this instance. */
  readonly isWaiting: () => boolean;
  /**
   * When the last heartbeat was recorded, which shows that the action waited then, in ms by the agent's clock. -Infinity if the
   * last one was not recorded.
   */
  readonly heldAt: () => number;
  /** Whether the group itself has said that it terminates the instance, and we have not let it go. */
  readonly isTerminating: () => boolean;
  /** Since when the tag has had its value, as far as it was read: what the group said before then says nothing about the tag's event. */
  readonly tagSince: () => number;
  /** Whether the drain does not wait for this task. */
  readonly isIgnored: (task: Task) => boolean;
  /** Called with each answer of ECS. */
  readonly onView: (view: EcsView) => void;
};

export function createDrainPolls(
  source: DrainPollPorts,
  ports: PollPorts,
): {
  readonly polls: DrainPolls;
  readonly seenInDrain: () => SeenInDrain;
  /** The host has stood still: nobody was asked meanwhile, so the silence of its ECS agent counts anew. */
  readonly forgetSilence: () => void;
} {
  const { autoScaling } = source;
  const onHost = new Map<string, SeenTask>(
    source.tasksLeft().map((arn) => {
      const at = ports.clock.now();
      return [arn, { arn, family: '', knownStatus: 'UNKNOWN', since: source.tasksLeftAt, at }];
    }),
  );
  const gone = new Set<string>();
  const ignored = new Set<string>();
  let emptySince: number | undefined;
  let onlyIgnoredSince: number | undefined;
  let silentSince: number | undefined;
  let terminatingSince: number | undefined;
  let notWaitingAt: number | undefined;
  let kept: { readonly since: number; readonly until: number } | undefined;
  /** Since when the group contradicts its earlier word that it terminates the instance. */
  let takenBackSince: number | undefined;
  /** Since when Auto Scaling lists the instance in no group, although its lifecycle action waits. */
  let nowhereSince: number | undefined;

  const localTasks = createPoll(
    'localTasks',
    () => source.ecsAgent.tasks(),
    ports,
    (tasks, at) => {
      const listed = ifKnown(tasks);
      const now = ports.clock.now();
      // Counts from the answer: a release rests on what ECS is asked after this, and the last task may have ended while the host was asked.
      emptySince = listed?.length === 0 ? (emptySince ?? now) : undefined;
      const hasNoOther = listed?.every(({ arn }) => ignored.has(arn)) === true;
      onlyIgnoredSince = hasNoOther ? (onlyIgnoredSince ?? now) : undefined;
      // Counts from the question: it can take seconds to give up an answer that does not come.
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
      const state = (await assumed()) ?? (await heard());
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
      const isKept = isHeard && !where;
      // The group's hooks may have changed since they were read, while it kept the instance.
      if (kept && where) hooks.invalidate();
      const since = kept && kept.since >= source.tagSince() ? kept.since : at;
      kept = isKept ? { since, until: at } : undefined;
    },
  );
  /**
   * Nothing detaches an instance whose lifecycle action waits, and heartbeats would end if it were believed. So a single answer
   * may come from a replica that lags.
   */
  function isNowhereLately(state: Lifecycle, askedAt: number): boolean {
    nowhereSince = state.kind === 'no-group' && source.isWaiting() ? (nowhereSince ?? askedAt) : undefined;
    if (nowhereSince === undefined) return false;
    return askedAt - nowhereSince < LAG_MS || source.heldAt() >= nowhereSince;
  }
  /** No group takes a termination back, so a single answer to the contrary may come from a replica that lags, and does not count. */
  function isTakenBackLately(state: Lifecycle, askedAt: number): boolean {
    const isLeaving = state.kind === 'in-group' && leaving(state.state) !== undefined;
    const isTakenBack = !isLeaving && source.isTerminating();
    // A heartbeat that was recorded since tells that the answer before was old.
    takenBackSince = isTakenBack ? Math.max(takenBackSince ?? askedAt, source.heldAt()) : undefined;
    return takenBackSince !== undefined && askedAt - takenBackSince < KEPT_MS;
  }
  /** While tasks run here, the first heartbeat tells as much as the group would, so the group is asked later. */
  async function assumed(): Promise<Lifecycle | undefined> {
    if (lifecycle.lastKnown() || !source.groupInMetadata || !source.mayAssumeWait()) return undefined;
    const group = await source.groupInMetadata();
    return group && ifKnown(await source.ecsAgent.tasks())?.length ? group : undefined;
  }
  /** While the group does not answer, metadata's word keeps the hook alive, whether or not the ECS agent tells its tasks. */
  async function heard(): Promise<Lifecycle> {
    try {
      return await autoScaling.lifecycle();
    } catch (error) {
      const isFirst = lifecycle.lastKnown() === undefined && source.mayAssumeWait();
      const told = isFirst ? await source.groupInMetadata?.() : undefined;
      if (!told) throw error;
      return told;
    }
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
    forgetSilence: () => {
      silentSince = undefined;
    },
  };
}

/** When each question of a drain was asked, and with what success. */
export const askedIn = (polls: DrainPolls): Record<DrainQuestion, Asked> => ({
  localTasks: polls.localTasks.asked(),
  ecsView: polls.ecsView.asked(),
  lifecycle: polls.lifecycle.asked(),
  hooks: polls.hooks.asked(),
  retention: polls.retention.asked(),
  explained: polls.explained.asked(),
});

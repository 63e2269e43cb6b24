/** Requests a minute that one agent may send to one API. */
export const PER_MINUTE = 12;

/** What one process of an agent has been told, and what it has asked. Times are in ms since the Unix epoch. */
export type Process = {
  readonly bornAt: number;
  /** What it says that it is doing. Undefined where nobody can ask it. */
  readonly doing: (() => string) | undefined;
  /** How far the host's clock was ahead when it started, in ms: the agent's own clock follows no later setting. */
  readonly clockAheadMs: number;
  /** When it was told to end. */
  stoppingAt: number | undefined;

  /** When it first said that it was at work on the present drain. */
  takenUpAt: number | undefined;
  /** The instance that metadata named first: it takes that for its own name. */
  identity: string | undefined;
  /** Since when it has been told another one. */
  toldOtherAt: number | undefined;
  /** Metadata has told it of a Spot interruption. */
  isToldOfSpot: boolean;
  /** What metadata last said of each source of signals. */
  readonly words: Map<string, Word>;
  /** When metadata, or DescribeTags, last told it of signals. */
  signalsReadAt: number;
  /** When the ECS agent last failed to answer it. */
  introspectionFailedAt: number;
  /** Since when the ECS agent has not listed its tasks; undefined while it does. */
  untoldOfTasksSince: number | undefined;
  /** When the ECS agent first answered it; Infinity where it never did. */
  introspectionAnsweredAt: number;

  /** API → when it last had a good answer. */
  readonly answeredAt: Map<string, number>;
  /** When DescribeTags first answered it after the last signal had gone; earlier where it has not since. */
  tagReadAt: number;
  /** When DescribeTags last told it that the tag is gone and nothing else asked for the instance: then the drain was over, as it was told. */
  toldUnaskedAt: number;
  /** When it first learnt the hooks of its group. */
  hooksReadAt: number;
  /** When it first learnt the hooks, or the policy, as its group has them since their last change; Infinity before. */
  hooksReadAnewAt: number;
  policyReadAnewAt: number;
  /** API → its requests within the last minute. */
  readonly sent: Map<string, number[]>;
  /** When it has asked ECS within the last five minutes, in a drain that was over and waited. */
  readonly asksInVain: number[];
  /** By `stopIn`: when AWS has answered it that the task is asked to stop. */
  readonly stopAskedAt: Map<string, number>;
  /** By desired status: what it has listed of the tasks, in this drain. */
  readonly listed: Map<string, ListRead>;
  /** When it last asked for the state in the group. */
  groupAskedAt: number;
  /** Since when it may have wanted to, in ms. */
  groupAskedFrom: number;
  /** When it last asked metadata for events that EC2 has scheduled, in ms. */
  scheduledReadAt: number;
  /** When it last began to set the instance ACTIVE: then it has seen that nothing asks for it any more. */
  givesBackAt: number;
  /** The state in the group, as it was last told. `none`: it is in no group. */
  lifecycle: string | undefined;
  /** Its group has told it that it terminates the instance, and has not taken that back for a while since. */
  isToldToGo: boolean;
  /** Since when it has been told otherwise; undefined where the last answer told so. */
  toldOtherwiseSince: number | undefined;
  /** ARNs of container instances that the host, or ECS, has named to it. */
  readonly toldOf: Set<string>;
  /** By ARN: when ECS last listed the container instances of the host without one that it has registered. */
  readonly unlistedAt: Map<string, number>;
  /** When it was last not allowed to list them. */
  listDeniedAt: number;
  /** By the input of a request to ListTasks: when it was sent. */
  readonly listsAskedAt: WeakMap<object, number>;
  /** What ECS last told it of its container instance, with no task on it, and when: answers of ECS lag. */
  toldEmpty: { readonly at: number; readonly arn: string | undefined; readonly status: string } | undefined;
  /** When ECS told it that its container instance is ACTIVE; -Infinity where its last answer did not. */
  toldActiveAt: number;
  /** ECS last counted tasks on one of the host's container instances: what it lists beside that is no word that none is left. */
  isToldBusy: boolean;
  /** When ECS last counted a task here, if none of its lists has shown one since; -Infinity otherwise. */
  countedUnlistedAt: number;
  /** A call that sets DRAINING has been sent, and its answer has not come. */
  isSettingDraining: boolean;
  /** When AWS answered it that our lifecycle action has ended. */
  completedAt: number;
};

/**
 * A page that names another one is not the list. What was listed before counts until the list is begun once more.
 */
export type ListRead = { isWhole: boolean; isUnfinished: boolean };

/** What metadata says of one source of signals: `value` is undefined where that asks for nothing. */
export type Word = { readonly value: string | undefined; readonly since: number; readonly at: number };

export function createProcess(at: number, doing: (() => string) | undefined, clockAheadMs: number): Process {
  return {
    bornAt: at,
    doing,
    clockAheadMs,
    stoppingAt: undefined,
    takenUpAt: undefined,
    identity: undefined,
    toldOtherAt: undefined,
    isToldOfSpot: false,
    words: new Map(),
    signalsReadAt: -Infinity,
    introspectionFailedAt: -Infinity,
    untoldOfTasksSince: undefined,
    introspectionAnsweredAt: Infinity,
    tagReadAt: -Infinity,
    toldUnaskedAt: -Infinity,
    hooksReadAt: Infinity,
    hooksReadAnewAt: Infinity,
    policyReadAnewAt: Infinity,
    answeredAt: new Map(),
    sent: new Map(),
    asksInVain: [],
    stopAskedAt: new Map(),
    listed: new Map(),
    groupAskedAt: -Infinity,
    groupAskedFrom: -Infinity,
    scheduledReadAt: -Infinity,
    givesBackAt: -Infinity,
    lifecycle: undefined,
    isToldToGo: false,
    toldOtherwiseSince: undefined,
    toldOf: new Set(),
    unlistedAt: new Map(),
    listDeniedAt: -Infinity,
    listsAskedAt: new WeakMap(),
    toldActiveAt: -Infinity,
    toldEmpty: undefined,
    isToldBusy: false,
    countedUnlistedAt: -Infinity,
    isSettingDraining: false,
    completedAt: Infinity,
  };
}

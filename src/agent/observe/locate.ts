import type { Described, Ecs } from '../../aws/ecs.ts';
import { AwsError, isNoCluster, isRefusal } from '../../aws/errors.ts';
import { known, type Reading, unknown } from '../../base/reading.ts';
import { type Registration, toRegistration } from '../../host/ecs-agent.ts';
import type { Heard } from '../model.ts';
import { CONTRADICTION_MS, LAG_MS } from './ecs-lag.ts';

/** Where this host is registered, according to ECS. */
export type Located =
  | {
      readonly kind: 'registered';
      readonly cluster: string;
      readonly arn: string;
      readonly status: string;
      readonly taskCount: number;
      readonly agentConnected: boolean;
      /** The ARN of a container instance that registered later, as long as ECS may not know yet which of them the host is. */
      readonly newer?: string;
    }
  /** ECS has let go of the container instance. `forgotten`: it cannot be described any more. */
  | { readonly kind: 'gone'; readonly cluster: string; readonly arn: string; readonly isForgotten: boolean }
  | { readonly kind: 'never-registered' };

export type Whereabouts = {
  readonly located: Located;
  /** All container instances that ECS itself has said run on this EC2 instance. */
  readonly own: readonly Registration[];
  /** When ECS said so of the container instance that is registered, in ms by the agent's clock; what was asked after it can have waited. */
  readonly describedAt?: number | undefined;
  /** When the first of the clusters that this host can be in was asked for it and answered, in ms by the agent's clock. */
  readonly listedAt?: number | undefined;
};

export type LocatePorts = {
  readonly ecs: Pick<Ecs, 'find' | 'describe'>;
  /** Our own, from instance metadata. */
  readonly instanceId: string;
  /** The cluster that the operator names, with our option or in the ECS agent's own configuration. */
  readonly cluster: () => string | undefined;
  /** The cluster in the ECS agent's own configuration. If the option names another one, the host may be in either. */
  readonly configuredCluster?: (() => string | undefined) | undefined;
  /** The container instances that the ECS agent has said this host is, now or earlier, and since when that is known. */
  readonly heard: () => readonly Heard[];
  /** The container instances that ECS has said run on this EC2 instance, in this drain or before, and since when it is known. */
  readonly own: () => readonly Heard[];
  /** Whether the role was ever allowed to list container instances, and that it was. */
  readonly mayList: () => boolean;
  readonly noteMayList: () => void;
  /** The ARN of the container instance that the agent has set DRAINING; undefined where it has set none so. */
  readonly drainingSetOn: () => string | undefined;
  /** Written here, and shared by all drains of a process. */
  readonly registeredAt: RegisteredAt;
  /** In ms by the agent's clock. */
  readonly now: () => number;
};

/** By ARN, when ECS first and last described a container instance of this host as registered, in ms by the agent's clock. */
export type RegisteredAt = Map<string, { readonly first: number; readonly last: number }>;

/**
 * Finds this host in ECS. Rejects with an AwsError if ECS does not answer.
 *
 * @param said what the ECS agent says now
 * @param letGo the container instance that ECS is known to have let go, in this drain
 * @param purpose `give-back` where the drain is over: then the one that the agent set DRAINING is asked for, and what the host claims to be
 *   by now is no reason to keep such a drain
 */
export type Locate = (
  said: Registration | undefined,
  letGo?: string,
  purpose?: 'drain' | 'give-back',
) => Promise<Reading<Whereabouts>>;

const NAME_CLUSTER = 'set --cluster (ECS_DRAIN_CLUSTER) to find this host by its instance id';
/** Statuses in which ECS has let go of a container instance (API reference, ContainerInstance). */
const GONE = new Set(['INACTIVE', 'DEREGISTERING', 'REGISTRATION_FAILED']);
/** Once ECS has let go of every known container instance of this host, others are listed this often, in ms. */
const LISTED_AGAIN_MS = 60_000;
/** If a host may be registering right now, an empty answer about it counts only if it is repeated after this long, in ms. */
const ABSENT_MS = 30_000;

/**
 * One for each drain. What the host says about itself only tells where to ask: the ECS agent's port is unprivileged, and while
 * that agent is down anything on the host can answer there. So only ECS's word decides.
 *
 * Every container instance that was ever heard of is described. If none of them is registered, ECS is asked by the EC2 instance
 * id. If ECS does not know a container instance, that counts only if ECS itself once said that it runs here.
 */
export function createLocate({ ecs, instanceId, heard, now, registeredAt, ...ports }: LocatePorts): Locate {
  /**
   * Container instances that ECS refused to describe, each when asked for alone. They are asked for again only if ECS itself
   * lists them.
   */
  const refused = new Set<string>();
  /** What ECS has listed for this EC2 instance in this drain and could not describe, and since when: the host may be that one by now. */
  const undescribed = new Map<string, Heard>();
  /** What ECS has confirmed in this drain, even if the rest of that round failed. */
  const confirmed = new Map<string, Registration>();
  const own = () => unique([...ports.own().map(toRegistration), ...confirmed.values()]);
  const named = () => [...heard(), ...undescribed.values()];
  let absentSince: number | undefined;
  /** Since when ECS, asked for this host, has listed only other hosts. */
  let astraySince: number | undefined;
  /** When the container instances of this EC2 instance were last listed. */
  let listedAt = -Infinity;

  return async (said, letGo, purpose = 'drain') => {
    const candidates = unique([...(said ? [said] : []), ...own(), ...named()]);
    const round = createRound(candidates);
    for (const arn of refused) if (!round.asked.has(arn)) refused.delete(arn);
    const askable = candidates.filter((one) => !refused.has(one.containerInstanceArn));
    await describeAll(askable, round);
    // What is listed by the instance id is described too: the filter itself is not trusted.
    const isAnew = said === undefined && mayBeAnother(registeredIn(round));
    if ((registeredIn(round).length === 0 && !isLetGo(said, round)) || isAnew) {
      const listed = await findAll(candidates, round);
      await describeAll(listed, round);
      listedAt = now();
      noteUndescribed(listed, round);
    }
    if (round.refusal && !round.hasAnswered) {
      // Nobody has named a cluster. That the guessed one does not exist helps less than to say what to do about it.
      const isGuess = candidates.length === 0 && ports.cluster() === undefined;
      const { operation, kind, code, cause } = round.refusal;
      throw isGuess
        ? new AwsError(operation, kind, code, `the ECS agent is silent; ${NAME_CLUSTER}`, cause)
        : round.refusal;
    }

    const ours = own();
    const registered = registeredIn(round);
    const anew = purpose === 'drain' ? namedAnew(round) : undefined;
    const set = ports.drainingSetOn();
    if (set !== undefined && set !== letGo && round.missing.has(set) && mayLag(set))
      return unknown(contradiction(set));
    if (isAstray(said, round) && registered.every(({ status }) => status === 'DRAINING'))
      return unknown('ECS lists another host for this one; asking once more');
    if (registered.length > 0) {
      absentSince = undefined;
      const one = pick(registered, purpose === 'give-back' ? set : undefined);
      if (one.kind === 'unknown') return one;
      const { cluster, arn, status, taskCount, agentConnected } = one.value;
      const newer = registered.find((other) => mayReplace(other, one.value))?.arn ?? anew;
      const located = { kind: 'registered', cluster, arn, status, taskCount, agentConnected } as const;
      const describedAt = registeredAt.get(arn)?.last;
      return known({
        located: newer === undefined ? located : { ...located, newer },
        own: ours,
        describedAt,
        listedAt: round.listedAt,
      });
    }
    const located = whereNotRegistered(said, ours, round, letGo, anew);
    return located.kind === 'known'
      ? known({ located: located.value, own: ours, listedAt: round.listedAt })
      : located;
  };

  /** Whether the host may have become `other` since then: ECS takes minutes to notice that an ECS agent has gone, or has come. */
  function mayReplace(other: Confirmed, one: Confirmed): boolean {
    const isLater = !((other.registeredAt ?? Infinity) <= (one.registeredAt ?? -Infinity));
    return other !== one && isLater && now() - (registeredAt.get(other.arn)?.first ?? now()) < LAG_MS;
  }

  /**
   * A container instance that the ECS agent or a list of ECS has named recently and that ECS does not know: the host may be that one by
   * now, with tasks, even if the ECS agent is silent and ECS's next list is older.
   */
  function namedAnew({ missing }: Round): string | undefined {
    const isNew = ({ containerInstanceArn: arn, since }: Heard) =>
      missing.has(arn) && !isConfirmed(arn) && now() - since < LAG_MS;
    return named().find(isNew)?.containerInstanceArn;
  }

  function noteUndescribed(listed: readonly Registration[], { missing }: Round): void {
    for (const one of listed) {
      const { containerInstanceArn: arn } = one;
      if (missing.has(arn) && !undescribed.has(arn)) undescribed.set(arn, { ...one, since: now() });
    }
  }

  /**
   * Whether a host whose ECS agent is silent may have registered anew: its known container instances have no task left, so its
   * ECS agent may be connected as another one.
   */
  function mayBeAnother(registered: readonly Confirmed[]): boolean {
    return registered.length > 0 && registered.every(({ taskCount }) => taskCount === 0);
  }

  /** A list of other hosts says nothing about this one, and if its ECS agent is silent, only ECS tells what this host has become. */
  function isAstray(said: Registration | undefined, round: Round): boolean {
    const isNow = said === undefined && [...round.byInstanceId].some((arn) => round.others.has(arn));
    astraySince = isNow ? (astraySince ?? now()) : undefined;
    return astraySince !== undefined && now() - astraySince < LAG_MS;
  }

  /**
   * Whether the ECS agent still names the container instance that ECS has let go, and a list a moment ago had no other: a host
   * that registers anew would name its new one first.
   */
  function isLetGo(said: Registration | undefined, round: Round): boolean {
    const claimed = said && round.found.get(said.containerInstanceArn);
    return claimed !== undefined && GONE.has(claimed.status) && now() - listedAt < LISTED_AGAIN_MS;
  }

  /** Describes each container instance in its cluster. If one is made up, in whichever cluster, that makes nothing else unknown. */
  async function describeAll(asked: readonly Registration[], round: Round): Promise<void> {
    const describe = async (owner: string, arns: readonly string[]): Promise<void> => {
      try {
        for (const one of await ecs.describe(owner, arns)) round.note(owner, one);
        round.hasAnswered = true;
      } catch (error) {
        // There is no such cluster, or we have no permission there. Of a cluster in which ECS has confirmed this host it means that
        // the cluster was deleted, which takes that all its container instances are gone.
        if (!isRefusal(error)) throw error;
        const isRejected = error.kind === 'rejected';
        // A single ARN that ECS does not accept, of another account or of an odd length, makes it refuse all of them.
        if (isRejected && arns.length > 1) {
          for (const arn of arns) await describe(owner, [arn]);
          return;
        }
        const isDeleted = isNoCluster(error) && arns.every(isConfirmed);
        if (!isDeleted && (isRejected ? arns.some(isConfirmed) : isOurs(owner))) throw error;
        if (isDeleted) round.hasAnswered = true;
        else round.refusal ??= error;
        for (const arn of arns) {
          round.note(owner, { kind: 'missing', arn });
          if (isRejected && !isDeleted) refused.add(arn);
        }
      }
    };
    for (const [owner, members] of Map.groupBy(asked, (one) => one.cluster)) {
      await describe(
        owner,
        members.map((one) => one.containerInstanceArn),
      );
    }
  }

  async function findAll(
    candidates: readonly Registration[],
    round: Round,
  ): Promise<readonly Registration[]> {
    const clusters = new Set(candidates.map((one) => one.cluster));
    const cluster = ports.cluster();
    if (cluster !== undefined || clusters.size === 0) clusters.add(cluster ?? 'default');
    const configured = ports.configuredCluster?.();
    if (configured !== undefined) clusters.add(configured);
    const isLikely = (name: string) => isOurs(name) || name === configured;
    const found: Registration[] = [];
    // A host registers anew where it was, or where it is told to. These come last, so that their answers are of one moment.
    const byLikelihood = [...clusters].sort((a, b) => Number(isLikely(a)) - Number(isLikely(b)));
    for (const one of byLikelihood) {
      try {
        const arns = await ecs.find(one, instanceId);
        ports.noteMayList();
        if (isLikely(one)) round.listedAt ??= now();
        round.listed.add(one);
        round.hasAnswered = true;
        for (const arn of arns) round.byInstanceId.add(arn);
        found.push(...arns.map((containerInstanceArn) => ({ cluster: one, containerInstanceArn })));
      } catch (error) {
        // A role that never had that permission must do with what is already known. If it once had it, ECS must be heard again.
        const isForbidden = error instanceof AwsError && error.kind === 'permission' && !ports.mayList();
        const isDeleted = isNoCluster(error) && own().some(({ cluster }) => cluster === one);
        if (!isForbidden && !isDeleted && !(isRefusal(error) && !isOurs(one))) throw error;
        if (isNoCluster(error) && one === configured) round.listed.add(one);
        round.refusal ??= error;
      }
    }
    return found.filter((one) => !round.knows(one.containerInstanceArn));
  }

  function isConfirmed(arn: string): boolean {
    return own().some((one) => one.containerInstanceArn === arn);
  }

  function isOurs(name: string): boolean {
    return name === ports.cluster() || own().some((one) => one.cluster === name);
  }

  function createRound(asked: readonly Registration[]): Round {
    const found = new Map<string, Confirmed>();
    const others = new Map<string, string>();
    const missing = new Set<string>();
    const askedArns = new Set(asked.map((one) => one.containerInstanceArn));
    return {
      found,
      others,
      missing,
      listed: new Set(),
      listedAt: undefined,
      hasAnswered: false,
      refusal: undefined,
      byInstanceId: new Set(),
      asked: askedArns,
      knows: (arn) => found.has(arn) || others.has(arn) || missing.has(arn),
      note: (owner, one) => {
        if (one.kind === 'missing') missing.add(one.arn);
        else if (one.ec2InstanceId !== instanceId) others.set(one.arn, one.ec2InstanceId);
        else {
          found.set(one.arn, { ...one, cluster: owner });
          confirmed.set(one.arn, { cluster: owner, containerInstanceArn: one.arn });
          const { first = now() } = registeredAt.get(one.arn) ?? {};
          if (!GONE.has(one.status)) registeredAt.set(one.arn, { first, last: now() });
        }
      },
    };
  }

  /** ECS lists and describes no container instance as registered: it has let go of this host, or never had it, or cannot tell yet. */
  function whereNotRegistered(
    said: Registration | undefined,
    ours: readonly Registration[],
    round: Round,
    letGo: string | undefined,
    anew: string | undefined,
  ): Reading<Located> {
    const late = [...round.missing].find(
      (arn) => arn !== letGo && (round.byInstanceId.has(arn) || !round.asked.has(arn) || mayLag(arn)),
    );
    if (late !== undefined) return unknown(contradiction(late));
    const moved = ours.find(({ containerInstanceArn: arn }) => round.others.has(arn));
    if (moved) return unknown(contradiction(moved.containerInstanceArn));
    const claimed = said?.containerInstanceArn;
    const runsOn = claimed === undefined ? undefined : round.others.get(claimed);
    if (runsOn !== undefined)
      return unknown(
        `the container instance ${claimed} runs on ${runsOn}, not on this host: stop the ECS agent, remove /var/lib/ecs/data/* and start it, and bake images without that directory's contents`,
      );

    const isOwn = (arn: string) => ours.some((one) => one.containerInstanceArn === arn);
    const gone = ours.find(({ containerInstanceArn: arn }) => arn === claimed) ?? ours.at(-1);
    const last: Reading<Located> = gone
      ? known({
          kind: 'gone',
          cluster: gone.cluster,
          arn: gone.containerInstanceArn,
          isForgotten: round.missing.has(gone.containerInstanceArn),
        })
      : known({ kind: 'never-registered' });
    if (gone && (claimed === undefined || isOwn(claimed))) {
      if (anew)
        return unknown(
          `ECS does not know the container instance ${anew}, which ${undescribed.has(anew) ? 'it has listed for this host' : 'the ECS agent has named'}; asking once more`,
        );
      absentSince = undefined;
      return last;
    }
    const refuted = absent(claimed, round);
    return refuted.kind === 'unknown' ? refuted : last;
  }

  /** Whether ECS may merely not know the container instance yet, or have failed to find it: ECS described it a moment ago, or it is new. */
  function mayLag(arn: string): boolean {
    const at = registeredAt.get(arn);
    const isIt = (one: Registration) => one.containerInstanceArn === arn;
    const before = ports.own().find(isIt);
    // ECS has described it to an earlier process.
    if (!at) return before !== undefined && now() - before.since < LAG_MS;
    const { since } = named().find(isIt) ?? { since: at.first };
    return now() - at.last < CONTRADICTION_MS || now() - Math.min(since, at.first) < LAG_MS;
  }

  /**
   * Known once ECS has denied for long enough that anything runs on this instance, apart from what it has let go. Then what the
   * host claims to be does not exist. Only the operator can say which cluster to believe.
   */
  function absent(claimed: string | undefined, round: Round): Reading<'nothing'> {
    const cluster = ports.cluster();
    const configured = ports.configuredCluster?.();
    if (configured !== undefined && configured !== cluster && !round.listed.has(configured))
      return unknown(
        `ECS does not tell whether this host is in the cluster ${configured}, which the ECS agent is configured for`,
      );
    if (cluster === undefined || !round.listed.has(cluster)) {
      const what = claimed
        ? `ECS does not know the container instance ${claimed}`
        : 'the ECS agent is silent';
      return unknown(`${what}; ${NAME_CLUSTER}`);
    }
    absentSince ??= now();
    const isNew = claimed !== undefined || named().some(({ since }) => now() - since < LAG_MS);
    const patience = isNew ? LAG_MS : ABSENT_MS;
    // Right after a host has registered, ECS may not list it yet.
    return now() - absentSince < patience
      ? unknown('no container instance is registered for this host; asking once more')
      : known('nothing');
  }
}

const contradiction = (arn: string) => `ECS contradicts itself about the container instance ${arn}`;

/** What one round of questions has brought, by ARN. */
type Round = {
  /** Those that run on this EC2 instance. */
  readonly found: ReadonlyMap<string, Confirmed>;
  /** Those that run on another EC2 instance, and on which. */
  readonly others: ReadonlyMap<string, string>;
  readonly missing: ReadonlySet<string>;
  /** Clusters that were asked by the instance id and have answered. */
  readonly listed: Set<string>;
  /** When the first of those that this host can be in has answered. */
  listedAt: number | undefined;
  /** Whether ECS has answered about any cluster, and the first refusal. */
  hasAnswered: boolean;
  refusal: AwsError | undefined;
  /** The container instances that these clusters listed. If ECS lists one but does not describe it, it contradicts itself. */
  readonly byInstanceId: Set<string>;
  /** Those that were known before this round. */
  readonly asked: ReadonlySet<string>;
  knows(arn: string): boolean;
  note(cluster: string, described: Described): void;
};

type Confirmed = Extract<Described, { kind: 'found' }> & { readonly cluster: string };

const registeredIn = ({ found }: Round): readonly Confirmed[] =>
  [...found.values()].filter(({ status }) => !GONE.has(status));

/**
 * If several run on this instance, the one whose ECS agent is connected: the others are what the host was before. ECS can take
 * minutes to notice that an ECS agent has gone, so several may be connected. Of those, or if none is connected, the one that
 * registered last. The instance is released only once none of them is left.
 */
function pick(registered: readonly Confirmed[], wanted: string | undefined): Reading<Confirmed> {
  const itself = registered.find(({ arn }) => arn === wanted);
  if (itself) return known(itself);
  const connected = registered.filter(({ agentConnected }) => agentConnected);
  const [one, ...others] = latestOf(connected.length > 0 ? connected : registered);
  if (one && others.length === 0) return known(one);
  return unknown(
    `ECS lists this host as several container instances: ${registered.map(({ arn }) => arn).join(', ')}; start the ECS agent, which knows the one it is now, and deregister those that it is no more`,
  );
}

function latestOf(several: readonly Confirmed[]): readonly Confirmed[] {
  if (several.length === 1) return several;
  const times = several.map(({ registeredAt }) => registeredAt ?? Number.NaN);
  // NaN if one time is not known: then no container instance counts as the last.
  return several.filter(({ registeredAt }) => registeredAt === Math.max(...times));
}

function unique(registrations: readonly Registration[]): readonly Registration[] {
  return [...new Map(registrations.map((one) => [one.containerInstanceArn, one])).values()];
}

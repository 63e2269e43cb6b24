import { daemonsOn, less } from './daemons.ts';
import type { Config, DaemonService, FreshInstance, GroupReason, History, Snapshot } from './model.ts';
import { inOrder } from './order.ts';
import { type Room, roomOf } from './pack.ts';
import type { Surveyed } from './survey.ts';

/** What a room is of: an instance that is there, one that the group is about to list, or one that would be launched. */
export type Place =
  | { readonly kind: 'instance'; readonly instance: Surveyed }
  | { readonly kind: 'missing' }
  | { readonly kind: 'new'; readonly zone: string | undefined };

export type Rooms = {
  /** In the order in which they are filled. */
  readonly all: readonly Room<Place>[];
  /** How many instances the group wants and does not list yet. */
  readonly missing: number;
  readonly problems: readonly GroupReason[];
};

/**
 * The room that there is or comes. First on instances that have tasks, the fullest first, so that the others become or stay
 * empty; then on empty ones, those first that would go last; then what boots; then what the scaler itself has cordoned.
 */
export function roomsOf(
  snapshot: Snapshot,
  surveyed: readonly Surveyed[],
  history: History,
  config: Config,
): Rooms {
  const { group, fresh, at, daemons } = snapshot;
  const roomOn = (instance: Surveyed) => roomWith(instance, daemons);
  const kept: Room<Place>[] = [];
  const empties: { instance: Surveyed; since: number }[] = [];
  const coming: Room<Place>[] = [];
  const cordoned: Room<Place>[] = [];
  for (const instance of surveyed) {
    switch (instance.standing.kind) {
      case 'busy':
      case 'unclear':
      case 'cordon-expired':
        kept.push(roomOn(instance));
        break;
      case 'empty':
        if (isForTaking(instance)) empties.push({ instance, since: instance.standing.since });
        else kept.push(roomOn(instance));
        break;
      case 'booting':
        if (fresh) coming.push(freshRoom({ kind: 'instance', instance }, fresh, instance.zone));
        break;
      case 'cordoned':
        cordoned.push(roomOn(instance));
        break;
    }
  }
  kept.sort((a, b) => a.cpu - b.cpu || a.memory - b.memory || (idOf(a) < idOf(b) ? -1 : 1));
  const lastFirst = [...inOrder(empties, inService(surveyed))].reverse();

  const listed = surveyed.filter(isWanted).length;
  const short = Math.max(0, group.desired - listed);
  const { shortSince } = history;
  const fails = short > 0 && shortSince !== undefined && at - shortSince >= config.bootTimeoutMs;
  const missing = fails ? 0 : short;
  const problems: GroupReason[] = [];
  if (fails) problems.push({ kind: 'launches-fail', missing: short, since: shortSince });
  const broken = surveyed.filter(({ standing }) => standing.kind === 'broken').map(({ id }) => id);
  if (broken.length > 0) problems.push({ kind: 'boots-fail', instances: broken });
  return {
    all: [
      ...kept,
      ...lastFirst.map(({ instance }) => roomOn(instance)),
      ...coming,
      ...(fresh
        ? Array.from({ length: missing }, () => freshRoom({ kind: 'missing' }, fresh, undefined))
        : []),
      ...cordoned,
    ],
    missing,
    problems,
  };
}

/** Whether it is the scaler's to take: in service in the group, and not protected. */
export const isForTaking = ({ member }: Surveyed): boolean =>
  member?.state === 'InService' && !member.isProtected;

/** Whether the group's desired capacity counts it. */
export const isWanted = ({ member }: Surveyed): boolean =>
  member !== undefined && /^(InService|Pending)/.test(member.state);

/** The instances of the group that serve or come: what a zone's share is counted by. */
export const inService = (surveyed: readonly Surveyed[]): readonly Surveyed[] =>
  surveyed.filter(
    (one) =>
      isWanted(one) &&
      ['busy', 'empty', 'unclear', 'booting', 'disconnected', 'cordon-expired'].includes(one.standing.kind),
  );

/** On one without other tasks the daemons that were stopped, or have not started yet, take theirs before any job. */
function roomWith(instance: Surveyed, daemons: readonly DaemonService[]): Room<Place> {
  const { registered, tasks } = instance;
  const isThere = ({ group }: DaemonService) => instance.daemons.some((task) => task.group === group);
  const missing =
    tasks.length > 0
      ? []
      : daemonsOn(registered?.attributes ?? {}, daemons).filter((service) => !isThere(service));
  return roomOf<Place>(
    { kind: 'instance', instance },
    less(registered?.remaining ?? nothing, missing),
    [...(registered?.portsInUse ?? []), ...missing.flatMap(({ ports }) => ports)],
    registered?.attributes ?? {},
    instance.tasks.map(({ group }) => group),
    { inGroup: instance.member !== undefined },
  );
}

const nothing = { cpu: 0, memory: 0, gpu: 0, networkInterfaces: 0 };

/** The room on an instance that has not registered yet. */
export function freshRoom(place: Place, fresh: FreshInstance, zone: string | undefined): Room<Place> {
  const attributes = { ...fresh.attributes, ...(zone !== undefined && { 'ecs.availability-zone': zone }) };
  const isGuess = fresh.isGuess === true;
  const mayHaveMore = isGuess || fresh.varies === true;
  return roomOf(place, fresh.total, fresh.portsInUse, attributes, [], { isGuess, mayHaveMore });
}

const idOf = ({ of }: Room<Place>) => (of.kind === 'instance' ? of.instance.id : '');

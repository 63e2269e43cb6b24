import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/text.ts';
import { type Registration, toRegistration } from '../../host/ecs-agent.ts';
import type { Log } from '../../log/log.ts';
import type { Heard, Memory } from '../model.ts';
import { downtime, heardIn, resume, type State, type StateStore } from './state-file.ts';

/** What outlives the process. */
export type Kept = {
  /** What the last run left of a drain. */
  readonly memory: Memory;
  /** Another instance, whose state was found, as in an image that was made of it; undefined where none was. */
  readonly stateOf: string | undefined;
  /** The container instances that the ECS agent has said this host is, the latest last. */
  heard(): readonly Heard[];
  /** Those that ECS itself has said run on this EC2 instance, the latest last. */
  own(): readonly Heard[];
  /** Whether ECS has ever listed container instances for the role. */
  mayList(): boolean;
  noteMayList(): void;
  /** Whether the group was last known to replace the root volume. */
  isReplacing(): boolean;
  /** The ARN of the container instance that the agent has set DRAINING. */
  drainingSetOn(): string | undefined;
  /** Keeps the memory. Never throws. @param now in ms by the agent's clock */
  save(memory: Memory, now: number): void;
  hear(registration: Registration): void;
  confirm(own: readonly Registration[]): void;
};

export type KeptPorts = {
  readonly store: StateStore;
  readonly clock: Clock;
  /** How long the host has been up, in ms. */
  readonly uptime: () => number;
  /** … and not hibernated; absent where nothing tells. */
  readonly awake?: (() => number) | undefined;
};

/** So many container instances are remembered. The first and the last count most: who lies on the port names many. */
const MOST = 8;

/** Picks up what the last run left of this instance; says once when nothing can be kept. */
export function createKept({ store, clock, uptime, awake }: KeptPorts, instanceId: string, log: Log): Kept {
  const { state, stateOf } = loadState(store, instanceId, log);
  let memory: Memory = state ? resume(state, clock.now(), uptime(), awake?.()) : {};
  let heard: readonly Heard[] = state ? shortened(heardIn(state, clock.now(), uptime())) : [];
  // When ECS last described it is not kept: that may be as new as the state.
  const since = state ? clock.now() - downtime(state, uptime()) : -Infinity;
  let own: readonly Heard[] = (state?.own ?? []).map((one) => ({ ...one, since }));
  let mayList = state?.mayList === true;
  let isFailing = false;
  /** Of the memory, what the next process would find. */
  let written = memory;

  function write(now: number) {
    try {
      save(now);
    } catch (error) {
      if (!isFailing) log('state.unwritable', `the state file cannot be written: ${messageOf(error)}`);
      isFailing = true;
      removePast(now);
    }
  }

  function save(now: number) {
    const confirmed = own.map(toRegistration);
    store.save({
      instanceId,
      savedAt: now,
      uptime: uptime(),
      ...(awake && { awake: awake() }),
      memory,
      heard,
      own: confirmed,
      ...(mayList && { mayList }),
    });
    isFailing = false;
    written = memory;
  }

  /** What is over would count for the next drain: an operator's limit from the drain before, a hook as completed. */
  function removePast(now: number) {
    if (!tellsOfPast(written, memory)) return;
    try {
      store.remove();
      written = {};
      // There may be room in its place for what is true now.
      save(now);
    } catch {
      // Tried again with the next save.
    }
  }

  return {
    memory,
    stateOf,
    heard: () => heard,
    own: () => own,
    mayList: () => mayList,
    noteMayList: () => {
      if (mayList) return;
      mayList = true;
      write(clock.now());
    },
    isReplacing: () => memory.isReplacing === true,
    drainingSetOn: () => memory.drainingSetOn,
    save: (next, now) => {
      memory = next;
      write(now);
    },
    hear: (registration) => {
      if (heard.at(-1)?.containerInstanceArn === registration.containerInstanceArn) return;
      heard = withLast(heard, registration, clock.now());
      write(clock.now());
    },
    confirm: (confirmed) => {
      const now = clock.now();
      const next = confirmed.reduce<readonly Heard[]>((known, one) => withKnown(known, one, now), own);
      if (next === own) return;
      own = next;
      write(now);
    },
  };
}

/** Whether what was written tells of a drain, a wait or a completion that is over. What is only older does no harm. */
function tellsOfPast(written: Memory, memory: Memory): boolean {
  // Without it nobody would know any more that it is to be given back.
  if (memory.signalledAt === undefined && memory.drainingSetAt !== undefined) return false;
  const { tasksLeft: _, tasksAddedAt: __, ...lasting } = written;
  const isGone = Object.keys(lasting).some((name) => memory[name as keyof Memory] === undefined);
  const isOther = <T>(before: T | undefined, now: T | undefined) => before !== undefined && before !== now;
  return (
    isGone ||
    isOther(written.signalledAt, memory.signalledAt) ||
    isOther(written.waiting?.since, memory.waiting?.since) ||
    isOther(written.completed?.at, memory.completed?.at) ||
    isOther(written.retains, memory.retains)
  );
}

type Loaded = { readonly state?: State | undefined; readonly stateOf?: string };

function loadState(store: StateStore, instanceId: string, log: Log): Loaded {
  try {
    const state = store.load();
    if (!state || state.instanceId === instanceId) {
      store.putOnDisk();
      return { state };
    }
    log('state.discarded', `the state file is of another instance, ${state.instanceId}: starting without it`);
    return { stateOf: state.instanceId };
  } catch (error) {
    log('state.discarded', `${messageOf(error)}: starting without it`);
    return {};
  }
}

function withLast(list: readonly Heard[], one: Registration, now: number): readonly Heard[] {
  const isSame = (other: Registration) => other.containerInstanceArn === one.containerInstanceArn;
  const { since } = list.find(isSame) ?? { since: now };
  return shortened([...list.filter((other) => !isSame(other)), { ...one, since }]);
}

/** The same list where nothing is new. */
function withKnown(list: readonly Heard[], one: Registration, now: number): readonly Heard[] {
  const isKnown = list.some((other) => other.containerInstanceArn === one.containerInstanceArn);
  return isKnown ? list : shortened([...list, { ...one, since: now }]);
}

const shortened = <T>(list: readonly T[]): readonly T[] =>
  list.length <= MOST ? list : [...list.slice(0, MOST / 2), ...list.slice(-MOST / 2)];

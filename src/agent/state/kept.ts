import type { Clock } from '../../base/clock.ts';
import { messageOf } from '../../base/text.ts';
import type { Registration } from '../../host/ecs-agent.ts';
import type { Log } from '../../log/log.ts';
import type { Memory } from '../model.ts';
import { resume, type State, type StateStore } from './state-file.ts';

/** What outlives the process. */
export type Kept = {
  /** What the last run left of a drain. */
  readonly memory: Memory;
  /** The container instances that the ECS agent has said this host is, the latest last. */
  heard(): readonly Registration[];
  /** Those that ECS itself has said run on this EC2 instance, the latest last. */
  own(): readonly Registration[];
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
};

/** So many container instances are remembered. The first and the last count most: who lies on the port names many. */
const MOST = 8;

/** Picks up what the last run left of this instance; says once when nothing can be kept. */
export function createKept({ store, clock, uptime }: KeptPorts, instanceId: string, log: Log): Kept {
  const state = loadState(store, instanceId, log);
  let memory: Memory = state ? resume(state, clock.now(), uptime()) : {};
  let heard: readonly Registration[] = state?.registration ? [state.registration] : [];
  let own: readonly Registration[] = state?.own ?? [];
  let isFailing = false;

  function write(now: number) {
    try {
      store.save({ instanceId, savedAt: now, uptime: uptime(), memory, registration: heard.at(-1), own });
      isFailing = false;
    } catch (error) {
      if (!isFailing) log('state.unwritable', `the state file cannot be written: ${messageOf(error)}`);
      isFailing = true;
    }
  }

  return {
    memory,
    heard: () => heard,
    own: () => own,
    save: (next, now) => {
      memory = next;
      write(now);
    },
    hear: (registration) => {
      const next = withLast(heard, registration);
      if (next === heard) return;
      heard = next;
      write(clock.now());
    },
    confirm: (confirmed) => {
      const next = confirmed.reduce(withKnown, own);
      if (next === own) return;
      own = next;
      write(clock.now());
    },
  };
}

function loadState(store: StateStore, instanceId: string, log: Log): State | undefined {
  try {
    const state = store.load();
    if (!state || state.instanceId === instanceId) return state;
    log('state.discarded', `the state file is of another instance, ${state.instanceId}: starting without it`);
  } catch (error) {
    log('state.discarded', `${messageOf(error)}: starting without it`);
  }
  return undefined;
}

/** The same list where nothing is new. */
function withLast(list: readonly Registration[], one: Registration): readonly Registration[] {
  if (list.at(-1)?.containerInstanceArn === one.containerInstanceArn) return list;
  return shortened([...list.filter((other) => other.containerInstanceArn !== one.containerInstanceArn), one]);
}

function withKnown(list: readonly Registration[], one: Registration): readonly Registration[] {
  const isKnown = list.some((other) => other.containerInstanceArn === one.containerInstanceArn);
  return isKnown ? list : shortened([...list, one]);
}

const shortened = (list: readonly Registration[]): readonly Registration[] =>
  list.length <= MOST ? list : [...list.slice(0, MOST / 2), ...list.slice(-MOST / 2)];

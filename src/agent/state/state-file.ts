import { join } from 'node:path';
import { STANDSTILL_MS } from '../../base/clock.ts';
import {
  type FileSystem,
  makeDirectory,
  putNamesOnDisk,
  putOnDisk,
  readKeptFile,
  removeFile,
  renameIfPossible,
  replaceFile,
} from '../../base/files.ts';
import { isOneOf, isRecord, isText } from '../../base/shape.ts';
import type { Registration } from '../../host/ecs-agent.ts';
import { type Signal, SPOT_NOTICE_MS } from '../../signals/signal.ts';
import type { Heard, Memory } from '../model.ts';

/** What is kept on disk: hints. Without them, or with wrong ones, the agent is less precise and no less safe. */
export type State = {
  readonly instanceId: string;
  /** ms since the Unix epoch, by the agent's own clock. */
  readonly savedAt: number;
  /** How long the host had been up then, in ms. */
  readonly uptime?: number | undefined;
  /** … and not hibernated. */
  readonly awake?: number | undefined;
  readonly memory: Memory;
  /** All that was said on its port of what this host is, the latest last: a lie told last must not hide the others. */
  readonly heard?: readonly (Registration & { readonly since?: number | undefined })[] | undefined;
  /** The container instances that ECS itself has said run on this EC2 instance. */
  readonly own?: readonly Registration[] | undefined;
  /** ECS has listed container instances for the role: a later refusal tells nothing. */
  readonly mayList?: boolean | undefined;
};

/** Where the state outlives the process. */
export type StateStore = {
  /** Undefined where there is none. Throws an error that says what is wrong with what is there. */
  load(): State | undefined;
  /**
   * Has what `load` gave put on the disk itself, beside all else: the process before may have been killed before it was, and the
   * host may lose power next.
   */
  putOnDisk(): void;
  /** Replaces it as a whole, or throws and leaves it as it was. */
  save(state: State): void;
  /** Removes it. Throws where it cannot. */
  remove(): void;
};

const VERSION = 1;

/** A state is some kB; far more is none of ours. */
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * `state.json` in the state directory, and `state.json.latest` where a newer one is not on the disk itself yet. Each is replaced
 * atomically. @param fs the simulation's own; default the host's
 */
export function createFileStore(stateDir: string, fs?: FileSystem): StateStore {
  const path = join(stateDir, 'state.json');
  const latest = `${path}.latest`;
  const sync = createSync(async (isLatest) => {
    const isThere = await putOnDisk(latest, fs);
    if (isThere && isLatest()) renameIfPossible(latest, path, fs);
    await putNamesOnDisk(stateDir, fs);
  });
  let isOnDisk = true;
  return {
    load: () => {
      let whatIsWrong: unknown;
      try {
        const state = read(latest, fs);
        if (state) {
          isOnDisk = false;
          return state;
        }
      } catch (error) {
        // A power failure leaves it empty.
        whatIsWrong = error;
      }
      const state = read(path, fs);
      if (!state && whatIsWrong) throw whatIsWrong;
      return state;
    },
    putOnDisk: () => {
      if (!isOnDisk) sync();
    },
    save: (state) => {
      makeDirectory(stateDir, fs);
      replaceFile(latest, JSON.stringify({ version: VERSION, ...state }), {
        durable: false,
        ...(fs && { fs }),
      });
      sync();
    },
    remove: () => {
      // The older one first: alone it would tell of even more that is over.
      removeFile(path, fs);
      removeFile(latest, fs);
      sync();
    },
  };
}

function read(path: string, fs: FileSystem | undefined): State | undefined {
  let text: string;
  try {
    text = readKeptFile(path, MOST_BYTES, fs);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parseState(text);
}

/**
 * What was saved outlives this process at once, and the host's own crash once fsync(2) returns. Nothing waits for that: it
 * takes many seconds where tasks use up the disk. One at a time, as each of them holds up a thread that DNS needs too.
 *
 * @param put is told whether nothing newer has been saved since it began
 */
function createSync(put: (isLatest: () => boolean) => Promise<void>): () => void {
  let isDue = false;
  let isUnderWay = false;
  return () => {
    isDue = true;
    if (!isUnderWay) void run();
  };

  async function run() {
    isUnderWay = true;
    while (isDue) {
      isDue = false;
      await put(() => !isDue);
    }
    isUnderWay = false;
  }
}

/** Checks every member that the agent will act on. Throws where the text is no state. */
export function parseState(text: string): State {
  const wrong = (what: string) => new Error(`the state file is corrupt: ${what}`);
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch {
    throw wrong('not JSON');
  }
  if (!isRecord(state)) throw wrong('not an object');
  if (state.version !== VERSION) throw wrong(`version ${JSON.stringify(state.version)}`);
  if (!isText(state.instanceId)) throw wrong('instanceId');
  if (!isTime(state.savedAt)) throw wrong('savedAt');
  for (const name of ['uptime', 'awake'] as const)
    if (state[name] !== undefined && !isTime(state[name])) throw wrong(name);
  if (state.mayList !== undefined && typeof state.mayList !== 'boolean') throw wrong('mayList');
  for (const name of ['heard', 'own'] as const)
    if (state[name] !== undefined && !isRegistrations(state[name])) throw wrong(name);
  const { memory } = state;
  if (!isRecord(memory)) throw wrong('memory');
  for (const [name, isRight] of Object.entries(memoryShape)) {
    if (memory[name] !== undefined && !isRight(memory[name])) throw wrong(name);
  }
  return state as unknown as State;
}

const memoryShape: Record<keyof Memory, (value: unknown) => boolean> = {
  signalledAt: isTime,
  signals: (value) => Array.isArray(value) && value.every(isSignal),
  spotSeenAt: isTime,
  drainingSetAt: isTime,
  drainingSetOn: isText,
  deregistered: isText,
  notWaitingAt: isTime,
  waiting: (value) =>
    isRecord(value) &&
    isTime(value.since) &&
    isText(value.group) &&
    (value.hook === undefined || isHook(value.hook)),
  hook: (value) => isHook(value),
  namedHook: isText,
  isReplacing: (value) => typeof value === 'boolean',
  isTerminating: (value) => typeof value === 'boolean',
  retains: (value) => typeof value === 'boolean',
  completed: (value) =>
    isRecord(value) &&
    isText(value.hook) &&
    isOneOf(value.result, ['CONTINUE', 'ABANDON']) &&
    isTime(value.at) &&
    isOneOf(value.standing, ['answered', 'doubted', 'confirmed']),
  terminatedAt: isTime,
  askedToStop: (value) => isRecord(value) && Object.values(value).every(isTime),
  tasksLeft: (value) => Array.isArray(value) && value.every(isText),
  tasksAddedAt: isTime,
  hooksRun: (value) =>
    isRecord(value) && Object.values(value).every((result) => isOneOf(result, ['succeeded', 'failed'])),
};

/**
 * The memory as it counts now. Time passed while the agent was down counts too, by how long the host has been up: a
 * clock that was set must never use up what an operator's limit allows. Times before a reboot cannot be told that way,
 * so of a downtime with a reboot in it the part since the boot counts.
 *
 * @param now by the agent's clock, in ms since the Unix epoch
 * @param uptime how long the host has been up, in ms
 * @param awake … and not hibernated; undefined where nothing tells
 */
export function resume(state: State, now: number, uptime: number, awake?: number): Memory {
  const shift = shiftOf(state, now, uptime);
  const {
    signalledAt,
    spotSeenAt,
    drainingSetAt,
    notWaitingAt,
    waiting,
    completed,
    terminatedAt,
    askedToStop,
    tasksAddedAt,
    ...rest
  } = withoutPastNotice(state, now, uptime, awake);
  return {
    ...rest,
    ...(signalledAt !== undefined && { signalledAt: signalledAt + shift }),
    ...(spotSeenAt !== undefined && { spotSeenAt: spotSeenAt + shift }),
    ...(drainingSetAt !== undefined && { drainingSetAt: drainingSetAt + shift }),
    ...(notWaitingAt !== undefined && { notWaitingAt: notWaitingAt + shift }),
    ...(terminatedAt !== undefined && { terminatedAt: terminatedAt + shift }),
    // After a reboot none of them runs any more, whether or not ECS knows it.
    ...(tasksAddedAt !== undefined && !hasRebooted(state, uptime) && { tasksAddedAt: tasksAddedAt + shift }),
    ...(completed && { completed: { ...completed, at: completed.at + shift } }),
    ...(waiting && { waiting: { ...waiting, since: waiting.since + shift } }),
    ...(askedToStop && {
      askedToStop: Object.fromEntries(Object.entries(askedToStop).map(([arn, at]) => [arn, at + shift])),
    }),
  };
}

/** How far a time in the state is to be moved, in ms, to be one by this process's clock. */
const shiftOf = (state: State, now: number, uptime: number): number =>
  now - state.savedAt - downtime(state, uptime);

/**
 * What the host was said to be, and since when. An earlier version did not keep that: then it may be as new as the state. After a
 * reboot the time before the boot does not count, so nothing seems older than it is.
 */
export function heardIn(state: State, now: number, uptime: number): readonly Heard[] {
  const savedAt = now - downtime(state, uptime);
  const shift = shiftOf(state, now, uptime);
  return (state.heard ?? []).map(({ since = state.savedAt, ...one }) => ({
    ...one,
    since: Math.min(since + shift, savedAt),
  }));
}

/**
 * A Spot interruption stops the host. Once that is started again, the notice says nothing, though metadata may not tell yet that it is gone;
 * and the two minutes of the next one are its own.
 */
function withoutPastNotice(state: State, now: number, uptime: number, awake?: number): Memory {
  const { memory, uptime: before = 0 } = state;
  const { spotSeenAt = now, signals, ...rest } = memory;
  const notice = signals?.find((one) => one.source === 'spot');
  // It may have been hibernated meanwhile, with no process to see that.
  const mayCome = spotSeenAt + shiftOf(state, now, uptime) + SPOT_NOTICE_MS > now;
  const isToCome = notice ? notice.interruptionAt > now : uptime >= before && mayCome;
  if (isToCome && !hasSlept(state, uptime, awake)) return memory;
  return signals ? { ...rest, signals: signals.filter(({ source }) => source !== 'spot') } : rest;
}

/** Whether the host was hibernated while no process ran: then its interruption has come. */
function hasSlept(state: State, uptime: number, awake: number | undefined): boolean {
  if (awake === undefined || state.awake === undefined || state.uptime === undefined) return false;
  return uptime - state.uptime - (awake - state.awake) > STANDSTILL_MS;
}

/** How long ago, in ms, a state was saved, as far as can be told: after a reboot, since the boot. @param uptime of the host, in ms */
export function downtime({ uptime: before }: State, uptime: number): number {
  if (before === undefined) return 0;
  return hasRebooted({ uptime: before }, uptime) ? uptime : uptime - before;
}

/** As far as can be told: a host that has been up for longer than before is taken for one that was not rebooted. */
const hasRebooted = ({ uptime: before = 0 }: Pick<State, 'uptime'>, uptime: number): boolean =>
  uptime < before;

const SIGNAL_SHAPES: Record<Signal['source'], (value: Record<string, unknown>) => boolean> = {
  tag: ({ value, hook, eventAt }) =>
    typeof value === 'string' &&
    (hook === undefined || isText(hook)) &&
    (eventAt === undefined || isTime(eventAt)),
  lifecycle: () => true,
  spot: ({ action, interruptionAt }) => typeof action === 'string' && isTime(interruptionAt),
  rebalance: ({ noticeAt }) => isTime(noticeAt),
  scheduled: ({ code, eventId, notBefore }) => isText(code) && isText(eventId) && isTime(notBefore),
  manual: () => true,
};

function isSignal(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const shape = Object.entries(SIGNAL_SHAPES).find(([source]) => source === value.source)?.[1];
  return shape?.(value) === true;
}

function isHook(value: unknown): boolean {
  if (!isRecord(value) || !isText(value.name)) return false;
  if (value.defaultResult !== undefined && !isText(value.defaultResult)) return false;
  return [value.heartbeatTimeout, value.globalTimeout].every((ms) => ms === undefined || isTime(ms));
}

const isRegistration = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value.cluster) &&
  isText(value.containerInstanceArn) &&
  (value.since === undefined || isTime(value.since));

const isRegistrations = (value: unknown): boolean => Array.isArray(value) && value.every(isRegistration);

/** What a calendar holds: sums of such times stay numbers. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= 8.64e15;
}

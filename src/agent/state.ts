import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Registration } from '../host/ecs-agent.ts';
import type { Memory } from './observation.ts';

/** What is kept on disk: hints. Without them, or with wrong ones, the agent is less precise and no less safe. */
export type State = {
  readonly instanceId: string;
  /** ms since the Unix epoch, by the agent's own clock. */
  readonly savedAt: number;
  readonly memory: Memory;
  /** How ECS knew this host, for when its agent is gone. */
  readonly registration?: Registration | undefined;
};

/** Where the state outlives the process. */
export type StateStore = {
  /** Undefined where there is none. Throws an error that says what is wrong with what is there. */
  load(): State | undefined;
  /** Replaces it as a whole, or throws and leaves it as it was. */
  save(state: State): void;
};

const VERSION = 1;
/** A downtime longer than this, in ms, counts as this long: the host's clock may have jumped meanwhile. */
export const LONGEST_DOWNTIME_MS = 3_600_000;

/** `state.json` in the state directory, replaced atomically. */
export function createFileStore(stateDir: string): StateStore {
  const path = join(stateDir, 'state.json');
  return {
    load: () => {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      return parseState(text);
    },
    save: (state) => {
      mkdirSync(stateDir, { recursive: true });
      const temporary = `${path}.new`;
      writeThrough(temporary, JSON.stringify({ version: VERSION, ...state }));
      renameSync(temporary, path);
      // The new name is on disk only once its directory is.
      const directory = openSync(dirname(path), 'r');
      try {
        fsyncSync(directory);
      } finally {
        closeSync(directory);
      }
    },
  };
}

/** Checks every member that the agent will act on. Throws where the text is no state. */
export function parseState(text: string): State {
  const state = JSON.parse(text) as Record<string, unknown>;
  const wrong = (what: string) => new Error(`the state file is corrupt: ${what}`);
  if (!isRecord(state)) throw wrong('not an object');
  if (state.version !== VERSION) throw wrong(`version ${JSON.stringify(state.version)}`);
  const { instanceId, savedAt, memory, registration } = state;
  if (typeof instanceId !== 'string' || !isTime(savedAt) || !isRecord(memory))
    throw wrong('a member is missing');
  for (const name of ['signalledAt', 'drainingSetAt']) {
    if (memory[name] !== undefined && !isTime(memory[name])) throw wrong(name);
  }
  const { signals, waiting, completed, terminated, askedToStop } = memory;
  if (
    signals !== undefined &&
    !(
      Array.isArray(signals) &&
      signals.every((signal) => isRecord(signal) && typeof signal.source === 'string')
    )
  )
    throw wrong('signals');
  if (waiting !== undefined && !isWaiting(waiting)) throw wrong('waiting');
  if (
    completed !== undefined &&
    !(
      isRecord(completed) &&
      typeof completed.hook === 'string' &&
      (completed.result === 'CONTINUE' || completed.result === 'ABANDON')
    )
  )
    throw wrong('completed');
  if (terminated !== undefined && typeof terminated !== 'boolean') throw wrong('terminated');
  if (askedToStop !== undefined && !(isRecord(askedToStop) && Object.values(askedToStop).every(isTime)))
    throw wrong('askedToStop');
  if (
    registration !== undefined &&
    !(
      isRecord(registration) &&
      typeof registration.cluster === 'string' &&
      typeof registration.containerInstanceArn === 'string'
    )
  )
    throw wrong('registration');
  return state as unknown as State;
}

/**
 * The memory as it counts now. Time passed while the agent was down counts too, up to an hour: what an
 * operator's limit allows must never be used up by a clock that was set.
 */
export function resume(state: State, now: number): Memory {
  const downtime = now - state.savedAt;
  const shift = downtime - Math.min(Math.max(downtime, 0), LONGEST_DOWNTIME_MS);
  if (shift === 0) return state.memory;
  const { signalledAt, drainingSetAt, waiting, askedToStop, ...rest } = state.memory;
  return {
    ...rest,
    ...(signalledAt !== undefined && { signalledAt: signalledAt + shift }),
    ...(drainingSetAt !== undefined && { drainingSetAt: drainingSetAt + shift }),
    ...(waiting && { waiting: { ...waiting, since: waiting.since + shift } }),
    ...(askedToStop && {
      askedToStop: Object.fromEntries(Object.entries(askedToStop).map(([arn, at]) => [arn, at + shift])),
    }),
  };
}

function writeThrough(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function isWaiting(value: unknown): boolean {
  if (!isRecord(value) || !isTime(value.since) || typeof value.group !== 'string') return false;
  const hook = value.hook;
  if (hook === undefined) return true;
  const isTimeout = (timeout: unknown) => timeout === undefined || isTime(timeout);
  return (
    isRecord(hook) &&
    typeof hook.name === 'string' &&
    isTimeout(hook.heartbeatTimeout) &&
    isTimeout(hook.globalTimeout)
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

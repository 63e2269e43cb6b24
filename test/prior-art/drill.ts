import assert from 'node:assert/strict';
import type { Report } from '../../src/agent/report/report.ts';
import { startAgent } from '../../src/agent/start.ts';
import type { State } from '../../src/agent/state/state-file.ts';
import { isoTime } from '../../src/base/clock.ts';
import { known } from '../../src/base/reading.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { EventName } from '../../src/log/events.ts';
import { addFault, type FaultPlan } from '../../src/sandbox/faults.ts';
import { createFleet, type Fleet, type FleetOptions } from '../../src/sandbox/fleet.ts';
import { inMemory } from '../../src/sandbox/in-memory.ts';
import type { RequestRecord } from '../../src/sandbox/world/request-log.ts';
import type { Machine } from '../../src/sandbox/world/state.ts';
import { createVirtualClock, START, settled } from '../support/virtual-clock.ts';

export type DrillOptions = {
  readonly fleet?: FleetOptions;
  /** The agent's command line. */
  readonly flags?: readonly string[];
};

/**
 * The tests of this folder each take something that another system of this kind does wrong, and show what this agent
 * does there. A drill is one instance with an agent on it, in a World
 * without a network and in time that passes at once.
 */
export type Drill = {
  readonly fleet: Fleet;
  readonly machine: Machine;
  /** Its events so far, of every process. */
  readonly said: readonly EventName[];
  /** What it reported last, as of now. */
  report(): Report | undefined;
  /** Starts the agent's process. */
  start(): void;
  /** Kills it, as a crash would: nothing that it still does reaches anything. */
  kill(): void;
  /** Whether its process ended by itself. */
  hasEnded(): boolean;
  fault(plan: FaultPlan): void;
  /** Lets time pass until then. Throws where that takes more than `limitMs`, a week unless told. */
  until(isTrue: () => boolean, what: string, limitMs?: number): Promise<void>;
  pass(ms: number): Promise<void>;
  /** Its calls of one API, whatever came of them. */
  calls(api: string): readonly RequestRecord[];
  /** The group has released the instance, or has been asked to. */
  isReleased(): boolean;
};

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
const WEEK_MS = 7 * 24 * HOUR;

export const COMPLETE = 'autoscaling:CompleteLifecycleAction';
export const HEARTBEAT = 'autoscaling:RecordLifecycleActionHeartbeat';

export function createDrill({ fleet: fleetOptions, flags = [] }: DrillOptions = {}): Drill {
  const clock = createVirtualClock();
  const fleet = createFleet({ now: START, ...fleetOptions });
  const machine = fleet.addInstance();
  const { world } = fleet;
  const face = inMemory(world, { clock, instanceId: machine.id });
  const loaded = loadConfig(flags, {}, () => '');
  if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join('\n'));
  const said: EventName[] = [];
  let kept: State | undefined;
  let last: (() => Report) | undefined;
  let life: { dead: boolean } | undefined;
  let ended = false;

  /** What a dead process asks for never comes. */
  const whileAlive = async <T>(own: { dead: boolean }, ask: () => Promise<T>): Promise<T> => {
    if (own.dead) return new Promise<never>(() => {});
    try {
      const answer = await ask();
      return own.dead ? new Promise<never>(() => {}) : answer;
    } catch (error) {
      return own.dead ? new Promise<never>(() => {}) : Promise.reject(error);
    }
  };

  async function until(isTrue: () => boolean, what: string, limitMs = WEEK_MS) {
    const limit = clock.trueNow() + limitMs;
    await settled();
    while (!isTrue()) {
      if (!clock.step(limit)) {
        throw new Error(
          `waited for ${what} until ${isoTime(limit)}: it did not come; the agent: ${last?.().summary}`,
        );
      }
      await settled();
      world.advance(clock.trueNow());
    }
  }

  return {
    fleet,
    machine,
    said,
    report: () => last?.(),
    start: () => {
      const own = { dead: false };
      life = own;
      const end = () => {
        if (!own.dead) ended = true;
      };
      startAgent(loaded.config, {
        clock: { ...clock, sleep: (ms, options) => whileAlive(own, () => clock.sleep(ms, options)) },
        uptime: clock.monotonic,
        random: () => 0.5,
        http: (request) => whileAlive(own, () => face.http(request)),
        transport: () => (operation, input, options) =>
          whileAlive(own, () => face.transport(operation, input, options)),
        store: {
          load: () => kept,
          putOnDisk: () => {},
          save: (state) => {
            if (!own.dead) kept = structuredClone(state);
          },
          remove: () => {
            if (!own.dead) kept = undefined;
          },
        },
        manual: async () => known(undefined),
        environment: {},
        log: (event) => {
          if (!own.dead) said.push(event);
        },
        onReport: (report) => {
          if (!own.dead) last = report;
        },
        stop: new AbortController().signal,
      }).then(end, end);
    },
    kill: () => {
      if (life) life.dead = true;
    },
    hasEnded: () => ended,
    fault: (plan) => {
      world.advance(clock.trueNow());
      addFault(world, plan);
    },
    until,
    pass: async (ms) => {
      const end = clock.trueNow() + ms;
      clock.at(end, () => {});
      await until(() => clock.trueNow() >= end, 'the time', ms + 1);
    },
    calls: (api) =>
      (world.requestLog.entries ?? []).filter((one) => one.api === api && one.accessKeyId !== undefined),
    isReleased: () => {
      const state = machine.member?.state;
      return state === undefined || state === 'Terminating:Proceed' || state === 'Terminated';
    },
  };
}

export const released = (drill: Drill) => drill.until(drill.isReleased, 'the release');

export const nothingLost = ({ fleet }: Drill) =>
  assert.deepEqual(fleet.world.interruptions, [], 'a task was cut short');

/** Starts a drain that waits for one task, and returns the task. */
export async function draining(drill: Drill, runsForMs: number) {
  const task = drill.fleet.runTask(drill.machine, { runsForMs });
  drill.start();
  drill.fleet.scaleIn(drill.machine);
  await drill.until(() => drill.said.includes('drain.progress'), 'the drain to wait for its task');
  return task;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import type { EventName } from '../../src/log/events.ts';
import { addFault, type Fault, type FaultPlan, removeFault } from '../../src/sandbox/faults.ts';
import { createFleet, type Fleet, type FleetOptions } from '../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import { timelineLine } from '../../src/sandbox/timeline-line.ts';
import type { RequestRecord } from '../../src/sandbox/world/request-log.ts';
import type { Machine } from '../../src/sandbox/world/state.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { checkPromises } from '../promises/check.ts';
import type { Entry, Setting } from '../promises/entry.ts';
import { logOf } from '../promises/sandbox-log.ts';
import { type AgentProcess, type Exit, type LogLine, runCli, startAgentProcess } from './agent-process.ts';
import { createFeed, type Feed } from './feed.ts';

export type ScenarioOptions = {
  readonly fleet?: FleetOptions;
  /** What the agents of this scenario are told, for the properties: beside the defaults here. */
  readonly setting?: Partial<Setting>;
  /** Promises that this scenario sets out to see broken, by the beginning of their message, with the reason. */
  readonly except?: Readonly<Record<string, string>>;
  /** Why it cannot be played on this machine. */
  readonly skip?: string | undefined;
};

/** A World with real agents in it. */
export type Scene = {
  readonly fleet: Fleet;
  readonly sandbox: Sandbox;
  readonly timeline: Feed<TimelineEvent>;
  /** Starts the agent of an instance. */
  agent(machine: Machine, options?: AgentOptions): Promise<Agent>;
  /** The first event in the World, past or to come, of this type and with these members. */
  happens<T extends TimelineEvent['type']>(
    type: T,
    members?: Partial<Extract<TimelineEvent, { type: T }>>,
  ): Promise<Extract<TimelineEvent, { type: T }>>;
  /** Every AWS API request that an agent made, in order. */
  requests(api?: string): readonly RequestRecord[];
  /** `ecs-drain-agent drain`, on an instance. */
  drain(agent: Agent, change?: 'requested' | 'withdrawn'): Promise<void>;
  /** Lets something go wrong from now on. Returns the fault, which counts its hits. */
  fault(plan: FaultPlan): Fault;
  /** Ends a fault that was planned without an end: `count: Infinity`. */
  lift(fault: Fault): void;
  /** Resolves when the instance's agent has read its signals that often from now on. */
  polls(machine: Machine, times: number): Promise<void>;
  /** A new directory, removed at the end. */
  directory(): string;
};

export type AgentOptions = {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** One that an earlier process has left its state in. */
  readonly stateDir?: string;
  readonly nodeArgs?: readonly string[];
};

export type Agent = AgentProcess & {
  readonly machine: Machine;
  readonly stateDir: string;
  /** The first line of its log, past or to come, of this event and with these fields. */
  says(event: EventName, fields?: Readonly<Record<string, unknown>>): Promise<LogLine>;
  lines(event: EventName): readonly LogLine[];
  /** Kills it, as a crash would. */
  crash(): Promise<void>;
};

const POLL_INTERVAL_MS = 1_000;
const LIFECYCLE_PATH = 'target-lifecycle-state';
const LIMIT_MS = 30_000;

/** For what tells no one that it has happened. */
export async function waitUntil(isTrue: () => boolean, what: string): Promise<void> {
  const from = systemClock.monotonic();
  while (!isTrue()) {
    if (systemClock.monotonic() > from + LIMIT_MS) throw new Error(`waited for ${what}: it did not come`);
    await systemClock.sleep(20);
  }
}

/**
 * A test with the real agent process. However it goes, no process outlives it, and when it has passed, every
 * promise is checked against all that the sandbox has seen.
 */
export function scenario(
  name: string,
  options: ScenarioOptions,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  return test(name, { skip: options.skip ?? false }, async () => {
    const stage = await openStage(options);
    try {
      await play(stage.scene);
      stage.check();
    } catch (error) {
      if (error instanceof Error) error.message += `\n\n${stage.story()}`;
      throw error;
    } finally {
      await stage.close();
    }
  });
}

async function openStage({ fleet: fleetOptions, setting, except = {} }: ScenarioOptions) {
  const timeline = createFeed<TimelineEvent>();
  const fleet = createFleet({
    clock: systemClock,
    ...fleetOptions,
    onEvent: (event) => timeline.push(event),
  });
  const { world } = fleet;
  const hooks = terminatingHooks(fleet);
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const agents: Agent[] = [];
  const entries: Entry[] = [];
  const directories: string[] = [];

  const directory = () => {
    const made = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-test-'));
    directories.push(made);
    return made;
  };
  const note = (machine: Machine, change: 'started' | 'ended' | 'stopping') =>
    entries.push({ kind: 'agent', at: systemClock.now(), instanceId: machine.id, change });
  const requests = (api?: string) =>
    (world.requestLog.entries ?? []).filter(
      (one) => one.accessKeyId !== undefined && (api === undefined || one.api === api),
    );

  const scene: Scene = {
    fleet,
    sandbox,
    timeline,
    requests,
    directory,
    agent: async (machine, { args = [], env = {}, stateDir = directory(), nodeArgs = [] } = {}) => {
      await sandbox.settled();
      const started = startAgentProcess(
        ['run', '--poll-interval', `${POLL_INTERVAL_MS}ms`, '--state-dir', stateDir, ...args],
        { ...sandbox.environment(machine.id), ...env },
        nodeArgs,
      );
      note(machine, 'started');
      void started.exited.then(() => note(machine, 'ended'));
      const agent: Agent = {
        ...started,
        machine,
        stateDir,
        signal: (name) => {
          if (name !== 'SIGKILL') note(machine, 'stopping');
          started.signal(name);
        },
        says: (event, fields = {}) =>
          started.log.first(
            (line) => line.event === event && hasAll(line, fields),
            `the agent to say ${event} ${JSON.stringify(fields)}`,
          ),
        lines: (event) => started.log.items.filter((line) => line.event === event),
        crash: async () => {
          started.signal('SIGKILL');
          await started.exited;
        },
      };
      agents.push(agent);
      return agent;
    },
    happens: (type, members = {}) =>
      timeline.first(
        (event): event is Extract<TimelineEvent, { type: typeof type }> =>
          event.type === type && hasAll(event, members),
        `${type} ${JSON.stringify(members)} in the World`,
      ),
    fault: (plan) => {
      world.advance(systemClock.now());
      return addFault(world, plan);
    },
    lift: ({ id }) => removeFault(world, id),
    polls: async (machine, times) => {
      const count = () =>
        (world.requestLog.entries ?? []).filter(
          ({ api, instanceId, input }) =>
            api === 'imds' && instanceId === machine.id && String(input).endsWith(LIFECYCLE_PATH),
        ).length;
      const until = count() + times;
      await waitUntil(() => count() >= until, `${times} polls of the signals`);
    },
    drain: async ({ machine, stateDir }, change = 'requested') => {
      entries.push({ kind: 'manual', at: systemClock.now(), instanceId: machine.id, change });
      const cancel = change === 'withdrawn' ? ['--cancel'] : [];
      const { code, stderr } = await runCli(['drain', ...cancel, '--state-dir', stateDir]);
      if (code !== 0) throw new Error(`ecs-drain-agent drain: exit code ${code}: ${stderr}`);
    },
  };

  return {
    scene,
    check: () => {
      const log = logOf(timeline.items, world.requestLog.entries ?? [], entries);
      const broken = checkPromises(log, systemClock.now(), {
        hooks,
        pollInterval: POLL_INTERVAL_MS,
        // A machine that stood still, or had too few processors, made everybody late.
        slack: 500 + delay.max / 1e6 + Math.max(0, ...agents.map((agent) => agent.waitedForCpu())),
        ...setting,
      });
      const unexpected = broken.filter((one) => !Object.keys(except).some((begin) => one.startsWith(begin)));
      if (unexpected.length > 0) throw new Error(`Promises were broken:\n${unexpected.join('\n')}`);
      const stray = agents.map((agent) => agent.strayOutput()).join('');
      if (stray !== '') throw new Error(`An agent wrote something besides its log:\n${stray}`);
    },
    story: () => story(timeline.items, requests(), agents),
    close: async () => {
      delay.disable();
      for (const agent of agents) agent.signal('SIGKILL');
      await Promise.all(agents.map(({ exited }) => exited));
      await sandbox.close();
      for (const made of directories) rmSync(made, { recursive: true, force: true });
    },
  };
}

function terminatingHooks({ group }: Fleet): Setting['hooks'] {
  return [...group.hooks.values()].filter(({ transition }) => transition.endsWith('TERMINATING'));
}

/** Ends an agent with a signal, and tells how it went. */
export async function end(agent: Agent, signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<Exit> {
  agent.signal(signal);
  return agent.exited;
}

function hasAll(whole: object, part: object): boolean {
  const members = whole as Record<string, unknown>;
  return Object.entries(part).every(([name, value]) => members[name] === value);
}

/** All that is known, for whoever has to find out why a test failed. */
function story(
  timeline: readonly TimelineEvent[],
  requests: readonly RequestRecord[],
  agents: readonly Agent[],
): string {
  const lines: [number, string][] = [
    ...timeline.map((event): [number, string] => [event.at, `      ${timelineLine(event)}`]),
    ...requests.map(({ at, api, instanceId, outcome }): [number, string] => [
      at,
      `  AWS ${clock(at)}  ${instanceId}   ${api} ${outcome}`,
    ]),
    ...agents.flatMap(({ machine, log }) =>
      log.items.map(({ time, event, msg }): [number, string] => [
        Date.parse(time),
        `agent ${time.slice(11, 23)}  ${machine.id}   ${event}: ${msg}`,
      ]),
    ),
  ];
  const stray = agents.map((agent) => agent.strayOutput()).join('');
  const told = lines.sort(([a], [b]) => a - b).map(([, line]) => line);
  return `What happened:\n${told.join('\n')}\n${stray && `\nBesides their log, the agents wrote:\n${stray}`}`;
}

const clock = (at: number) => new Date(at).toISOString().slice(11, 23);

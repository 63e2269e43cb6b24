import type { startAgent } from '../../src/agent/start.ts';
import type { createFileStore } from '../../src/agent/state/state-file.ts';
import type { Input, Operation, Output } from '../../src/aws/operations.ts';
import { known } from '../../src/base/reading.ts';
import type { loadConfig } from '../../src/config/load.ts';
import type { HttpRequest } from '../../src/host/http.ts';
import type { OperatorHooks } from '../../src/operator-hooks/operator-hooks.ts';
import { addFault, inMemory } from '../../src/sandbox/index.ts';
import type { Violation } from '../promises/verdict.ts';
import { createVirtualClock, START, settled, type VirtualClock } from '../support/virtual-clock.ts';
import { type Checker, createChecker } from './checker.ts';
import { happenNow } from './emit.ts';
import { type Happening, hasEcsConfig, type Kill, type Plan } from './plan.ts';
import { createRandom } from './random.ts';
import { insertDisk, STATE_DIR } from './simulated-disk.ts';
import { OWN_ID, setStage } from './stage.ts';
import { createStandstill, neverStandsStill } from './standstill.ts';
import { createTimeline, type Timeline } from './timeline.ts';

/** The agent as it is tested: loaded by whoever runs the simulation, who may have changed it on the way. */
export type Agent = {
  readonly startAgent: typeof startAgent;
  readonly loadConfig: typeof loadConfig;
  readonly createFileStore: typeof createFileStore;
};

export type Run = {
  readonly violation: Violation | undefined;
  /** How the run ended, in a word. */
  readonly end: string;
  /** From the last task's end to the instance's release, in ms; undefined where it was not measured. */
  readonly releasedAfter: number | undefined;
  /** Faults that hit a request, by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** Times each property was held against the run. */
  readonly checks: ReadonlyMap<string, number>;
  /** AWS calls, answered or not. */
  readonly calls: number;
  /** How much time passed in the simulated world, in ms. */
  readonly virtualMs: number;
};

/** One process of the agent. */
type Life = { dead: boolean; isEnding: boolean; ended: Promise<void>; readonly stop: AbortController };

/** What the agent says against the options of a plan, as that of an earlier version does that lacks them; empty if it takes them. */
export function refusedBy(agent: Agent, { flags }: Plan): readonly string[] {
  const loaded = agent.loadConfig(flags, {}, noConfigFile);
  return loaded.kind === 'loaded' ? [] : loaded.problems;
}

/** Runs one plan to its end, or to its first violation. */
export async function simulate(
  agent: Agent,
  plan: Plan,
  timeline: Timeline = createTimeline(false),
): Promise<Run> {
  const clock = createVirtualClock();
  clock.jump(plan.machine.clockAhead ?? 0);
  const checker: Checker = createChecker(plan, clock.trueNow, () =>
    machine.placed.some((task) => task.transition?.run || task.containers.some(({ exit }) => exit?.run)),
  );
  const stage = setStage(plan, clock, (event) => {
    timeline.event(event);
    checker.onEvent(event);
    if (event.type === 'machine-shutting-down' && event.instanceId === OWN_ID) endLife();
    if (event.type === 'machine-stopped' && event.instanceId === OWN_ID) stop(event.at + event.forMs);
    if (event.type === 'root-volume-exchanged' && event.instanceId === OWN_ID) startFromNewRoot(event.downMs);
  });
  const { fleet, machine } = stage;
  const { world } = fleet;
  const disk = insertDisk();
  const manual = { requested: false };
  const random = createRandom(plan.seed ^ 0x5eed);
  const loaded = agent.loadConfig(plan.flags, {}, noConfigFile);
  if (loaded.kind !== 'loaded') throw new Error(`The plan's flags are wrong: ${loaded.problems.join(' ')}`);
  const { config } = loaded;
  const face = inMemory(world, { clock: { ...clock, now: clock.trueNow }, instanceId: machine.id });
  let life: Life | undefined;
  let calls = 0;
  let diskOperations = 0;
  /** The last process was killed while it wrote, and none has read that since. */
  let wasKilledUnsynced = false;
  let bootedAt = -UP_BEFORE_MS;
  const isHibernated = plan.happenings.some(({ what }) => what === 'hibernation');
  const standstill = isHibernated ? createStandstill(clock) : neverStandsStill(clock);
  /** Until when the host is stopped. */
  let stoppedUntil = -Infinity;
  const whenOn = (run: () => void): void => {
    if (clock.trueNow() < stoppedUntil) clock.at(stoppedUntil, () => whenOn(run));
    else standstill.whenRunning(run);
  };
  const faults = new Map<string, number>();

  for (const { at, match, fault, count, forMs } of plan.faults) {
    clock.at(START + at, () => {
      world.advance(clock.trueNow());
      const added = addFault(world, {
        match,
        fault,
        ...(count !== undefined && { count }),
        ...(forMs !== undefined && { forMs }),
      });
      // One that ends with so many requests lasts from each of them to the next.
      let lastHitAt: number | undefined;
      whenHit(added, () => {
        const now = clock.trueNow();
        const during =
          forMs === undefined
            ? { from: lastHitAt ?? now, to: now }
            : { from: START + at, to: START + at + forMs };
        lastHitAt = now;
        checker.onFault(fault, match, during);
        faults.set(fault.what, (faults.get(fault.what) ?? 0) + 1);
        timeline.fault(clock.trueNow(), match, fault);
      });
    });
  }
  for (const happening of plan.happenings) {
    const when = ON_HOST.has(happening.what) ? whenOn : atOnce;
    const happens = () => {
      if (machine.state !== 'running') return;
      timeline.happening(clock.trueNow(), happening);
      happenNow(happening, {
        ...stage,
        clock,
        disk,
        manual,
        oursHook: () => plan.group?.ours,
        reboot: (downMs) => {
          kill({ downMs, state: 'kept', when: 'at', at: 0 });
          losePower();
          bootedAt = clock.monotonic() + downMs;
        },
        losePower,
        hibernate: standstill.begin,
      });
      checker.onHappening(happening);
    };
    clock.at(START + happening.at, () => when(happens));
  }
  for (const one of plan.kills)
    if (one.when === 'at')
      clock.at(START + one.at, () => whenOn(() => (one.by ? terminate(one) : kill(one))));
  disk.now = clock.monotonic;
  disk.onOperation = () => {
    diskOperations++;
    for (const one of plan.kills) {
      if (one.when !== 'in-write' || one.operation !== diskOperations) continue;
      wasKilledUnsynced = life !== undefined;
      kill(one);
    }
    return life !== undefined;
  };
  const { syncMs } = plan;
  if (syncMs !== undefined)
    disk.whenSynced = (end) => {
      clock.at(clock.trueNow() + syncMs, end);
    };

  passTime();
  boot();
  await settled();
  while (
    machine.state === 'running' &&
    !checker.violation() &&
    !checker.isOver() &&
    clock.step(START + plan.horizon)
  ) {
    await settled();
    world.advance(clock.trueNow());
    if (life) checker.onTime();
  }
  endLife();
  return {
    violation: checker.violation(),
    end: machine.state === 'running' ? checker.endState() : 'gone',
    releasedAfter: checker.releasedAfter(),
    faults,
    checks: checker.checks,
    calls,
    virtualMs: clock.monotonic(),
  };

  /** Time passes for the World and the promises, though the agent may sleep for ever. */
  function passTime() {
    clock.at(clock.trueNow() + PASSES_MS, passTime);
  }

  function boot() {
    world.advance(clock.trueNow());
    if (machine.state !== 'running' || life) return;
    // Its service is started with the host. A restart that was due before that finds no host.
    const bootsIn = bootedAt - clock.monotonic();
    if (bootsIn > 0) {
      clock.at(clock.trueNow() + bootsIn, boot);
      return;
    }
    const own: Life = { dead: false, isEnding: false, ended: never(), stop: new AbortController() };
    const round = countRounds(clock);
    life = own;
    checker.onBoot();
    timeline.note(clock.trueNow(), 'the agent starts');
    own.ended = agent.startAgent(config, {
      clock: {
        ...standstill.clock,
        sleep: (ms, options) => (own.dead ? never() : standstill.clock.sleep(ms, options)),
      },
      uptime: () => clock.monotonic() - bootedAt,
      awake: () => standstill.clock.monotonic() - bootedAt,
      random: random.next,
      http: (request) => (own.dead ? never() : ask(own, request)),
      transport: () => (operation, input, options) => call(own, operation, input, options),
      store: storeOf(own),
      configuredCluster: () => (hasEcsConfig(plan) ? machine.ecsAgent.cluster.name : undefined),
      manual: async () => known(manual.requested ? { source: 'manual' } : undefined),
      environment: {},
      hooks: operatorHooks(own),
      log: (event, message) => {
        if (own.dead) return;
        timeline.log(clock.trueNow(), event, message);
        // It goes on as if nobody had answered, and would break no other promise.
        if (event === 'agent.fault') checker.onCrash(new Error(message));
      },
      onReport: (report) => {
        if (own.dead) return;
        round();
        checker.onReport(report);
      },
      stop: own.stop.signal,
    });
    own.ended.then(
      () => {
        if (!own.dead && !own.isEnding) checker.onCrash(new Error('it ended by itself'));
      },
      (error: unknown) => !own.dead && checker.onCrash(error),
    );
  }

  function operatorHooks(own: Life): OperatorHooks | undefined {
    const { operatorHooks: planned } = plan;
    if (!planned) return undefined;
    const running = new Set<string>();
    const hooks: OperatorHooks = {
      holds: planned.holds,
      run: async (stage, _, attempt) => {
        const hook = planned.stages[stage];
        if (own.dead) return never();
        if (!hook) return 'none';
        timeline.note(clock.trueNow(), `the operator's hook of stage ${stage} runs for ${hook.ms} ms`);
        const fails = attempt <= hook.failures;
        const counts = !fails || !planned.holds;
        checker.onOperatorHook(stage, { ms: hook.ms, pauseMs: fails ? pauseAfter(attempt) : 0, counts });
        if (running.has(stage)) checker.onCrash(new Error(`the hooks of stage ${stage} ran twice at once`));
        running.add(stage);
        await standstill.clock.sleep(hook.ms, { signal: own.stop.signal });
        running.delete(stage);
        if (own.dead) return never();
        return fails ? 'failed' : 'succeeded';
      },
    };
    // An agent of an earlier checkout tells when the next run is of another drain.
    return Object.assign(hooks, { forget: () => {} });
  }

  function storeOf(own: Life) {
    const store = agent.createFileStore(STATE_DIR);
    return {
      load: () => {
        if (!own.dead) wasKilledUnsynced = false;
        return store.load();
      },
      putOnDisk: () => {
        if (!own.dead) store.putOnDisk();
      },
      save: (state: Parameters<typeof store.save>[0]) => {
        if (own.dead) return;
        checker.onSaving(state);
        try {
          store.save(state);
        } catch (error) {
          if (!own.dead) checker.onSaveFailed(state, store.load);
          throw error;
        }
        // Reading it each time would take a twentieth of a run.
        const isRead = disk.full || disk.room < Infinity;
        if (!own.dead) checker.onSaved(state, isRead ? store.load : () => state);
      },
      remove: () => {
        if (own.dead) return;
        store.remove();
        // A process that is killed in the middle of it may have come as far as the disk.
        if (!own.dead || disk.content() === undefined) checker.onStateRemoved();
      },
    };
  }

  /** The process ends at once: nothing that it still does reaches anything. */
  function endLife() {
    if (!life) return;
    life.dead = true;
    life = undefined;
    disk.endProcess();
    checker.onDeath();
  }

  /** The process is asked to end: it has some seconds for it, as systemd gives them, and none that AWS would notice. */
  function terminate(one: Kill) {
    if (!life) return;
    const own = life;
    timeline.note(clock.trueNow(), 'the agent is asked to end');
    own.isEnding = true;
    checker.onStopping();
    own.stop.abort();
    own.ended.then(() => {
      if (!own.dead) kill(one);
    }, ignore);
    void standstill.clock.sleep(STOPS_WITHIN_MS).then(() => {
      if (!own.dead) checker.onCrash(new Error(`it did not end within ${STOPS_WITHIN_MS} ms of SIGTERM`));
    });
  }

  function kill({ downMs, state, by }: Kill) {
    if (!life) return;
    endLife();
    const how = by ? 'has ended' : 'is killed';
    timeline.note(clock.trueNow(), `the agent ${how}, for ${downMs} ms; its state is ${state}`);
    clock.at(clock.trueNow() + downMs, () =>
      whenOn(() => {
        world.advance(clock.trueNow());
        if (state !== 'kept') loseState(state);
        boot();
      }),
    );
  }

  async function call<O extends Operation>(
    own: Life,
    operation: O,
    input: Input<O>,
    options: { signal: AbortSignal },
  ): Promise<Output<O>> {
    if (own.dead) return never();
    const number = ++calls;
    killAround('before-call', number);
    if (own.dead) return never();
    world.advance(clock.trueNow());
    if (own.dead) return never();
    checker.onCall(operation, input);
    timeline.call(clock.trueNow(), operation, input);
    try {
      const output = await standstill.during(face.transport(operation, input, options));
      killAround('after-call', number);
      if (own.dead) return never();
      checker.onAnswer(operation, output, input);
      return output;
    } catch (error) {
      killAround('after-call', number);
      if (own.dead) return never();
      checker.onRefusal(operation, error);
      timeline.refusal(clock.trueNow(), operation, error);
      throw error;
    }
  }

  /** The host is stopped, and its agent with it. Its service is started with the host, whatever had ended the process. */
  function stop(startsAt: number) {
    const downMs = startsAt - clock.trueNow();
    stoppedUntil = startsAt + (plan.agentAfterStart ?? 0);
    kill({ downMs, state: 'kept', when: 'at', at: 0 });
    clock.at(stoppedUntil, boot);
    bootedAt = clock.monotonic() + downMs;
  }

  /** What is on the root volume is lost with it. */
  function startFromNewRoot(downMs: number) {
    bootedAt = clock.monotonic() + downMs;
    losePower();
    if (!plan.rootVolumeKeepsState) loseState('lost');
    kill({ downMs, state: 'kept', when: 'at', at: 0 });
  }

  /** What nobody has synced is lost, unless the kernel has written it back by then. */
  function losePower() {
    disk.writeBack(clock.monotonic() - WRITTEN_BACK_MS);
    const before = disk.content();
    disk.losePower();
    // The time that the disk had to take is nobody's fault, nor a kill before it was told to.
    if ((plan.syncMs !== undefined || wasKilledUnsynced) && disk.content() !== before) checker.onStateLost();
  }

  function loseState(how: 'lost' | 'corrupt') {
    disk.overwrite(how === 'lost' ? undefined : '{"version":1,"instanceId":"i-0');
    checker.onStateLost();
  }

  function killAround(when: 'before-call' | 'after-call', number: number) {
    for (const one of plan.kills) {
      if (one.when !== when || one.call !== number) continue;
      // A write of the same moment may be on its way to the disk.
      if (life && disk.isAhead()) wasKilledUnsynced = true;
      kill(one);
    }
  }

  async function ask(own: Life, request: HttpRequest) {
    try {
      const response = await standstill.during(face.http(request));
      if (own.dead) return never();
      checker.onHostAnswer(request.url, response);
      return response;
    } catch (error) {
      if (own.dead) return never();
      checker.onHostSilence(request.url);
      throw error;
    }
  }
}

/** What a host does itself, or somebody on it: not while it stands still. */
const ON_HOST = new Set<Happening['what']>([
  'manual-drain',
  'manual-cancel',
  'ecs-agent',
  'impostor',
  'impostor-gone',
  'introspection',
  'registers-anew',
  'clock-jump',
  'disk',
  'reboot',
  'hibernation',
  'stop',
]);

const atOnce = (run: () => void) => run();

/** What is written is on the disk itself after so long, in ms: `vm.dirty_expire_centisecs` of Linux, and what the write takes. */
const WRITTEN_BACK_MS = 40_000;

/** What an agent that oversleeps misses is seen this soon, in ms. */
const PASSES_MS = 30_000;

/** TimeoutStopSec in the unit is longer; nothing that the agent does at its end takes that long. */
const STOPS_WITHIN_MS = 5_000;

/** Until an operator's hook that failed is run again, in ms (docs/hooks.md): 15 s, doubled up to 5 min. */
const pauseAfter = (attempt: number) => Math.min(300_000, 15_000 * 2 ** (attempt - 1));

/** How long the host has been up when the agent first starts, in ms. */
const UP_BEFORE_MS = 60_000;

/** How many rounds of the loop may pass in one and the same moment. */
const ROUNDS_AT_ONCE = 2_000;

/** Throws when the loop runs on and on while no time passes: a real process would take all of a core. */
function countRounds(clock: VirtualClock): () => void {
  let at = -1;
  let rounds = 0;
  return () => {
    if (clock.monotonic() !== at) rounds = 0;
    at = clock.monotonic();
    if (++rounds > ROUNDS_AT_ONCE) throw new Error(`it went round ${rounds} times at once`);
  };
}

/** What fails is told elsewhere. */
const ignore = () => {};

/** What a dead process waits for: its own promise each time, so that nothing gathers. */
const never = () => new Promise<never>(() => {});

function noConfigFile(): string {
  throw Object.assign(new Error('there is none'), { code: 'ENOENT' });
}

/** The World counts a fault's hits: so we learn of each. */
function whenHit(fault: { hits: number }, onHit: () => void): void {
  let hits = 0;
  Object.defineProperty(fault, 'hits', {
    get: () => hits,
    set: (count: number) => {
      hits = count;
      onHit();
    },
  });
}

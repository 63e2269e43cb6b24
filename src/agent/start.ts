import { createAutoScaling } from '../aws/auto-scaling.ts';
import { createBudget } from '../aws/budget.ts';
import { type Attempt, createCaller } from '../aws/call.ts';
import { describeTag } from '../aws/ec2.ts';
import { createEcs } from '../aws/ecs.ts';
import { createImds, type Identity, type Imds, imdsEndpoint, readIdentity } from '../aws/imds.ts';
import type { Transport } from '../aws/operations.ts';
import { reportCalls } from '../aws/report-calls.ts';
import { type Clock, steady } from '../base/clock.ts';
import type { Config } from '../config/options.ts';
import { createEcsAgent, type EcsAgent, type Registration } from '../host/ecs-agent.ts';
import type { Http } from '../host/http.ts';
import { type Log, withFields } from '../log/log.ts';
import type { OperatorHooks } from '../operator-hooks/operator-hooks.ts';
import { lifecycleSignal, type ReadSignal, rebalanceSignal, spotSignal } from '../signals/metadata.ts';
import { tagSignal } from '../signals/tag.ts';
import { createAct } from './act/mutations.ts';
import { runAgent } from './loop.ts';
import type { Memory } from './model.ts';
import { createLook } from './observe/ecs-view.ts';
import { createExplain } from './observe/explain.ts';
import { createSources } from './observe/polls.ts';
import type { Report } from './report/report.ts';
import { resume, type State, type StateStore } from './state/state-file.ts';

/** Everything outside the agent, as it reaches it. */
export type World = {
  readonly clock: Clock;
  /** How long the host has been up, in ms: goes on while the agent is down, and no clock setting changes it. */
  readonly uptime: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly http: Http;
  /** The AWS APIs in a Region; called once the Region is known. */
  readonly transport: (region: string) => Transport;
  readonly store: StateStore;
  /** What `ecs-drain-agent drain` on this host asks for. */
  readonly manual: ReadSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** Told whenever something may have changed; what is reported is put into words only for whoever asks. */
  readonly onReport: (report: () => Report) => void;
  /** Told of every request to AWS and what came of it. */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
  /** The operator's executables; absent where there are none. */
  readonly hooks?: OperatorHooks | undefined;
  readonly stop: AbortSignal;
};

const IDENTITY_RETRY_MS = 2_000;
const STILL_WAITING_MS = 60_000;

/** Learns who this instance is, picks up what the last run left, and runs the loop until `stop` aborts. */
export async function startAgent(config: Config, world: World): Promise<void> {
  const { random, stop } = world;
  // One clock for all that is kept: the times in the state file must be of the same one.
  const clock = steady(world.clock);
  const imds = createImds(world.http, imdsEndpoint(world.environment), stop);
  const identity = await waitForIdentity(imds, world);
  if (!identity) return;
  const { instanceId, region } = identity;
  const log = withFields(world.log, () => ({ instanceId }));

  const budget = createBudget(clock);
  const quietly = createCaller({
    transport: world.transport(region),
    clock,
    random,
    budget,
    stop,
    ...(world.onAttempt && { onAttempt: world.onAttempt }),
  });
  const call = reportCalls(quietly, log);
  const ecs = createEcs(call);
  const autoScaling = createAutoScaling(call, instanceId);
  const kept = createKept({ ...world, clock }, instanceId, log);
  const ecsAgent = reportRegistration(
    createEcsAgent(world.http, config.introspectionUrl, stop),
    kept.setRegistration,
    log,
  );

  log('agent.ready', `this is ${instanceId} in ${region}`, { region });
  await runAgent({
    instanceId,
    clock,
    policy: config,
    watched: describeWatched(config),
    sources: (steadyClock, onAnswer, tasksLeft) =>
      createSources({
        imds,
        ecsAgent,
        autoScaling,
        look: createLook({
          ecs,
          ecsAgent,
          instanceId,
          listsWhileActive: config.mode === 'deregister' || config.dryRun,
          cluster: config.cluster,
          lastRegistration: kept.registration,
        }),
        explain: createExplain(quietly, steadyClock, log),
        signals: [
          ...signalsFor(config, imds, {
            call: () => describeTag(call, instanceId, config.tagKey),
            world,
            log,
          }),
          world.manual,
        ],
        clock: steadyClock,
        random,
        pollInterval: config.pollInterval,
        onAnswer,
        tasksLeft,
      }),
    act: createAct(ecs, autoScaling),
    memory: kept.memory,
    save: kept.save,
    log,
    onReport: world.onReport,
    hooks: world.hooks && { region, operator: world.hooks },
    stop,
  });
}

function signalsFor(
  config: Config,
  imds: Imds,
  { call, world, log }: { call: () => Promise<string | undefined>; world: World; log: Log },
): ReadSignal[] {
  const readers = {
    tag: () =>
      tagSignal(config, {
        imds,
        describeTag: call,
        clock: world.clock,
        random: world.random,
        onSource: (source) => reportSource(source, log),
      }),
    lifecycle: () => lifecycleSignal(imds),
    spot: () => spotSignal(imds),
    rebalance: () => rebalanceSignal(imds),
  };
  return config.signals.map((name) => readers[name]());
}

function reportSource(source: 'imds' | 'ec2', log: Log): void {
  const message =
    source === 'ec2'
      ? 'instance metadata serves no tags: reading the tag by ec2:DescribeTags instead'
      : 'instance metadata serves tags again: the EC2 API is no longer asked';
  log('tag.source', message, { source });
}

/** The ECS agent, which says when it does not answer and when it does again. */
function reportRegistration(
  ecsAgent: EcsAgent,
  onRegistration: (registration: Registration) => void,
  log: Log,
): EcsAgent {
  let isThere: boolean | undefined;
  return {
    ...ecsAgent,
    registration: async () => {
      const registration = await ecsAgent.registration();
      const wasThere = isThere;
      isThere = registration.kind === 'known';
      if (registration.kind === 'known') {
        onRegistration(registration.value);
        const { cluster, containerInstanceArn: containerInstance } = registration.value;
        if (!wasThere) log('agent.ready', `registered in cluster ${cluster}`, { cluster, containerInstance });
      } else if (wasThere !== false) {
        log('agent.waiting', `waiting for the ECS agent: ${registration.cause}`, { for: 'ecs-agent' });
      }
      return registration;
    },
  };
}

async function waitForIdentity(
  imds: Imds,
  { clock, random, environment, log, onReport, stop }: World,
): Promise<Identity | undefined> {
  let saidAt = -Infinity;
  while (!stop.aborted) {
    const identity = await readIdentity(imds, environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION);
    if (identity.kind === 'known') return identity.value;
    if (clock.monotonic() >= saidAt + STILL_WAITING_MS && !stop.aborted) {
      saidAt = clock.monotonic();
      log('agent.waiting', `waiting for instance metadata: ${identity.cause}`, { for: 'imds' });
      onReport(() => ({
        state: 'starting',
        summary: `waiting for instance metadata: ${identity.cause}`,
        signals: [],
      }));
    }
    await clock.sleep(IDENTITY_RETRY_MS * (0.5 + random()), { signal: stop });
  }
  return undefined;
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

/** What outlives the process; says once when it can't be kept. */
function createKept({ store, clock, uptime }: World, instanceId: string, log: Log) {
  const state = loadState(store, instanceId, log);
  let registration = state?.registration;
  let memory: Memory = state ? resume(state, clock.now(), uptime()) : {};
  let isFailing = false;

  function write(now: number) {
    try {
      store.save({ instanceId, savedAt: now, uptime: uptime(), memory, registration });
      isFailing = false;
    } catch (error) {
      if (!isFailing) log('state.unwritable', `the state file cannot be written: ${messageOf(error)}`);
      isFailing = true;
    }
  }

  return {
    memory,
    registration: () => registration,
    save: (next: Memory, now: number) => {
      memory = next;
      write(now);
    },
    setRegistration: (next: Registration) => {
      if (next.containerInstanceArn === registration?.containerInstanceArn) return;
      registration = next;
      write(clock.now());
    },
  };
}

function describeWatched(config: Config): string {
  return config.signals.map((name) => (name === 'tag' ? `tag ${config.tagKey}` : name)).join(', ');
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

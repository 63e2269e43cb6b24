import { createAutoScaling } from '../aws/auto-scaling.ts';
import { createBudget } from '../aws/budget.ts';
import { type Attempt, createCaller, withdrawnBy } from '../aws/call.ts';
import { describeTag } from '../aws/ec2.ts';
import { createEcs } from '../aws/ecs.ts';
import {
  createImds,
  type Identity,
  type Imds,
  imdsEndpoint,
  readIdentity,
  readOtherRegion,
} from '../aws/imds.ts';
import type { Transport } from '../aws/operations.ts';
import { reportCalls } from '../aws/report-calls.ts';
import { type Clock, steady } from '../base/clock.ts';
import { regionIn } from '../base/environment.ts';
import type { Config } from '../config/options.ts';
import { createEcsAgent } from '../host/ecs-agent.ts';
import type { Http } from '../host/http.ts';
import { type Log, withFields } from '../log/log.ts';
import type { OperatorHooks } from '../operator-hooks/operator-hooks.ts';
import type { ReadManualSignal } from '../signals/manual.ts';
import { lifecycleSignal, rebalanceSignal, spotSignal } from '../signals/metadata.ts';
import { announcedAhead, goneIfRepeated } from '../signals/read-signals.ts';
import { scheduledSignal } from '../signals/scheduled.ts';
import type { ReadSignal, SignalReader } from '../signals/signal.ts';
import { type TagPorts, tagSignal } from '../signals/tag.ts';
import { createCalls } from './act/calls.ts';
import { runAgent } from './loop.ts';
import type { Memory } from './model.ts';
import { createEcsView } from './observe/ecs-view.ts';
import { createExplain } from './observe/explain.ts';
import { groupInMetadata } from './observe/group-in-metadata.ts';
import { createLocate, type RegisteredAt } from './observe/locate.ts';
import { createToldElsewhere } from './observe/told-elsewhere.ts';
import { reportEcsAgent } from './report/ecs-agent-transitions.ts';
import { createFaultLog } from './report/faults.ts';
import { createHostReport } from './report/host-report.ts';
import type { Report } from './report/report.ts';
import { createKept } from './state/kept.ts';
import type { StateStore } from './state/state-file.ts';

/** Everything outside the agent, as it reaches it. */
export type World = {
  readonly clock: Clock;
  /** How long the host has been up, in ms: goes on while the agent is down, and no clock setting changes it. */
  readonly uptime: () => number;
  /** … and not hibernated; absent where nothing tells. */
  readonly awake?: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly http: Http;
  /** The AWS APIs in a Region; called once the Region is known. */
  readonly transport: (region: string) => Transport;
  readonly store: StateStore;
  /** What `ecs-drain-agent drain` on this host asks for. */
  readonly manual: ReadManualSignal;
  /** The cluster that the host's ECS agent is configured for; undefined where that cannot be told. */
  readonly configuredCluster?: (() => string | undefined) | undefined;
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
  const clock = steady(world.clock, world.uptime);
  const imds = createImds(world.http, imdsEndpoint(world.environment), stop);
  const identity = await waitForIdentity(imds, world);
  if (!identity) return;
  const { instanceId, region } = identity;
  const log = withFields(world.log, () => ({ instanceId }));

  const quietly = createCaller({
    transport: world.transport(region),
    clock,
    random,
    budget: createBudget(clock),
    stop,
    ...(world.onAttempt && { onAttempt: world.onAttempt }),
  });
  const host = createHostReport(identity, world.clock);
  const call = host.watchCalls(reportCalls(quietly, log));
  const ecs = createEcs(call);
  const autoScaling = createAutoScaling(call, instanceId);
  const cluster = () => config.cluster ?? world.configuredCluster?.();
  const registeredAt: RegisteredAt = new Map();
  const kept = createKept(
    { store: world.store, clock, uptime: world.uptime, awake: world.awake },
    instanceId,
    log,
  );
  const ecsAgent = host.watchEcsAgent(
    reportEcsAgent(
      createEcsAgent(world.http, config.introspectionUrl, stop, (message) =>
        log('introspection.strange', message),
      ),
      kept.hear,
      log,
    ),
  );

  const onFault = createFaultLog(log, clock);
  const lifecycle = noteKept(lifecycleSignal(goneIfRepeated(imds)), clock);
  log('agent.ready', `this is ${instanceId} in ${region}`, { region });
  // At rest nothing else would tell: AWS is first asked in a drain.
  if (regionIn(world.environment) !== undefined)
    void readOtherRegion(imds, region).then((why) => {
      if (why !== undefined && !stop.aborted) log('config.warning', why);
    });
  const toldElsewhere = createToldElsewhere(clock.now, Object.keys(kept.memory).length > 0);
  await runAgent({
    instanceId,
    region,
    clock,
    wallNow: world.clock.now,
    random,
    policy: config,
    watched: describeWatched(config),
    watch: {
      imds,
      ecsAgent,
      signals: (onNews) => [
        ...signalsFor(config, imds, clock, world.clock.now, kept.memory, lifecycle.read, () =>
          describeOwnTag(onNews),
        ),
        { source: 'manual', read: () => world.manual({ instanceId, stateOf: kept.stateOf }) },
      ],
    },
    drainSource: (over) => {
      const asking = createEcs(withdrawnBy(over, call));
      over.addEventListener('abort', toldElsewhere.note);
      return {
        ecsAgent,
        autoScaling: createAutoScaling(withdrawnBy(over, call), instanceId),
        groupInMetadata: () => groupInMetadata(imds),
        readEcsView: createEcsView({
          ecs: asking,
          ecsAgent,
          instanceId,
          now: clock.now,
          locate: createLocate({
            ...kept,
            ecs: asking,
            instanceId,
            cluster,
            configuredCluster: world.configuredCluster,
            now: clock.now,
            registeredAt,
          }),
          listsWhileActive: config.mode === 'deregister' || config.dryRun,
          isReplacing: kept.isReplacing,
          isToldElsewhere: toldElsewhere.isLately,
        }),
        explain: createExplain(withdrawnBy(over, quietly), clock, log, onFault),
        onView: ({ own }) => kept.confirm(own),
      };
    },
    calls: createCalls({ ecs, autoScaling, onFault, onTasksRunning: toldElsewhere.note }),
    memory: kept.memory,
    keptAt: lifecycle.keptAt,
    save: kept.save,
    log: world.log,
    onFault,
    onReport: (report) => world.onReport(() => host.complete(report())),
    operatorHooks: world.hooks,
    stop,
  });

  function describeOwnTag(onNews: () => void): TagPorts {
    return {
      imds,
      describeTag: () => describeTag(call, instanceId, config.tagKey),
      // What was read before the host was hibernated is old.
      clock,
      random,
      onSource: (source) => reportSource(source, log),
      onNews,
      onFault: (error) => onFault('ec2:DescribeTags', error),
    };
  }
}

function signalsFor(
  config: Config,
  imds: Imds,
  clock: Clock,
  wallNow: () => number,
  memory: Memory,
  lifecycle: ReadSignal,
  tagPorts: () => TagPorts,
): SignalReader[] {
  const scheduled = memory.signals?.find((signal) => signal.source === 'scheduled');
  const notices = goneIfRepeated(imds);
  const readers = {
    tag: () => tagSignal(config, tagPorts()),
    lifecycle: () => lifecycle,
    spot: () => announcedAhead(spotSignal(notices), clock),
    rebalance: () => announcedAhead(rebalanceSignal(notices), clock),
    scheduled: () =>
      announcedAhead(scheduledSignal(notices, config.scheduledAhead, wallNow, scheduled), clock),
  };
  return config.signals.map((source) => ({ source, read: readers[source]() }));
}

/** Remembers when the group was last said to keep the instance, though another source may be silent, or ask for the instance. */
function noteKept(read: ReadSignal, { now }: Pick<Clock, 'now'>) {
  let keptAt: number | undefined;
  return {
    keptAt: () => keptAt,
    read: async () => {
      const askedAt = now();
      const reading = await read();
      if (reading.kind === 'known' && reading.value === undefined) keptAt = askedAt;
      return reading;
    },
  };
}

function reportSource(source: 'imds' | 'ec2', log: Log): void {
  const message =
    source === 'ec2'
      ? 'instance metadata serves no tags: reading the tag by ec2:DescribeTags instead'
      : 'instance metadata serves tags again: the EC2 API is no longer asked';
  log('tag.source', message, { source });
}

async function waitForIdentity(
  imds: Imds,
  { clock, random, environment, log, onReport, stop }: World,
): Promise<Identity | undefined> {
  let saidAt = -Infinity;
  while (!stop.aborted) {
    const identity = await readIdentity(imds, regionIn(environment));
    if (identity.kind === 'known') return identity.value;
    if (clock.monotonic() >= saidAt + STILL_WAITING_MS && !stop.aborted) {
      saidAt = clock.monotonic();
      log('agent.waiting', `waiting for instance metadata: ${identity.cause}`, { for: 'imds' });
      onReport(() => ({
        state: 'starting',
        summary: `waiting for instance metadata: ${identity.cause}`,
        signals: [],
        problems: [
          {
            kind: 'metadata',
            why: identity.cause,
            fix: 'enable instance metadata (HttpEndpoint=enabled), and let the agent’s user reach 169.254.169.254',
          },
        ],
      }));
    }
    await clock.sleep(IDENTITY_RETRY_MS * (0.5 + random()), { signal: stop });
  }
  return undefined;
}

function describeWatched(config: Config): string {
  return config.signals.map((name) => (name === 'tag' ? `tag ${config.tagKey}` : name)).join(', ');
}

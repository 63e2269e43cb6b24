import { runAgent } from '../../../src/agent/loop.ts';
import type { EcsView, Memory, Mutation, Outcome } from '../../../src/agent/model.ts';
import type { Report } from '../../../src/agent/report/report.ts';
import type { Hook, Lifecycle } from '../../../src/aws/auto-scaling.ts';
import type { Task } from '../../../src/aws/ecs.ts';
import { AwsError, type AwsErrorKind } from '../../../src/aws/errors.ts';
import { ifKnown, known, type Reading, unknown } from '../../../src/base/reading.ts';
import type { LocalTask, Registration } from '../../../src/host/ecs-agent.ts';
import type { EventName } from '../../../src/log/events.ts';
import type { Fields } from '../../../src/log/log.ts';
import type { HookFacts, HookStage, HooksResult } from '../../../src/operator-hooks/operator-hooks.ts';
import type { Signal } from '../../../src/signals/signal.ts';
import { createVirtualClock, START, settled } from '../../support/virtual-clock.ts';
import { policy } from './decide/observations.ts';

export const OWN = 'i-0123456789abcdef0';
export const CI = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/web/1';
export const task: Task = {
  arn: 'arn:aws:ecs:eu-west-1:111122223333:task/web/a',
  group: 'family:report',
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  containerInstanceArn: CI,
};
export const local: LocalTask = { arn: task.arn, family: 'report', knownStatus: 'RUNNING' };
export const hook: Hook = { name: 'drain', heartbeatTimeout: 3_600_000, globalTimeout: 172_800_000 };
const registration: Registration = { cluster: 'web', containerInstanceArn: CI };

export const failed = (kind: AwsErrorKind): AwsError =>
  new AwsError('ecs:ListTasks', kind, 'Failed', 'it failed');

export type AgentOptions = {
  readonly policy?: Partial<Parameters<typeof runAgent>[0]['policy']>;
  readonly memory?: Memory;
  /** What each stage of the operator's hooks comes to. Absent: there are none. */
  readonly hooks?: Partial<Record<HookStage, HooksResult | Promise<HooksResult>>> & {
    readonly holds?: boolean;
  };
  /** Nobody can be asked why a drain waits, unless told. */
  readonly explains?: boolean;
  /** What metadata tells of the group; it is not asked unless told. */
  readonly groupInMetadata?: Lifecycle;
  /** Drawn in this order, again and again; a half unless told. */
  readonly random?: readonly number[];
  /** Whether the host’s uptime tells that it has stood still; it does unless told. */
  readonly tellsOfStandstill?: boolean;
  /** What is answered from the start. */
  readonly says?: Partial<Says>;
};

export type Says = {
  signal: Reading<Signal | undefined> | Promise<Reading<Signal | undefined>>;
  /** What other sources say beside it. */
  other: Signal | undefined;
  /** The instance id in the metadata. */
  instanceId: Reading<string | undefined> | Promise<Reading<string | undefined>>;
  registration: Reading<Registration>;
  /** Of the container instance; undefined once it is deregistered. */
  status: string | undefined;
  /** What ECS lists. */
  tasks: readonly Task[];
  /** Instead of all that ECS would say of this host. */
  view: Reading<EcsView> | AwsError | Promise<Reading<EcsView>> | undefined;
  localTasks: Reading<readonly LocalTask[]> | Promise<Reading<readonly LocalTask[]>>;
  lifecycle: Lifecycle | AwsError;
  hooks: readonly Hook[] | AwsError;
  retains: boolean | AwsError;
  /** How long each answer takes, in ms. */
  takesMs: number;
};

/**
 * The loop, and a drain in it, amid answers that a test gives: no AWS, no metadata and no time but the virtual. A
 * container instance that is ACTIVE, in a group, with nothing on it. It does what it is told, as ECS would.
 */
export function scriptAgent({ memory = {}, hooks, explains = false, ...options }: AgentOptions = {}) {
  const virtual = createVirtualClock();
  const sleeps: number[] = [];
  let stoodStill = 0;
  let hibernated = 0;
  const clock: typeof virtual = {
    ...virtual,
    now: () => virtual.now() + stoodStill,
    monotonic: () => virtual.monotonic() + stoodStill,
    ...(options.tellsOfStandstill !== false && { stoodStill: () => hibernated }),
    sleep: (ms, until) => {
      sleeps.push(ms);
      return virtual.sleep(ms, until);
    },
  };
  const stop = new AbortController();
  const says: Says = {
    signal: known(undefined),
    other: undefined,
    instanceId: known(OWN),
    registration: known(registration),
    status: 'ACTIVE',
    tasks: [],
    view: undefined,
    localTasks: known([]),
    lifecycle: { kind: 'in-group', group: 'web-asg', state: 'InService' },
    hooks: [hook],
    retains: false,
    takesMs: 0,
    ...options.says,
  };
  /** Instead of `done`. An answer that comes later is a promise. */
  const outcomes: Partial<Record<Mutation['kind'] | 'heartbeat', Outcome | Promise<Outcome>>> = {};
  const did: string[] = [];
  const asked: string[] = [];
  const said: { readonly event: EventName; readonly message: string; readonly fields: Fields | undefined }[] =
    [];
  const saved: Memory[] = [];
  const ran: { readonly stage: HookStage; readonly facts: HookFacts }[] = [];
  const mutations: Mutation[] = [];
  let last: Report | undefined;
  const views: EcsView[] = [];
  const faults: string[] = [];
  const signals = new Map<Mutation['kind'] | 'heartbeat', AbortSignal>();
  let keptAt: number | undefined;
  let isOver = false;
  let drawn = 0;
  const { random = [] } = options;

  /** It is the source of what it said last. */
  const oneSource = {
    source: memory.signals?.[0]?.source ?? 'tag',
    read: () => {
      const askedAt = clock.now();
      const answer = ask('signals', () => says.signal);
      void answer.then((reading) => {
        if (policy.signals.includes('lifecycle') && reading.kind === 'known' && !reading.value)
          keptAt = askedAt;
      });
      void answer.then((reading) => {
        oneSource.source = ifKnown(reading)?.source ?? oneSource.source;
      });
      return answer;
    },
  };

  const seconds = () => `${clock.monotonic() / 1_000} s`;
  const ask = async <T>(what: string, answer: () => T | AwsError | Promise<T>): Promise<T> => {
    asked.push(`${seconds()} ${what}`);
    if (says.takesMs > 0) await virtual.sleep(says.takesMs);
    const value = await answer();
    if (value instanceof AwsError) throw value;
    return value;
  };
  const view = (byName: readonly string[]): Reading<EcsView> | AwsError | Promise<Reading<EcsView>> =>
    says.view ??
    known({
      containerInstance:
        says.status === undefined
          ? { kind: 'deregistered', arn: CI }
          : { kind: 'registered', cluster: 'web', arn: CI, status: says.status },
      tasks:
        says.status === 'ACTIVE' && options.policy?.mode !== 'deregister' && !options.policy?.dryRun
          ? unknown('they are listed once the container instance is DRAINING')
          : known([...says.tasks]),
      isListed: true,
      requests: 2,
      heard: CI,
      own: [registration],
      gone: byName.filter((arn) => !says.tasks.some((one) => one.arn === arn)),
    });
  const obey = ({ kind, ...more }: Mutation) => {
    if (kind === 'complete') {
      const isRetained = says.retains === true && 'result' in more && more.result === 'ABANDON';
      const state = isRetained ? 'Terminating:Retained' : 'Terminating:Proceed';
      says.lifecycle = { kind: 'in-group', group: 'web-asg', state };
    }
    if (kind === 'set-draining') says.status = 'DRAINING';
    if (kind === 'set-active') says.status = 'ACTIVE';
    if (kind === 'deregister') says.status = undefined;
  };

  void runAgent({
    instanceId: OWN,
    region: 'eu-west-1',
    clock,
    wallNow: clock.now,
    random: () => random[drawn++ % random.length] ?? 0.5,
    policy: { ...policy, dryRun: false, pollInterval: 5_000, logLevel: 'info', ...options.policy },
    watched: 'tag x',
    watch: {
      imds: { get: () => ask('identity', () => says.instanceId) },
      ecsAgent: { registration: () => ask('registration', () => says.registration) },
      signals: () => [oneSource, { source: 'manual', read: async () => known(says.other) }],
    },
    keptAt: () => keptAt,
    drainSource: () => ({
      ecsAgent: { tasks: () => ask('local tasks', () => says.localTasks) },
      autoScaling: {
        lifecycle: () => ask('lifecycle', () => says.lifecycle),
        terminatingHooks: () => ask('hooks', () => says.hooks),
        retainsAbandoned: () => ask('retention', () => says.retains),
      },
      groupInMetadata: options.groupInMetadata && (async () => options.groupInMetadata),
      readEcsView: (kind, _last, byName = []) => ask(`ECS ${kind}`, () => view(byName)),
      explain: explains ? () => ask('services', () => ({ services: [], protectedTasks: [] })) : undefined,
      onView: (one) => void views.push(one),
    }),
    calls: {
      mutate: async (mutation, withdrawn) => {
        signals.set(mutation.kind, withdrawn);
        did.push(`${seconds()} ${mutation.kind}`);
        mutations.push(mutation);
        const outcome = (await outcomes[mutation.kind]) ?? { kind: 'done' };
        if (outcome.kind === 'done') obey(mutation);
        return outcome;
      },
      heartbeat: async (_group, _hook, withdrawn) => {
        signals.set('heartbeat', withdrawn);
        did.push(`${seconds()} heartbeat`);
        return (await outcomes.heartbeat) ?? { kind: 'done' };
      },
    },
    memory,
    save: (next) => saved.push(next),
    log: (event, message, fields) => void said.push({ event, message, fields }),
    onFault: (question, error) => void faults.push(`${question}: ${error}`),
    onReport: (report) => {
      last = report();
    },
    operatorHooks: hooks && {
      holds: hooks.holds ?? false,
      run: async (stage, facts) => {
        ran.push({ stage, facts });
        return hooks[stage] ?? 'none';
      },
    },
    stop: stop.signal,
  }).then(() => {
    isOver = true;
  });

  return {
    clock,
    stop,
    says,
    outcomes,
    did,
    asked,
    said,
    saved,
    ran,
    mutations,
    sleeps,
    views,
    faults,
    /** Whether the last change of that kind is not to be made any more. */
    isWithdrawn: (kind: Mutation['kind'] | 'heartbeat') => signals.get(kind)?.aborted,
    report: () => last,
    isOver: () => isOver,
    events: () => said.map(({ event }) => event),
    /** When a question was asked, in seconds since the start. */
    times: (what: string) =>
      asked.filter((one) => one.endsWith(` s ${what}`)).map((one) => Number(one.split(' ')[0])),
    /** The host stands still with all its processes; the agent's clock counts that. */
    standStill: (ms: number) => {
      stoodStill += ms;
    },
    /** The same, and the host’s uptime tells of it. */
    hibernate: (ms: number) => {
      stoodStill += ms;
      hibernated += ms;
    },
    /** Lets time pass. */
    pass: async (ms: number) => {
      const end = clock.trueNow() + ms;
      clock.at(end, () => {});
      await settled();
      while (clock.step(end)) await settled();
    },
  };
}

export const manual = { source: 'manual' } as const;
export const waits = { kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait' } as const;

/** Ten seconds pass, then something asks for the instance, and its lifecycle hook waits. It is seen after 15 s. */
export async function begin(agent: ReturnType<typeof scriptAgent>, more: Partial<Says> = {}) {
  await agent.pass(10_000);
  Object.assign(agent.says, { signal: known(manual), lifecycle: waits, ...more });
}

/** One task, of which both ECS and the ECS agent say that it runs. */
export const busy = () => ({ tasks: [task], localTasks: known([local]) });

export { known, START, unknown };

import type { Transport } from '../../src/aws/operations.ts';
import { isoTime } from '../../src/base/clock.ts';
import { inMemory, type Machine, timelineLine } from '../../src/sandbox/index.ts';
import type { Operations } from '../../src/scaler/aws/operations.ts';
import type { ScalerPorts } from '../../src/scaler/turn/ports.ts';
import { createRandom } from '../simulation/random.ts';
import { START, settled } from '../support/virtual-clock.ts';
import { type JobRecord, launchJob } from './launcher.ts';
import type { Death, Meddling, ScalerPlan, ScalingPlan } from './plan.ts';
import { type Agent, at, CLUSTER, type Stage, setStage } from './stage.ts';
import { type ScalerProcess, type Violation, type Watch, watchScalers } from './watch.ts';

/** The scaler under test: what it is of, so that one with a deliberate bug can be simulated. */
export type Program = {
  readonly agent: Agent;
  /** A process of it: one turn after the other, with what it keeps between them. */
  readonly startScaler: (
    ports: Omit<ScalerPorts, 'stop' | 'config' | 'region' | 'queueTransport'>,
    plan: ScalerPlan,
    looksAhead: boolean,
  ) => { turn(): Promise<void> };
  readonly bootTimeoutMs: number;
};

export type RunRecord = {
  readonly plan: ScalingPlan;
  readonly violations: readonly Violation[];
  readonly jobs: readonly JobRecord[];
  /** Turns of all scalers that have ended, those that failed included. */
  readonly turns: number;
  readonly failedTurns: number;
  readonly deaths: number;
  readonly launched: number;
  readonly terminated: number;
  /** In ms. */
  readonly lasted: number;
};

const MINUTE = 60_000;
/** How often the World is looked at, in ms. */
const LOOK_EVERY_MS = 15_000;
/** After which nothing is to happen any more, when all jobs have ended. */
const CALM_MS = 45 * MINUTE;
const LIMIT_MS = 6 * 60 * MINUTE;
/** When the last of what a plan holds is over, in ms: jobs and faults begin in the first 50 min, and faults last up to 20. */
const EVENTFUL_MS = 75 * MINUTE;

/** Plays a plan to its end on a virtual clock. @param tell told what the scalers ask for and what happens */
export async function simulate(
  plan: ScalingPlan,
  program: Program,
  tell?: (line: string) => void,
): Promise<RunRecord> {
  const stage = setStage(plan, program.agent);
  const { clock, fleet, catchUp } = stage;
  if (tell) fleet.world.onEvent((event) => tell(timelineLine(event)));
  const watch = watchScalers(stage, program);
  const jobs: JobRecord[] = [];
  for (const [index, job] of plan.jobs.entries())
    at(stage, job.at, () => {
      const record: JobRecord = {
        plan: job,
        key: `job-${index}`,
        since: clock.trueNow(),
        startedAt: undefined,
      };
      jobs.push(record);
      void launchJob(stage, record);
    });
  for (const one of plan.meddling)
    at(stage, one.at, () => {
      watch.troubled();
      meddle(stage, one);
    });
  const counts = { turns: 0, failedTurns: 0, deaths: 0, dead: 0, gone: 0 };
  for (const [index, scaler] of plan.scalers.entries())
    at(stage, scaler.from, () => void runScaler({ stage, watch, program, counts, tell }, scaler, index));
  let [launched, terminated] = [0, 0];
  fleet.world.onEvent((event) => {
    if (event.type === 'machine-launched' && event.group !== undefined) launched++;
    if (event.type === 'scale-in-chosen') terminated++;
  });
  void lookOn();

  let endsAt = START + LIMIT_MS;
  do await settled();
  while (clock.step(endsAt));
  catchUp();
  watch.end(jobs);
  return {
    plan,
    violations: watch.violations,
    jobs,
    ...counts,
    launched,
    terminated,
    lasted: clock.trueNow() - START,
  };

  async function lookOn(): Promise<void> {
    let calmSince: number | undefined;
    for (;;) {
      await clock.sleep(LOOK_EVERY_MS);
      catchUp();
      if (isTroubled()) watch.troubled();
      watch.look(jobs);
      const now = clock.trueNow();
      const isOver =
        now - START > EVENTFUL_MS && counts.dead === 0 && jobs.length === plan.jobs.length && !isAnyRunning();
      calmSince = isOver ? (calmSince ?? now) : undefined;
      if (calmSince !== undefined && now - calmSince >= CALM_MS) endsAt = now;
    }
  }

  function isTroubled(): boolean {
    const { group, world } = fleet;
    const areAllDead = counts.dead + counts.gone === plan.scalers.length;
    return world.faults.length > 0 || group.launchErrors.size > 0 || areAllDead;
  }

  function isAnyRunning(): boolean {
    for (const { placed } of fleet.world.machines.values())
      if (placed.some((task) => task.lastStatus !== 'STOPPED' && task.service === undefined)) return true;
    return false;
  }
}

type Run = {
  readonly stage: Stage;
  readonly watch: Watch;
  readonly program: Program;
  readonly counts: { turns: number; failedTurns: number; deaths: number; dead: number; gone: number };
  readonly tell: ((line: string) => void) | undefined;
};

/** One process after the other: each has turns until it dies. */
async function runScaler(run: Run, plan: ScalerPlan, index: number): Promise<void> {
  const { stage, watch, program, counts } = run;
  const { clock, fleet } = stage;
  const host = fleet.addInstance({ ecsAgentAfter: 'never', group: undefined });
  const random = createRandom(stage.plan.seed * 31 + index);
  const process: Mutable<ScalerProcess> = { knowsOfDaemons: 'nothing' };
  watchHost(run, host, process);
  const counted = { requests: 0, changes: 0 };
  let lastDeath: Death | undefined;
  for (;;) {
    const life = newLife();
    process.knowsOfDaemons = 'nothing';
    const transport = mortal(stage, host, life, process, (operation) => {
      counted.requests++;
      if (CHANGES.test(operation)) counted.changes++;
      const isDue = ({ of, nth }: Death) =>
        counted[of] === nth && (of === 'requests' || CHANGES.test(operation));
      lastDeath = plan.deaths.find(isDue);
      return lastDeath;
    });
    const scaler = program.startScaler(
      {
        clock: {
          ...clock,
          now: () => clock.now() + plan.skewMs,
          sleep: (ms, options) => (life.isDead ? never() : clock.sleep(ms, options)),
        },
        random: random.next,
        transport,
        cluster: CLUSTER,
        group: fleet.group.name,
        queueUrl: stage.queueUrl,
      },
      plan,
      stage.plan.ahead !== undefined,
    );
    const backAfter = await live(scaler, life.died);
    counts.deaths++;
    watch.troubled();
    if (backAfter > LIMIT_MS) {
      counts.gone++;
      return;
    }
    counts.dead++;
    await clock.sleep(backAfter);
    counts.dead--;
    watch.troubled();
  }

  async function live(scaler: { turn(): Promise<void> }, death: Promise<'died'>): Promise<number> {
    for (;;) {
      const end = await Promise.race([
        scaler.turn().then(
          () => 'ended' as const,
          () => 'failed' as const,
        ),
        death,
      ]);
      if (end === 'died') return lastDeath?.backAfter ?? MINUTE;
      counts.turns++;
      if (end === 'failed') counts.failedTurns++;
      await clock.sleep(plan.everyMs);
    }
  }
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** As the SDK throws it. */
function notTaken(): Error {
  return Object.assign(new Error('LaunchInstances is not supported for this Auto Scaling group.'), {
    name: 'ValidationError',
    $fault: 'client',
    $metadata: { httpStatusCode: 400, attempts: 1, totalRetryDelay: 0 },
  });
}

/** Requests that change something. */
const CHANGES = /:(Terminate|Launch|Update|Tag|Untag|Set)/;

type Life = { isDead: boolean; readonly died: Promise<'died'>; die(): Promise<never> };

function newLife(): Life {
  const { promise, resolve } = Promise.withResolvers<'died'>();
  const life: Life = {
    isDead: false,
    died: promise,
    die: () => {
      life.isDead = true;
      resolve('died');
      return never();
    },
  };
  return life;
}

/** Has all that comes from a host watched, when it gets to AWS. */
function watchHost({ stage, watch, tell }: Run, host: Machine, process: ScalerProcess): void {
  const { world } = stage.fleet;
  const { call } = world;
  world.call = (operation, input, caller, options) => {
    const send = () => {
      if (operation === 'autoscaling:LaunchInstances' && !stage.plan.group.takesLaunches) throw notTaken();
      return call(operation, input, caller, options);
    };
    if (tell && caller?.instanceId === host.id && !/:(List|Describe|Receive|DeleteMessage)/.test(operation))
      tell(
        `${isoTime(stage.clock.trueNow()).slice(11, 23)}  scaler on ${host.id}: ${operation} ${JSON.stringify(input)}`,
      );
    return caller?.instanceId === host.id ? watch.around(operation, input, send, process) : send();
  };
}

/** Its requests are on their way for a moment, and it may die at one of them. */
function mortal(
  { clock, fleet, random }: Stage,
  host: Machine,
  life: Life,
  process: Mutable<ScalerProcess>,
  deathAt: (operation: string) => Death | undefined,
): Transport<Operations> {
  const face = inMemory(fleet.world, { clock, instanceId: host.id });
  const send = face.transport as unknown as Transport<Operations>;
  return async (operation, input, options) => {
    if (life.isDead) return never();
    const death = deathAt(operation);
    if (death?.when === 'before') return life.die();
    await clock.sleep(random.integer(2, 150));
    if (life.isDead) return never();
    try {
      const answer = await send(operation, input, options);
      // Asked once in a process, of daemon services alone here, and after all else of them.
      if (operation === 'ecs:DescribeTaskDefinition') process.knowsOfDaemons = 'needs';
      if (operation === 'ecs:ListServices' && process.knowsOfDaemons === 'nothing')
        process.knowsOfDaemons = 'names';
      return answer;
    } finally {
      if (death && !life.isDead) await life.die();
    }
  };
}

function meddle({ fleet, clock }: Stage, { nth, what }: Meddling): void {
  const { world, group, cluster } = fleet;
  const members = [...group.members.values()].filter(({ state }) => state === 'InService');
  const machine = members[nth % Math.max(1, members.length)]?.machine;
  const name = { AutoScalingGroupName: group.name };
  const registered = [...cluster.containerInstances.values()].filter(({ status }) =>
    what.kind === 'activate' ? status === 'DRAINING' : status === 'ACTIVE',
  );
  const one = registered[nth % Math.max(1, registered.length)];
  switch (what.kind) {
    case 'sizes':
      world.call('autoscaling:UpdateAutoScalingGroup', {
        ...name,
        MinSize: what.min,
        MaxSize: what.max,
        DesiredCapacity: what.desired,
      });
      return;
    case 'drain':
    case 'activate':
      if (one?.machine.member?.state === 'InService')
        world.call('ecs:UpdateContainerInstancesState', {
          cluster: cluster.name,
          containerInstances: [one.arn],
          status: what.kind === 'drain' ? 'DRAINING' : 'ACTIVE',
        });
      return;
    case 'terminate':
      if (machine && (!what.decrement || group.desired > group.minSize))
        world.call('autoscaling:TerminateInstanceInAutoScalingGroup', {
          InstanceId: machine.id,
          ShouldDecrementDesiredCapacity: what.decrement,
        });
      return;
    case 'standby':
      if (machine && group.desired > group.minSize)
        world.call('autoscaling:EnterStandby', {
          ...name,
          InstanceIds: [machine.id],
          ShouldDecrementDesiredCapacity: true,
        });
      return;
    default:
      throw new Error(`${clock.now()}: nobody does ${JSON.stringify(what satisfies never)}`);
  }
}

const never = () => new Promise<never>(() => {});

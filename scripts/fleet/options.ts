import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { parseDuration } from '../../src/base/duration.ts';
import { messageOf } from '../../src/base/text.ts';
import { parseLimits } from '../../src/sandbox/index.ts';
import { type Family, families, SIZES, titleOf } from '../../test/fleet/families.ts';
import { defaultScenario, type ProgramName, type Scenario } from '../../test/fleet/scenario.ts';

export type FleetOptions = {
  readonly kind: 'run';
  readonly sizes: readonly number[];
  readonly families: readonly Family[];
  readonly seed: number;
  readonly workers: number;
  /** The checkout whose agent runs beside this one's. */
  readonly before: string | undefined;
  /** The folder that gets the chart. */
  readonly chart: string | undefined;
  readonly apis: boolean;
};

export const USAGE = `npm run fleet                          fleets of ${SIZES.join(', ')} in ${families.length} kinds of scenario, beside two other designs
npm run fleet -- --agents 10,100       the same, of these sizes only
npm run fleet -- --agents N --hook 300 --tasks 2h --auto-scaling 50/10    one scenario, put together by hand

--agents N[,N…]          how many instances drain at once
--tasks TIME             the longest task; the last of each instance ends between a fifth of it and all of it (10m)
--hook SECONDS           the hook's heartbeat time-out (3600)
--auto-scaling B/R       Auto Scaling's limit: B requests at once, R a second (100/20)
--ecs-reads B/R          ECS's limit on reading a cluster (100/20)
--outage TIME            no AWS API answers for so long, in the middle
--spot                   Spot interrupts all instances at once; the group does nothing
--together               all agents start in the same second, with the termination under way
--program NAME           agent, tag-poller or central-drainer; each of them, unless a scenario is put together
--before DIR             beside them the agent of another checkout
--seed N                 another draw of when agents start and tasks end (1)
--chart DIR              writes the chart, fleet-light.svg and fleet-dark.svg, of the first kind of scenario
--apis                   which APIs were asked, and how often
--workers N              how many scenarios run at a time (${availableParallelism()} here)`;

/** What the command line asks for. */
export function readOptions(
  argv: readonly string[],
): FleetOptions | { kind: 'help' } | { kind: 'wrong'; problem: string } {
  try {
    const values = parse(argv);
    return values.help ? { kind: 'help' } : optionsIn(values);
  } catch (error) {
    return { kind: 'wrong', problem: messageOf(error) };
  }
}

type Values = ReturnType<typeof parse>;

function optionsIn(values: Values): FleetOptions {
  return {
    kind: 'run',
    sizes: values.agents.split(',').map((text) => wholeNumber('--agents', text)),
    families: familiesAsked(values),
    seed: wholeNumber('--seed', values.seed),
    workers: wholeNumber('--workers', values.workers),
    before: values.before,
    chart: values.chart,
    apis: values.apis,
  };
}

const PROGRAMS: readonly string[] = ['agent', 'tag-poller', 'central-drainer'];

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      agents: { type: 'string', default: SIZES.join() },
      tasks: { type: 'string' },
      hook: { type: 'string' },
      'auto-scaling': { type: 'string' },
      'ecs-reads': { type: 'string' },
      outage: { type: 'string' },
      together: { type: 'boolean' },
      spot: { type: 'boolean' },
      program: { type: 'string' },
      before: { type: 'string' },
      seed: { type: 'string', default: '1' },
      chart: { type: 'string' },
      apis: { type: 'boolean', default: false },
      workers: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}

function familiesAsked(values: Values): readonly Family[] {
  const {
    tasks,
    hook,
    'auto-scaling': autoScaling,
    'ecs-reads': ecsReads,
    outage,
    together,
    spot,
    program,
    before,
  } = values;
  const extra: readonly ProgramName[] = before === undefined ? [] : ['agent-before'];
  if (program !== undefined && !PROGRAMS.includes(program))
    throw new Error(`--program must be one of ${PROGRAMS.join(', ')}: it was "${program}".`);
  const isByHand = [tasks, hook, autoScaling, ecsReads, outage, together, spot].some(
    (one) => one !== undefined,
  );
  if (!isByHand)
    return families.map((family) => ({
      ...family,
      programs: program === undefined ? [...family.programs, ...extra] : [program as ProgramName],
    }));
  const scenario = {
    ...defaultScenario,
    ...(tasks !== undefined && { tasksMs: duration('--tasks', tasks) }),
    ...(hook !== undefined && { hookMs: 1_000 * wholeNumber('--hook', hook) }),
    ...(autoScaling !== undefined && { autoScaling: bucket('auto-scaling', autoScaling) }),
    ...(ecsReads !== undefined && { ecsReads: bucket('ecs-cluster-read', ecsReads) }),
    ...(outage !== undefined && { outageMs: duration('--outage', outage) }),
    ...(together && { startTogether: true }),
    ...(spot && { isSpot: true }),
  };
  return [{ title: titleOf(scenario), programs: [(program ?? 'agent') as ProgramName, ...extra], scenario }];
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${option} must be a whole number: it was "${text}".`);
  return Number(text);
}

function duration(option: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0)
    throw new Error(`${option} must be a time such as 10m or 2h: it was "${text}".`);
  return ms;
}

function bucket(of: 'auto-scaling' | 'ecs-cluster-read', text: string): Scenario['autoScaling'] {
  const limits = parseLimits(`${of}=${text}`);
  const size = typeof limits === 'object' ? limits[of] : undefined;
  const option = of === 'auto-scaling' ? '--auto-scaling' : '--ecs-reads';
  if (!size) throw new Error(`${option} must be a size such as 50/10: it was "${text}".`);
  return size;
}

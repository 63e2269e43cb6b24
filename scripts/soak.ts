import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import {
  addFault,
  createFleet,
  type FaultKind,
  type Fleet,
  type Machine,
  startSandbox,
} from '../src/sandbox/index.ts';
import { type AgentProcess, startAgentProcess } from '../test/e2e/agent-process.ts';

const USAGE = `npm run soak -- [--minutes N] [--seed N]   (60 minutes, seed 1)

Real agents watch and drain over and over against the sandbox, which makes requests fail all the while. Their
memory and open files must not grow. Needs Linux.`;

/**
 * The last third of the time is held against the third before it; the first is for loading. In the first minutes V8
 * lets the heap grow by some 10 MB before it first collects the old part: a leak shows in a run that is longer.
 */
const GROWTH_MB = 16;
const GROWTH_FILES = 3;
/** A drain's own time is a few seconds; the rest is for faults and for the requests that a minute allows. */
const ROUND_LIMIT_MS = 180_000;
const TAG_KEY = 'ecs-drain-agent:terminate';
/** As the unit starts it, except that nothing is interpreted. */
const NODE_ARGS = ['--max-semi-space-size=1', '--max-old-space-size=128'];

const KINDS: readonly FaultKind[] = [
  { what: 'throttle' },
  { what: '5xx' },
  { what: 'reset' },
  { what: 'reset-mid-body' },
  { what: 'stall' },
  { what: 'garbage' },
  { what: 'truncated' },
  { what: 'html' },
  { what: 'huge', bytes: 1_000_000 },
  { what: 'redirect' },
  { what: 'drip', ms: 50 },
  { what: 'delay', ms: 1_500 },
  { what: 'act-then-lose-response' },
];
const SERVICES = ['ecs', 'autoscaling', 'imds', 'introspection'] as const;

type Subject = {
  readonly role: 'watches' | 'drains';
  readonly machine: Machine;
  readonly agent: AgentProcess;
  readonly samples: Sample[];
  drains: number;
  cancelled: number;
};

/** Resident and anonymous (heap and buffers) memory in MB of 1,000,000 bytes, and the number of open files. */
type Sample = { readonly at: number; readonly rss: number; readonly anon: number; readonly files: number };

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
});
const minutes = Number(values.minutes);
if (values.help) console.log(USAGE);
else if (!(minutes > 0)) {
  console.error(`--minutes must be a number above 0: it was ${values.minutes}.\n\n${USAGE}`);
  process.exitCode = 2;
} else process.exit(await soak(minutes * 60_000, Number(values.seed)));

/** Resolves with the exit code. */
async function soak(ms: number, seed: number): Promise<number> {
  const random = generator(seed);
  const fleet = createFleet({ clock: systemClock, requestLog: 'counts' });
  const roles = ['watches', 'watches', 'drains', 'drains', 'drains', 'drains'] as const;
  const machines = roles.map(() => fleet.addInstance());
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  await sandbox.settled();
  const stateDir = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-soak-'));
  const subjects = machines.map((machine, index): Subject => {
    const args = ['run', '--poll-interval', '1s', '--state-dir', join(stateDir, machine.id)];
    const agent = startAgentProcess(args, sandbox.environment(machine.id), NODE_ARGS);
    return { role: roles[index] ?? 'watches', machine, agent, samples: [], drains: 0, cancelled: 0 };
  });
  process.once('exit', () => {
    for (const { agent } of subjects) agent.signal('SIGKILL');
    rmSync(stateDir, { recursive: true, force: true });
  });

  const from = systemClock.monotonic();
  const over = new AbortController();
  const faults: Record<string, number> = {};
  const ended = subjects.map(async ({ agent, machine }) => {
    const { code, signal } = await agent.exited;
    if (!over.signal.aborted) throw new Error(`the agent of ${machine.id} ended: ${signal ?? code}`);
  });
  const work = [
    disturb(fleet, random, faults, over.signal),
    sample(subjects, from, over.signal),
    ...subjects
      .filter(({ role }) => role === 'drains')
      .map((one) => drainOn(fleet, one, random, over.signal)),
  ];
  let failure: string | undefined;
  try {
    await Promise.race([systemClock.sleep(ms, { signal: over.signal }), ...ended, Promise.all(work)]);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  over.abort();
  await Promise.allSettled(work);
  return judge(subjects, fleet, ms, faults, failure);
}

/** Drains an instance for maintenance and brings it back, or cancels the drain half-way, again and again. */
async function drainOn(
  fleet: Fleet,
  subject: Subject,
  random: () => number,
  over: AbortSignal,
): Promise<void> {
  const { machine } = subject;
  while (!over.aborted) {
    const cancels = random() < 0.4;
    const task = fleet.runTask(machine, cancels ? {} : { runsForMs: 500 + random() * 3_000 });
    fleet.putTag(machine, TAG_KEY, '');
    await status(machine, cancels ? 'DRAINING' : 'INACTIVE', over);
    fleet.removeTag(machine, TAG_KEY);
    if (cancels) {
      await status(machine, 'ACTIVE', over);
      if (over.aborted) return;
      fleet.endTask(task);
      subject.cancelled++;
    } else if (!over.aborted) {
      fleet.ecsAgent(machine, 'registered-anew');
      subject.drains++;
    }
    await systemClock.sleep(2_000 + random() * 4_000, { signal: over });
  }
}

async function status(machine: Machine, wanted: string, over: AbortSignal): Promise<void> {
  const from = systemClock.monotonic();
  while (!over.aborted && machine.ecsAgent.containerInstance?.status !== wanted) {
    if (systemClock.monotonic() > from + ROUND_LIMIT_MS)
      throw new Error(`${machine.id} was not ${wanted} after ${ROUND_LIMIT_MS / 1000} s`);
    await systemClock.sleep(100, { signal: over });
  }
}

/** Lets something go wrong every few seconds, for a few requests or a moment. */
async function disturb(
  { world }: Fleet,
  random: () => number,
  faults: Record<string, number>,
  over: AbortSignal,
): Promise<void> {
  const one = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  while (!over.aborted) {
    const fault = one(KINDS);
    const lasts = random() < 0.5 ? { count: 1 + Math.floor(random() * 3) } : { forMs: 1_500 };
    world.advance(systemClock.now());
    addFault(world, { match: { service: one(SERVICES) }, fault, ...lasts });
    faults[fault.what] = (faults[fault.what] ?? 0) + 1;
    await systemClock.sleep(1_000 + random() * 3_000, { signal: over });
  }
}

async function sample(subjects: readonly Subject[], from: number, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const at = systemClock.monotonic() - from;
    for (const { agent, samples } of subjects) {
      const told = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
      const megabytes = (name: string) =>
        (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(told)?.[1]) * 1024) / 1_000_000;
      const files = readdirSync(`/proc/${agent.pid}/fd`).length;
      samples.push({ at, rss: megabytes('VmRSS'), anon: megabytes('RssAnon'), files });
    }
    await systemClock.sleep(500, { signal: over });
  }
}

function judge(
  subjects: readonly Subject[],
  fleet: Fleet,
  ms: number,
  faults: Readonly<Record<string, number>>,
  failure: string | undefined,
): number {
  const wrong = failure === undefined ? [] : [failure];
  console.log(
    '              drains  cancelled     RSS MB: early  late  most     anonymous MB     open files',
  );
  for (const { role, machine, agent, samples, drains, cancelled } of subjects) {
    const thirds = (name: 'rss' | 'anon' | 'files') => {
      const of = (a: number, b: number) =>
        median(samples.filter(({ at }) => at >= (ms * a) / 3 && at < (ms * b) / 3).map((one) => one[name]));
      return { early: of(1, 2), late: of(2, 3), most: Math.max(...samples.map((one) => one[name])) };
    };
    const [rss, anon, files] = [thirds('rss'), thirds('anon'), thirds('files')];
    const told = ({ early, late, most }: typeof rss, digits: number) =>
      [early, late, most].map((value) => value.toFixed(digits).padStart(6)).join('');
    console.log(
      `${role.padEnd(8)} ${String(drains).padStart(11)} ${String(cancelled).padStart(10)} ${told(rss, 1).padStart(24)} ${told(anon, 1)} ${told(files, 0)}`,
    );
    // Written so that no figure at all is no success.
    const sixths = [0, 1, 2, 3, 4, 5].map((index) => {
      const part = samples.filter(({ at }) => Math.floor((at * 6) / ms) === index);
      return median(part.map(({ anon }) => anon)).toFixed(1);
    });
    console.log(`         anonymous MB by sixths of the time: ${sixths.join(', ')}`);
    for (const [what, { early, late }, most] of [
      ['resident memory in MB', rss, GROWTH_MB],
      ['anonymous memory in MB', anon, GROWTH_MB],
      ['open files', files, GROWTH_FILES],
    ] as const)
      if (!(late - early <= most))
        wrong.push(
          `${machine.id}, which ${role}: ${what} went from ${early} to ${late}, more than ${most} up`,
        );
    if (role === 'drains' && drains + cancelled < 2) wrong.push(`${machine.id} drained less than twice`);
    if (agent.strayOutput() !== '') wrong.push(`${machine.id} wrote beside its log: ${agent.strayOutput()}`);
  }
  for (const { taskArn } of fleet.world.interruptions) wrong.push(`the task ${taskArn} was cut short`);
  const requests = [...fleet.world.requestLog.counts].map(([api, count]) => `${api} ${count}`).join(', ');
  console.log(`requests: ${requests}`);
  console.log(
    `faults planned: ${Object.entries(faults)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ')}`,
  );
  for (const what of wrong) console.log(`  ${what}`);
  console.log(
    `${wrong.length === 0 ? 'ok' : 'not ok'} - ${(ms / 60_000).toFixed(1)} minutes: late medians within ${GROWTH_MB} MB and ${GROWTH_FILES} files of early ones`,
  );
  return wrong.length === 0 ? 0 : 1;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Numbers in [0, 1) that are the same for the same seed: mulberry32. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

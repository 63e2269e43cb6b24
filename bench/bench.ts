import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lifecycled } from './beside-lifecycled/lifecycled.ts';
import { openStage } from './beside-lifecycled/stage.ts';
import { measureAtRest } from './weight/at-rest.ts';
import { measureLatency, measurePeak } from './weight/drains.ts';
import { createSamples } from './weight/model.ts';
import { type BenchOptions, readOptions, USAGE } from './weight/options.ts';
import {
  type Bench,
  startAgent,
  startBareNode,
  startBarePoller,
  startNodeTerminationHandler,
  startNodeWithoutFlags,
  startOneshot,
  startScaler,
  startShellPoller,
} from './weight/programs.ts';
import { countRequests, DRAINS } from './weight/requests.ts';
import { openScaledCluster } from './weight/scaled-cluster.ts';
import { MODES, measureStarts } from './weight/starts.ts';
import { AGENT, BARE, ONESHOT, POLLER, report } from './weight/tables.ts';

// `npm run bench`: what the agent weighs, and how soon it acts, beside its peers.

const RESULTS = fileURLToPath(new URL('results.md', import.meta.url));
const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const WARM_UP_MS = 10_000;
const AT_REST_MS = 60_000;
const STARTS_A_ROUND = 8;
const DRAINS_A_ROUND = 8;

const options = readOptions(process.argv.slice(2));
switch (options.kind) {
  case 'help':
    console.log(USAGE);
    break;
  case 'wrong':
    console.error(options.problem);
    process.exitCode = 2;
    break;
  case 'run':
    process.exit(await run(options));
}

async function run({ rounds, before, lifecycled: binary, nth, writes }: BenchOptions): Promise<number> {
  const loadBefore = loadavg()[0] ?? Number.NaN;
  const directory = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-bench-'));
  const children = new Set<ChildProcess>();
  const kills = new Set<() => void>();
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    for (const kill of kills) kill();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

  const stage = await openStage(directory, kills, { clusterName: 'batch' });
  const { fleet, sandbox } = stage;
  const bench: Bench = { sandbox, scaled: await openScaledCluster(), directory, children };
  const machine = fleet.addInstance({ cpu: 65_536, memory: 65_536 });
  fleet.world.call('ecs:RegisterTaskDefinition', {
    family: 'job',
    containerDefinitions: [{ name: 'main', image: 'busybox', cpu: 1024, memory: 1024 }],
  });
  await sandbox.settled();
  const builds = { [AGENT]: DIST, ...(before !== undefined && { 'the agent before': before }) };
  const watching = Object.entries(builds).flatMap(([name, dist]) =>
    Object.entries(MODES).map(([mode, flags]) => [
      `${name}${mode}`,
      () => startAgent(bench, dist, machine.id, flags),
    ]),
  );
  const programs: Record<string, () => ChildProcess> = {
    [BARE]: () => startBareNode(bench),
    'bare Node without flags': () => startNodeWithoutFlags(bench),
    [POLLER]: () => startBarePoller(bench, machine.id),
    'shell poller': () => startShellPoller(bench, machine.id),
    ...Object.fromEntries(watching),
    [ONESHOT]: () => startOneshot(bench, DIST, ['--task-definition', 'job', '--', 'sleep', '86400']),
    'ecs-scaler run, between turns': () => startScaler(bench, DIST, 'run'),
    ...(nth !== undefined && {
      'aws-node-termination-handler': () => startNodeTerminationHandler(bench, nth, machine.id),
    }),
    ...(binary !== undefined && {
      lifecycled: () => lifecycled(stage, binary).start(machine, { handlerFails: false }).child,
    }),
  };

  const samples = createSamples();
  for (let round = 1; round <= rounds; round++) {
    console.error(`round ${round} of ${rounds}`);
    await measureStarts(bench, builds, { dist: DIST }, machine.id, samples, STARTS_A_ROUND);
    await measureAtRest(programs, samples, { warmUpMs: WARM_UP_MS, forMs: AT_REST_MS });
    for (const [name, dist] of Object.entries(builds)) {
      await measurePeak(bench, stage, { name, dist }, samples, 100);
      await measureLatency(bench, stage, { name, dist }, samples, DRAINS_A_ROUND);
    }
  }
  const requests = [];
  for (const { tasks, lastsMs } of DRAINS) requests.push(await countRequests(tasks, lastsMs));
  const leftOut = Object.entries({ lifecycled: binary, 'aws-node-termination-handler': nth }).flatMap(
    ([name, path]) => (path === undefined ? [name] : []),
  );
  const text = report(samples, requests, { rounds, leftOut, loadBefore });
  console.log(text);
  if (writes) writeFileSync(RESULTS, text);
  return 0;
}

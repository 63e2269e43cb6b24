import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { residentMegabytes, startBareNode } from '../scripts/demo/memory.ts';
import { systemClock } from '../src/base/clock.ts';
import { createFleet } from '../src/sandbox/fleet.ts';
import { startSandbox } from '../src/sandbox/start.ts';

/**
 * What a launcher that waits takes beside a bare Node process, and how soon after its start it asks for its task.
 * Usage: node bench/oneshot.ts [SECONDS to wait before measuring, default 60]
 */
const [argument = '60', ...more] = process.argv.slice(2);
const seconds = Number(argument);
if (more.length > 0 || !/^\d{1,5}$/.test(argument)) {
  const isAsked = argument === '--help' || argument === '-h';
  const usage =
    'Usage: node bench/oneshot.ts [SECONDS]\n\n' +
    'Measures what an ecs-oneshot that waits takes beside a bare Node process, and how soon it asks for its task.\n' +
    'SECONDS, a whole number, is how long it waits before it measures: 60 unless given. Build first: npm run build.\n';
  (isAsked ? process.stdout : process.stderr).write(usage);
  process.exit(isAsked ? 0 : 64);
}
const STARTS = 10;
const cli = fileURLToPath(new URL('../dist/oneshot/cli.js', import.meta.url));

const fleet = createFleet({ clock: systemClock, clusterName: 'batch' });
fleet.addInstance({ cpu: 65_536, memory: 65_536 });
fleet.world.call('ecs:RegisterTaskDefinition', {
  family: 'job',
  containerDefinitions: [{ name: 'main', image: 'busybox', cpu: 1024, memory: 1024 }],
});
const sandbox = await startSandbox(fleet, { clock: systemClock });

const bare = startBareNode([]);
const waiting: [string, ChildProcess][] = [
  ['waiting for a task', launch(['--', 'sleep', '86400'])],
  ['waiting for room, with a group', launch(['--group', fleet.group.name, '--cpu', '99999', '--', 'true'])],
];
await systemClock.sleep(seconds * 1_000);
const bareMegabytes = residentMegabytes(bare.pid);
for (const [name, { pid = 0 }] of waiting) {
  const megabytes = residentMegabytes(pid);
  process.stdout.write(
    `${name.padEnd(32)}${megabytes.toFixed(1).padStart(6)} MB  ${(megabytes / bareMegabytes).toFixed(2)} × bare Node\n`,
  );
}
for (const [, child] of waiting) child.kill('SIGKILL');

/** What any program on Node takes here and now, beside which the rest is the launcher's own. */
const bareStarts: number[] = [];
const delays: number[] = [];
for (let index = 0; index < STARTS; index++) {
  const bareStartedAt = systemClock.now();
  const empty = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await new Promise((resolve) => empty.once('close', resolve));
  bareStarts.push(systemClock.now() - bareStartedAt);
  const startedAt = systemClock.now();
  fleet.world.requestLog.entries?.splice(0);
  const child = launch(['--no-wait', '--', 'true']);
  await new Promise((resolve) => child.once('close', resolve));
  const asked = fleet.world.requestLog.entries?.find(({ api }) => api === 'ecs:RunTask');
  if (asked) delays.push(asked.at - startedAt);
}
const medianOf = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0;
const median = medianOf(delays);
process.stdout.write(
  `from the start to RunTask: median ${median} ms, worst ${Math.max(...delays)} ms of ${STARTS}; ` +
    `${(median / medianOf(bareStarts)).toFixed(1)} × a Node that starts and ends\n`,
);
bare.kill();
await sandbox.close();

function launch(options: string[]): ChildProcess {
  return spawn(process.execPath, [cli, 'run', '--cluster', 'batch', '--task-definition', 'job', ...options], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH ?? '',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      AWS_ENDPOINT_URL: sandbox.apiUrl,
    },
  });
}

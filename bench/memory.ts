import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BareNode, residentMegabytes, startBareNode } from '../scripts/demo/memory.ts';
import { systemClock } from '../src/base/clock.ts';
import { createFleet } from '../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/start.ts';

/**
 * How much resident memory the agent takes beside a bare Node process, all in one run: at rest with tags in
 * metadata, at rest asking the EC2 API, and in a drain; each with and without the flags of the systemd unit.
 * Usage: node bench/memory.ts [SECONDS to run before measuring, default 30]
 */
const seconds = Number(process.argv[2] ?? 30);
const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));
const UNIT_FLAGS = ['--jitless', '--max-semi-space-size=1', '--max-old-space-size=128'];

const fleet = createFleet({ clock: systemClock, hooks: [{ name: 'drain', heartbeatTimeout: 30 }] });
const [resting, draining] = [fleet.addInstance(), fleet.addInstance()];
fleet.runTask(draining, { runsForMs: 3_600_000 });
const sandbox = await startSandbox(fleet, { clock: systemClock });
await sandbox.settled();
fleet.scaleIn(draining);

const rows: [string, BareNode][] = [
  ['bare Node', startBareNode()],
  ...[[], UNIT_FLAGS].flatMap((flags): [string, BareNode][] => {
    const how = flags.length > 0 ? ' (the unit’s flags)' : '';
    return [
      [`at rest${how}`, startAgent(sandbox, resting.id, flags)],
      [`at rest, tag source ec2${how}`, startAgent(sandbox, resting.id, flags, ['--tag-source', 'ec2'])],
      [`draining${how}`, startAgent(sandbox, draining.id, flags)],
    ];
  }),
];
await systemClock.sleep(seconds * 1_000);
const measured = rows.map(([name, { pid }]) => ({ name, megabytes: residentMegabytes(pid) }));
const bare = measured[0]?.megabytes ?? Number.NaN;
for (const { name, megabytes } of measured) {
  const ratio = (megabytes / bare).toFixed(2);
  process.stdout.write(`${name.padEnd(45)}${megabytes.toFixed(1).padStart(6)} MB  ${ratio} × bare Node\n`);
}
for (const [, running] of rows) running.kill();
await sandbox.close();

function startAgent(world: Sandbox, instanceId: string, flags: string[], options: string[] = []): BareNode {
  const stateDir = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-bench-'));
  const argv = [...flags, cli, 'run', '--state-dir', stateDir, ...options];
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH ?? '', ECS_DRAIN_CONFIG: '/dev/null', ...world.environment(instanceId) },
  });
  return { pid: child.pid ?? 0, kill: () => void child.kill('SIGKILL') };
}

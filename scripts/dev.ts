import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { createFleet, isDetail, type Machine, startSandbox, timelineLine } from '../src/sandbox/index.ts';
import { type WatchedAgent, watchAgent } from './dev/watch-agent.ts';

// `npm run dev` simulates a small cluster on loopback and runs the agent's sources on each of its instances. A save
// restarts the agents; the cluster goes on. What follows `--` goes to the agents.

const agentArgs = process.argv.slice(2);
const stop = stopSignal();
const directory = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-dev-'));
const agents = new Map<string, WatchedAgent>();

const fleet = createFleet({
  clock: systemClock,
  timings: { pending: 1_500, deprovisioning: 1_000, exitAfterSigterm: 2_000, agentReportLag: 500 },
  hooks: [{ name: 'drain', heartbeatTimeout: 60 }],
});
const { world } = fleet;
const machines = [fleet.addInstance(), fleet.addInstance()] as const;
fleet.addService({ name: 'site', desiredCount: 2 });
for (const machine of machines) fleet.runTask(machine, { family: 'nightly-report', runsForMs: 120_000 });

const sandbox = await startSandbox(fleet, { clock: systemClock });
await sandbox.settled();
console.log(introduction());
world.onEvent((event) => {
  if (!isDetail(event)) console.log(timelineLine(event));
  if (event.type === 'machine-launched') void startAgent(event.instanceId);
  if (event.type === 'machine-terminated') void agents.get(event.instanceId)?.end();
});
await Promise.all(machines.map(({ id }) => startAgent(id)));

await stop;
await Promise.all([...agents.values()].map((agent) => agent.end()));
await sandbox.close();
rmSync(directory, { recursive: true, force: true });

async function startAgent(instanceId: string): Promise<void> {
  await sandbox.settled();
  agents.set(
    instanceId,
    watchAgent(['run', '--state-dir', stateDir(instanceId), '--poll-interval', '1s', ...agentArgs], {
      environment: sandbox.environment(instanceId),
      onLine: (line) => console.log(`${line.time}  ${instanceId.padEnd(20)}    ${line.text}`),
    }),
  );
}

function stateDir(instanceId: string): string {
  return join(directory, instanceId);
}

function introduction(): string {
  const [first] = machines;
  const control = `${sandbox.apiUrl}/_sandbox`;
  const command = (name: string, { id }: Machine) =>
    `npx node src/cli.ts ${name} --state-dir ${stateDir(id)}`;
  return `A simulated AWS answers at ${sandbox.apiUrl}. An agent runs from src on each instance: ${machines.map(({ id }) => id).join(' and ')}.
Save a file, and the agents start again; the cluster goes on. Ctrl-C ends all of it.

Let the group terminate an instance:
  curl -X POST ${control}/instances/${first.id}/scale-in
Drain it by hand, take that back, or ask what it does:
  ${command('drain', first)}
  ${command('drain --cancel', first)}
  ${command('status', first)}
Launch another, or let AWS fail:
  curl -X POST ${control}/instances
  curl -X POST ${control}/faults -d '{"match":{"service":"ecs"},"fault":{"what":"throttle"},"forMs":30000}'
More: curl ${control}/, and docs/sandbox.md.
`;
}

/** Resolves on Ctrl-C or SIGTERM. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => resolve());
  });
}

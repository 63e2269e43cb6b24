import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../src/base/clock.ts';
import { attachTagger, startSandbox } from '../src/sandbox/index.ts';
import { type AgentProcess, startAgentProcess } from '../test/e2e/agent-process.ts';
import { checkPromises } from '../test/promises/check.ts';
import type { Entry } from '../test/promises/entry.ts';
import { logOf } from '../test/promises/sandbox-log.ts';
import { createCluster, type DemoCluster, TAG_KEY } from './demo/cluster.ts';
import { agentEventLine, worldEventLine } from './demo/event-lines.ts';
import { type BareNode, residentMegabytes, startBareNode } from './demo/memory.ts';
import { closingTable, type Outcome, promises } from './demo/outcome.ts';
import { picture } from './demo/picture.ts';
import { createScreen, type Screen } from './demo/screen.ts';
import { statusPanel } from './demo/status-panel.ts';
import { createWorkplace } from './demo/workplace.ts';
import { UNIT_FLAGS } from './unit-flags.ts';

/** `--picture PREFIX` also draws the drain: into PREFIX-light.svg and PREFIX-dark.svg. */
const { values: wanted } = parseArgs({ options: { picture: { type: 'string' } } });

/** Longer than all of it takes on a slow machine, in ms. */
const LIMIT_MS = 120_000;

const { directory: stateDir, killAtEnd } = createWorkplace('ecs-drain-agent-demo');

process.exit(await main());

/** Shows a group of three instances scale in to two. Resolves with the exit code. */
async function main(): Promise<number> {
  const demo = createCluster(systemClock);
  const { fleet, machines, chosen } = demo;
  const beganAt = fleet.world.now;
  const screen = createScreen(process.stdout, () => statusPanel(demo, fleet.world.now));
  screen.title('A group takes an instance away, and no task is cut short.');
  screen.note('A cluster of three instances, A, B and C, simulated on this machine. The agents');
  screen.note('are real: one process each, default settings, AWS SDK clients, wire protocols.');
  screen.note('');

  const sandbox = await startSandbox(fleet, { clock: systemClock });
  attachTagger(fleet, { tagKey: TAG_KEY });
  const bareNode = startBareNode();
  killAtEnd(bareNode);
  const agents = new Map<string, AgentProcess>();
  for (const { id } of machines) {
    const agent = startAgentProcess(
      ['run', '--state-dir', join(stateDir, id)],
      sandbox.environment(id),
      UNIT_FLAGS,
    );
    killAtEnd({ kill: () => agent.signal('SIGKILL') });
    agents.set(id, agent);
  }

  const seconds = () => (systemClock.now() - beganAt) / 1000;
  const limit = new AbortController();
  const tooLate = systemClock.sleep(LIMIT_MS, { signal: limit.signal });
  try {
    await Promise.race([
      tell(demo, agents, screen, seconds),
      tooLate.then(() => {
        throw new Error(`It had not come to its end after ${LIMIT_MS / 1000} s.`);
      }),
    ]);
  } catch (error) {
    screen.close();
    process.stdout.write(`\nThe demo failed: ${(error as Error).message}\n${whatAgentsSaid(demo, agents)}`);
    return 1;
  }
  limit.abort();

  const outcome = await judge(demo, agents, bareNode, beganAt);
  screen.close();
  for (const line of closingTable(demo, outcome)) screen.plain(line);
  const broken = promises(outcome).filter(({ kept }) => !kept);
  for (const { promise, found } of broken) screen.plain(`  NOT KEPT: ${promise}; ${found}`);
  if (broken.length > 0) process.stdout.write(whatAgentsSaid(demo, agents, [chosen.id]));
  for (const theme of wanted.picture === undefined ? [] : (['light', 'dark'] as const)) {
    writeFileSync(`${wanted.picture}-${theme}.svg`, picture(demo.history, chosen.id, theme));
  }
  await sandbox.close();
  return broken.length === 0 ? 0 : 1;
}

/** All events, from three idle agents to the end of the instance that was chosen. */
async function tell(
  demo: DemoCluster,
  agents: ReadonlyMap<string, AgentProcess>,
  screen: Screen,
  seconds: () => number,
): Promise<void> {
  const { fleet, chosen } = demo;
  const { world } = fleet;
  const gone = Promise.withResolvers<void>();
  const say = (line: ReturnType<typeof worldEventLine>) => {
    if (line) screen.event(seconds(), line);
  };

  await Promise.all(
    [...agents.values()].map((agent) =>
      agent.log.first(({ event }) => event === 'agent.watching', 'an agent to watch', LIMIT_MS),
    ),
  );
  screen.event(seconds(), {
    who: '',
    text: 'Three agents watch, by instance metadata alone: no AWS API request.',
  });
  // Long enough to see the cluster at rest.
  await systemClock.sleep(2_500);

  world.onEvent((event) => {
    say(worldEventLine(demo, event));
    if (event.type === 'machine-terminated' && event.instanceId === chosen.id) gone.resolve();
  });
  for (const [id, agent] of agents) agent.onLine((line) => say(agentEventLine(demo, id, line)));
  screen.event(seconds(), { who: '', text: 'Somebody sets the desired capacity of the group from 3 to 2.' });
  world.advance(systemClock.now());
  world.call('autoscaling:SetDesiredCapacity', {
    AutoScalingGroupName: fleet.group.name,
    DesiredCapacity: 2,
  });
  await gone.promise;
}

async function judge(
  demo: DemoCluster,
  agents: ReadonlyMap<string, AgentProcess>,
  bareNode: BareNode,
  beganAt: number,
): Promise<Outcome> {
  const { world } = demo.fleet;
  const judgedAt = systemClock.now();
  const idle = [...agents].filter(([id]) => id !== demo.chosen.id);
  const idleMegabytes = Math.max(...idle.map(([, { pid }]) => residentMegabytes(pid)));
  const bareMegabytes = residentMegabytes(bareNode.pid);
  const exits = await Promise.all(
    [...agents.values()].map((agent) => {
      agent.signal('SIGTERM');
      return agent.exited;
    }),
  );
  bareNode.kill();
  const requests = world.requestLog.entries ?? [];
  const starts = demo.machines.map(
    ({ id }): Entry => ({ kind: 'agent', at: beganAt, instanceId: id, change: 'started' }),
  );
  return {
    interruptions: world.interruptions,
    history: demo.history,
    requests: requests.filter(({ accessKeyId }) => accessKeyId !== undefined),
    chosen: demo.chosen,
    batch: demo.batch,
    runningSites: demo.site.tasks,
    idleMegabytes,
    bareMegabytes,
    exits,
    strayOutput: [...agents.values()].map((agent) => agent.strayOutput()).join(''),
    broken: checkPromises(logOf(demo.history, requests, starts), judgedAt, { slack: 1_000 }),
  };
}

function whatAgentsSaid(
  demo: DemoCluster,
  agents: ReadonlyMap<string, AgentProcess>,
  ids: readonly string[] = [...agents.keys()],
): string {
  return ids
    .map((id) => {
      const agent = agents.get(id);
      const lines = (agent?.log.items ?? []).map(({ time, event, msg }) => `  ${time} ${event}: ${msg}\n`);
      return `\nThe agent on ${demo.nameOf(id)} (${id}) said:\n${lines.join('')}${agent?.strayOutput() ?? ''}`;
    })
    .join('');
}

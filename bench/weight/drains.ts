import { systemClock } from '../../src/base/clock.ts';
import type { Fleet } from '../../src/sandbox/fleet.ts';
import type { Machine } from '../../src/sandbox/world/state.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import type { Feed } from '../../test/e2e/feed.ts';
import type { Samples } from './model.ts';
import { peakMb } from './process-figures.ts';
import { type Bench, says, startAgent } from './programs.ts';

const TAG_KEY = 'ecs-drain-agent:terminate';
const LIMIT_MS = 60_000;

type Stage = { readonly fleet: Fleet; readonly timeline: Feed<TimelineEvent> };

/** How soon a signal and a task's end are acted on, each on an instance of its own, one after the other. */
export async function measureLatency(
  bench: Bench,
  { fleet, timeline }: Stage,
  program: { readonly name: string; readonly dist: string },
  samples: Samples,
  times: number,
): Promise<void> {
  const machines = Array.from({ length: times }, () => fleet.addInstance());
  await bench.sandbox.settled();
  const agents = machines.map((machine) => startAgent(bench, program.dist, machine.id));
  await Promise.all(agents.map((agent) => says(agent, 'agent.watching')));
  await Promise.all(
    machines.map(async (machine, index) => {
      const task = fleet.runTask(machine, { runsForMs: 3_600_000 });
      // Spread over the interval between two polls, and apart: two that start their SDK at once share a processor.
      await systemClock.sleep(3_000 + index * 1_300 + Math.random() * 3_000);
      const isOf = (event: TimelineEvent) => 'instanceId' in event && event.instanceId === machine.id;
      const tagged = systemClock.monotonic();
      fleet.putTag(machine, TAG_KEY, 'true');
      await timeline.first(
        (event) => isOf(event) && event.type === 'container-instance' && event.to === 'DRAINING',
        'DRAINING',
        LIMIT_MS,
      );
      samples.add(program.name, 'tag → DRAINING', (systemClock.monotonic() - tagged) / 1_000);
      fleet.scaleIn(machine);
      await systemClock.sleep(6_000 + Math.random() * 4_000);
      fleet.endTask(task);
      const stopped = await timeline.first(
        (event) => event.type === 'task' && event.taskArn === task.arn && event.to === 'STOPPED',
        'the task’s end',
        LIMIT_MS,
      );
      const ended = await timeline.first(
        (event) => isOf(event) && event.type === 'lifecycle-action-ended',
        'the release',
        LIMIT_MS,
      );
      samples.add(program.name, 'last task STOPPED → complete', (ended.at - stopped.at) / 1_000);
    }),
  );
  for (const agent of agents) agent.kill('SIGKILL');
}

/** The most memory that a drain of many tasks takes, from the signal to the release. */
export async function measurePeak(
  bench: Bench,
  { fleet, timeline }: Stage,
  program: { readonly name: string; readonly dist: string },
  samples: Samples,
  tasks: number,
): Promise<void> {
  const machine: Machine = fleet.addInstance({ cpu: 131_072, memory: 262_144 });
  await bench.sandbox.settled();
  for (let index = 0; index < tasks; index++)
    fleet.runTask(machine, { runsForMs: 12_000 + (index / tasks) * 8_000 });
  const agent = startAgent(bench, program.dist, machine.id);
  await says(agent, 'agent.watching');
  fleet.scaleIn(machine);
  await timeline.first(
    (event) => event.type === 'lifecycle-action-ended' && event.instanceId === machine.id,
    'the release',
    LIMIT_MS,
  );
  samples.add(program.name, `draining ${tasks} tasks, peak`, peakMb(agent.pid ?? 0));
  agent.kill('SIGKILL');
}

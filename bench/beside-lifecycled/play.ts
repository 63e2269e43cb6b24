import { systemClock } from '../../src/base/clock.ts';
import { addFault } from '../../src/sandbox/faults.ts';
import type { Task } from '../../src/sandbox/world/state.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import type { Candidate, Stage } from './stage.ts';

export type Scenario = {
  readonly title: string;
  readonly disturbance: Disturbance;
};

/** What happens to the program. Whoever ends it in the midst of its work starts it again. */
export type Disturbance =
  | 'none'
  | 'killed'
  | 'restarted'
  | 'stopped-before'
  | 'killed-before'
  /** lifecycled's handler fails. The agent has none: ECS fails for it. */
  | 'handler-fails'
  | 'ecs-fails';

type ActionEnded = Extract<TimelineEvent, { type: 'lifecycle-action-ended' }>;

/** What came of one termination. */
export type Outcome = {
  readonly task: { readonly interrupted: boolean; readonly ranMs: number };
  readonly heartbeats: number;
  readonly action: Pick<ActionEnded, 'result' | 'by'>;
  /** From the task's end to that of the lifecycle action; undefined if the task still ran then. */
  readonly releasedAfterMs: number | undefined;
};

/** Longer than the hook's time-out, so that an action that nobody keeps alive ends before the task. */
export const TASK_MS = 45_000;

const ECS_FAILS_FOR_MS = 30_000;
const DRAINS_BEFORE_RESTART_MS = 10_000;
const IS_AWAY_MS = 2_000;
const LIMIT_MS = 180_000;

/** Lets the group terminate an instance with a task on it, and looks on. */
export async function play(stage: Stage, candidate: Candidate, scenario: Scenario): Promise<Outcome> {
  const { fleet, sandbox, timeline } = stage;
  const machine = fleet.addInstance();
  await sandbox.settled();
  const { disturbance } = scenario;
  const start = () => candidate.start(machine, { handlerFails: disturbance === 'handler-fails' });
  let running = start();
  try {
    await running.ready;
    const task = fleet.runTask(machine, { runsForMs: TASK_MS });
    // lifecycled asks ECS nothing: this is for the agent alone.
    if (disturbance === 'handler-fails' || disturbance === 'ecs-fails')
      addFault(fleet.world, {
        match: { service: 'ecs', instanceId: machine.id },
        fault: { what: '5xx' },
        forMs: ECS_FAILS_FOR_MS,
      });
    if (disturbance === 'stopped-before') await running.stop();
    if (disturbance === 'killed-before') await running.kill();
    fleet.scaleIn(machine);
    if (disturbance === 'stopped-before' || disturbance === 'killed-before') {
      await systemClock.sleep(IS_AWAY_MS);
      running = start();
    }
    if (disturbance === 'killed' || disturbance === 'restarted') {
      await candidate.noticed(machine);
      if (disturbance === 'restarted') await systemClock.sleep(DRAINS_BEFORE_RESTART_MS);
      await (disturbance === 'killed' ? running.kill() : running.stop());
      running = start();
    }
    const what = `the end of ${machine.id}`;
    const isEnd = (event: TimelineEvent) =>
      event.type === 'machine-terminated' && event.instanceId === machine.id;
    await timeline.first(isEnd, what, LIMIT_MS);
    return outcomeOf(stage, machine.id, task);
  } finally {
    await running.kill();
  }
}

function outcomeOf({ fleet, timeline }: Stage, instanceId: string, task: Task): Outcome {
  const action = timeline.items.find(
    (event): event is ActionEnded =>
      event.type === 'lifecycle-action-ended' && event.instanceId === instanceId,
  );
  if (!action) throw new Error(`the lifecycle action of ${instanceId} did not end`);
  const heartbeats = timeline.items.filter(
    (event) => event.type === 'heartbeat' && event.instanceId === instanceId,
  ).length;
  const interruption = fleet.world.interruptions.find(({ taskArn }) => taskArn === task.arn);
  const endedAt = interruption?.at ?? task.executionStoppedAt ?? systemClock.now();
  return {
    task: { interrupted: interruption !== undefined, ranMs: endedAt - (task.startedAt ?? task.createdAt) },
    heartbeats,
    action,
    releasedAfterMs: action.at < endedAt ? undefined : action.at - endedAt,
  };
}

import { AwsError } from '../aws/errors.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Tasks } from './aws/tasks.ts';
import type { Loaded } from './config/load.ts';
import { EXIT } from './exit-codes.ts';
import { keyNames } from './keys.ts';
import { SETTLES_MS } from './launch/decide.ts';
import type { TaskView } from './launch/model.ts';
import type { Screen } from './report/screen.ts';
import { taskLine } from './report/words.ts';
import { openSession } from './session.ts';

/** Attempts of each call: a person waits for the answer. */
const ATTEMPTS = 4;
const LOOK_MS = 2_000;
/** ECS lists a task with a delay, and a launcher may have lost the answer that says that it has started one. */
const NONE =
  'no task of this key runs, nor has one ended in the last hour; ECS may not list one yet that was started in the last minutes\n';

/** `ecs-oneshot status`: how the task of a key is. Resolves with the exit code. */
export async function status(loaded: Loaded & { kind: 'loaded' }, screen: Screen): Promise<number> {
  return await withTasks(loaded, screen, async (tasks, startedBy) => {
    const task = await tasks.find(startedBy);
    if (loaded.json) process.stdout.write(`${JSON.stringify(task ?? null)}\n`);
    else if (task) process.stdout.write(`${taskLine(task, systemClock.now())}\n`);
    else process.stdout.write(NONE);
    return task ? 0 : 1;
  });
}

/** `ecs-oneshot stop`: stops the task of a key and waits until it has stopped. Resolves with the exit code. */
export async function stop(loaded: Loaded & { kind: 'loaded' }, screen: Screen): Promise<number> {
  return await withTasks(loaded, screen, async (tasks, startedBy) => {
    const task = await tasks.find(startedBy);
    if (!task) {
      process.stdout.write(NONE);
      return 0;
    }
    if (task.lastStatus !== 'STOPPED') {
      await tasks.stop(task.arn, 'ecs-oneshot stop');
      screen.say(`stopping ${task.arn}`);
    }
    const stopped = await untilStopped(tasks, task, systemClock);
    if (stopped) {
      process.stdout.write(`${taskLine(stopped, systemClock.now())}\n`);
      return 0;
    }
    screen.say(`ECS does not know ${task.arn} any more; it was asked to stop, and may still run`, 'bad');
    return EXIT.lost;
  });
}

/** The task once ECS says that it has stopped; undefined where ECS has not known it for so long that its view cannot just lag. */
export async function untilStopped(
  tasks: Pick<Tasks, 'describe'>,
  task: TaskView,
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
): Promise<TaskView | undefined> {
  let seen: TaskView | undefined = task;
  let seenAt = clock.monotonic();
  while (seen?.lastStatus !== 'STOPPED') {
    await clock.sleep(LOOK_MS);
    seen = await tasks.describe(task.arn);
    const now = clock.monotonic();
    if (seen) seenAt = now;
    else if (now - seenAt >= SETTLES_MS) return undefined;
  }
  return seen;
}

async function withTasks(
  { options, environment, warnings }: Loaded & { kind: 'loaded' },
  screen: Screen,
  act: (tasks: Tasks, startedBy: string) => Promise<number>,
): Promise<number> {
  const session = await openSession(options, environment, ATTEMPTS);
  if (session.kind === 'wrong') {
    for (const problem of session.problems) screen.say(problem, 'bad');
    return EXIT.usage;
  }
  for (const warning of [...warnings, ...session.warnings]) screen.say(warning);
  try {
    return await act(session.tasks, keyNames(session.cluster, options.key ?? '').startedBy);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    screen.say(error.message, 'bad');
    return error.kind === 'permission' || error.kind === 'credentials' ? EXIT.permission : EXIT.lost;
  }
}

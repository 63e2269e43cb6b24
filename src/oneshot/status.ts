import { AwsError } from '../aws/errors.ts';
import { systemClock } from '../base/clock.ts';
import type { Tasks } from './aws/tasks.ts';
import type { Loaded } from './config/load.ts';
import { EXIT } from './exit-codes.ts';
import { keyNames } from './keys.ts';
import type { TaskView } from './launch/model.ts';
import type { Screen } from './report/screen.ts';
import { taskLine } from './report/words.ts';
import { openSession } from './session.ts';

/** Attempts of each call: a person waits for the answer. */
const ATTEMPTS = 4;
const LOOK_MS = 2_000;

/** `ecs-oneshot status`: how the task of a key is. Resolves with the exit code. */
export async function status(loaded: Loaded & { kind: 'loaded' }, screen: Screen): Promise<number> {
  return await withTasks(loaded, screen, async (tasks, startedBy) => {
    const task = await tasks.find(startedBy);
    if (loaded.json) process.stdout.write(`${JSON.stringify(task ?? null)}\n`);
    else if (task) process.stdout.write(`${taskLine(task, systemClock.now())}\n`);
    else process.stdout.write('no task of this key runs, nor has one ended in the last hour\n');
    return task ? 0 : 1;
  });
}

/** `ecs-oneshot stop`: stops the task of a key and waits until it has stopped. Resolves with the exit code. */
export async function stop(loaded: Loaded & { kind: 'loaded' }, screen: Screen): Promise<number> {
  return await withTasks(loaded, screen, async (tasks, startedBy) => {
    let task: TaskView | undefined = await tasks.find(startedBy);
    if (!task) {
      process.stdout.write('no task of this key runs, nor has one ended in the last hour\n');
      return 0;
    }
    if (task.lastStatus !== 'STOPPED') {
      await tasks.stop(task.arn, 'ecs-oneshot stop');
      screen.say(`stopping ${task.arn}`);
    }
    while (task?.lastStatus !== 'STOPPED') {
      await systemClock.sleep(LOOK_MS);
      task = (await tasks.describe(task?.arn ?? '')) ?? task;
    }
    process.stdout.write(`${taskLine(task, systemClock.now())}\n`);
    return 0;
  });
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

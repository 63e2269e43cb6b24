import { systemClock } from '../../src/base/clock.ts';

/**
 * What lifecycled's handler runs: ends once the ECS agent, at the URL in the first argument, knows of no task that
 * has not stopped. An agent that does not answer is asked again.
 */
const url = process.argv[2];
while (!(await allHaveStopped())) await systemClock.sleep(1_000);

async function allHaveStopped(): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/v1/tasks`);
    const { Tasks } = (await answer.json()) as { Tasks: readonly { readonly KnownStatus: string }[] };
    return Tasks.every(({ KnownStatus }) => KnownStatus === 'STOPPED');
  } catch {
    return false;
  }
}

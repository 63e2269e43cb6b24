import { systemClock } from '../../src/base/clock.ts';
import type { Samples } from './model.ts';
import { type Bench, ended, says, startAgent, startNothing, startOneshot, startScaler } from './programs.ts';

/** From the start of a process until it does its work, in turns. */
export async function measureStarts(
  bench: Bench,
  builds: Readonly<Record<string, string>>,
  others: { readonly dist: string },
  instanceId: string,
  samples: Samples,
  times: number,
): Promise<void> {
  const timed = async (program: string, run: () => Promise<void>) => {
    const from = systemClock.monotonic();
    await run();
    samples.add(program, 'start', systemClock.monotonic() - from);
  };
  for (let time = 0; time < times; time++) {
    await timed('node -e 0', () => ended(startNothing(bench)));
    for (const [name, dist] of Object.entries(builds))
      for (const [mode, options] of Object.entries(MODES)) {
        let stop = () => {};
        await timed(`${name}${mode}`, () => {
          const child = startAgent(bench, dist, instanceId, options);
          stop = () => void child.kill('SIGKILL');
          return says(child, 'agent.watching');
        });
        stop();
      }
    await timed('ecs-oneshot run --no-wait, until it has ended', () =>
      ended(startOneshot(bench, others.dist, ['--no-wait', '--task-definition', 'job', '--', 'true'])),
    );
    await timed('ecs-scaler once, until its turn has ended', () =>
      ended(startScaler(bench, others.dist, 'once')),
    );
  }
}

export const MODES = { ', watching': [], ', tag from the EC2 API': ['--tag-source', 'ec2'] };

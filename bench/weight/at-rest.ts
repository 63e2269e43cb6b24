import type { ChildProcess } from 'node:child_process';
import { systemClock } from '../../src/base/clock.ts';
import type { Samples } from './model.ts';
import { privateMb, residentMb, type Usage, usageOf } from './process-figures.ts';

/** Programs that watch or wait, all at the same time: what else the machine does, it does to all of them. */
export async function measureAtRest(
  programs: Readonly<Record<string, () => ChildProcess>>,
  samples: Samples,
  { warmUpMs, forMs }: { warmUpMs: number; forMs: number },
): Promise<void> {
  const running: [string, ChildProcess][] = [];
  for (const [name, start] of Object.entries(programs)) {
    running.push([name, start()]);
    // Not in step: each would find the others' answers under way.
    await systemClock.sleep(137);
  }
  await systemClock.sleep(warmUpMs);
  const before = running.map(([, { pid = 0 }]) => usageOf(pid));
  const from = systemClock.monotonic();
  await systemClock.sleep(forMs);
  const minutes = (systemClock.monotonic() - from) / 60_000;
  for (const [index, [name, child]] of running.entries()) {
    const { pid = 0 } = child;
    const { cpuMs, wakeups } = before[index] as Usage;
    const after = usageOf(pid);
    samples.add(name, 'resident', residentMb(pid));
    samples.add(name, 'private', privateMb(pid));
    samples.add(name, 'processor', (after.cpuMs - cpuMs) / minutes);
    samples.add(name, 'wake-ups', (after.wakeups - wakeups) / minutes);
    child.kill('SIGKILL');
  }
}

import { systemClock } from '../base/clock.ts';
import type { Loaded } from './config/load.ts';
import { EXIT } from './exit-codes.ts';
import type { CommandName } from './program.ts';
import { turnJson } from './report/json.ts';
import { newsOf, turnTable } from './report/table.ts';
import { openSession } from './session.ts';
import { emptyMemory } from './turn/memory.ts';
import { takeTurn } from './turn/turn.ts';

/** Between two turns of `run`, in ms, however much demand comes: what it asks, others cannot. */
const REST_MS = 5_000;

/** `ecs-scaler plan`, `once` and `run`. Resolves with the exit code. */
export async function run(name: CommandName, loaded: Loaded & { kind: 'loaded' }): Promise<number> {
  const { options, warnings } = loaded;
  const stop = new AbortController();
  let isIncomplete = false;
  const session = await openSession(loaded, stop.signal, () => {
    isIncomplete = true;
  });
  if (session.kind === 'wrong') {
    for (const problem of session.problems) say(problem);
    return EXIT.usage;
  }
  for (const warning of [...warnings, ...session.warnings]) say(warning);
  const { ports } = session;
  const acts = name !== 'plan';
  let memory = emptyMemory;
  let said: readonly string[] = [];
  let warned: readonly string[] = [];

  const turn = async (waitMs: number): Promise<number> => {
    const taken = await takeTurn(ports, memory, { waitMs, acts });
    memory = taken.memory;
    if (stop.signal.aborted && taken.kind === 'not-planned') return 0;
    if (taken.kind === 'not-planned') {
      if (options.json) process.stdout.write(`${JSON.stringify({ why: taken.why, code: taken.code })}\n`);
      say(taken.why);
      return taken.code;
    }
    // What goes on from turn to turn is news once.
    for (const warning of taken.warnings) if (!warned.includes(warning)) say(warning);
    warned = taken.warnings;
    if (options.json) process.stdout.write(`${turnJson(taken)}\n`);
    else if (name === 'plan') process.stdout.write(turnTable(taken));
    else {
      const { done, state } = newsOf(taken);
      for (const line of [...done, ...state.filter((one) => !said.includes(one))])
        process.stdout.write(`${line}\n`);
      said = state;
    }
    return taken.code;
  };
  if (name !== 'run') return await turn(0);

  // A turn that is under way when it comes makes its last call, and the next scaler finds what it has left.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  while (!stop.signal.aborted) {
    const rest = ports.queue ? Math.min(REST_MS, options.interval) : options.interval;
    const code = await turn(options.interval - rest);
    // What is not there now will not be there in a while.
    if (code === EXIT.nothingThere) return code;
    // No package restarts it, and what it has not loaded yet is another version's by now: its unit starts that one.
    if (isIncomplete && !stop.signal.aborted) {
      say(
        'a file of the program cannot be read: it was upgraded, or is damaged. It ends, to be started anew',
      );
      return EXIT.notRead;
    }
    await systemClock.sleep(rest, { signal: stop.signal });
  }
  return 0;
}

const say = (text: string) => process.stderr.write(`ecs-scaler: ${text}\n`);

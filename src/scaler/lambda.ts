import { loadOptions } from './config/load.ts';
import { turnJson } from './report/json.ts';
import { openSession, type Session } from './session.ts';
import { emptyMemory, type Memory } from './turn/memory.ts';
import { takeTurn } from './turn/turn.ts';

// A function that is invoked again soon keeps its process: what one turn has seen helps the next.
let session: Promise<Session> | undefined;
let memory: Memory = emptyMemory;

/**
 * The Lambda handler: one turn for each invocation, configured by the variables ECS_SCALER_…. Logs the turn as one line of JSON.
 * Throws where the turn is not all done, so that the function's errors count those turns.
 */
export async function handler(): Promise<{ readonly actions: number }> {
  const { ports } = await open();
  const turn = await takeTurn(ports, memory, { waitMs: 0, acts: true });
  memory = turn.memory;
  if (turn.kind === 'not-planned') throw new Error(turn.why);
  // Past `console`, which in Lambda puts a prefix before the line.
  process.stdout.write(`${turnJson(turn)}\n`);
  const failed = turn.outcomes.flatMap((one) => (one.kind === 'failed' ? [one.why] : []));
  if (failed.length > 0) throw new Error(failed.join('; '));
  return { actions: turn.outcomes.length };
}

async function open(): Promise<Session & { kind: 'open' }> {
  const loaded = loadOptions([], process.env);
  if (loaded.kind === 'wrong') throw new Error(loaded.problems.join(' '));
  session ??= openSession(loaded, new AbortController().signal);
  const opened = await session;
  if (opened.kind === 'wrong') throw new Error(opened.problems.join(' '));
  return opened;
}

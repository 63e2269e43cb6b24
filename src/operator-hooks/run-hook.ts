import { type ChildProcess, spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '../base/clock.ts';
import { formatDuration } from '../base/duration.ts';

export type HookRun = {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What it reads from its standard input. */
  readonly input: string;
  /** In ms. Past it, the hook and what it started get SIGTERM, and SIGKILL a little later. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Aborts when the agent stops: the hook gets SIGTERM and is waited for no longer. */
  readonly stop: AbortSignal;
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
};

export type HookEnd = { readonly kind: 'succeeded' } | { readonly kind: 'failed'; readonly why: string };

/** From SIGTERM to SIGKILL, in ms. */
export const KILL_AFTER_MS = 5_000;
/**
 * From SIGKILL until the hook is waited for no longer, in ms. One that sleeps in the kernel does not end by it, as where the
 * server of its network file system is gone.
 */
export const GIVE_UP_AFTER_MS = 5_000;
/** What a hook left running may hold its output open; that is waited for no longer than this, in ms. */
const LAST_OUTPUT_MS = 500;
const LONGEST_LINE = 2_000;
const MOST_LINES = 200;

/** Runs one executable to its end, or until nothing ends it. Never rejects. */
export async function runHook(run: HookRun): Promise<HookEnd> {
  const { path, environment, input, timeoutMs, clock, stop } = run;
  let child: ChildProcess;
  try {
    // A process group of its own: the time limit is for all that it starts.
    child = spawn(path, [], { cwd: '/', env: environment, stdio: 'pipe', detached: true });
  } catch (error) {
    return { kind: 'failed', why: notStarted(error as NodeJS.ErrnoException) };
  }
  const ended = new AbortController();
  const closed = new AbortController();
  // A hook that does not read its input is no failure.
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  readLines(child, run);
  const exit = new Promise<HookEnd>((resolve) => {
    child.once('error', (error) => {
      resolve({ kind: 'failed', why: notStarted(error) });
      closed.abort();
    });
    child.once('exit', (code, signal) =>
      resolve(
        code === 0
          ? { kind: 'succeeded' }
          : { kind: 'failed', why: signal ? `ended by ${signal}` : `exit code ${code}` },
      ),
    );
  }).finally(() => ended.abort());
  child.once('close', () => closed.abort());

  const limit = await enforceLimit(child, timeoutMs, clock, AbortSignal.any([ended.signal, stop]));
  if (stop.aborted && !ended.signal.aborted) {
    signalGroup(child, 'SIGTERM');
    letGo(child);
    return { kind: 'failed', why: 'the agent is stopping' };
  }
  await clock.sleep(LAST_OUTPUT_MS, { signal: AbortSignal.any([closed.signal, stop]) });
  letGo(child);
  const tooLong = `it took longer than ${formatDuration(timeoutMs)}`;
  switch (limit) {
    case 'kept':
      return exit;
    case 'enforced':
      return { kind: 'failed', why: tooLong };
    case 'without-effect':
      return {
        kind: 'failed',
        why: `${tooLong}, and SIGKILL does not end it: it waits in the kernel, as for a disk or a network file system that is gone`,
      };
  }
}

/** Resolves once the hook has ended or is given up: whether it had to be told to, and was. */
async function enforceLimit(
  child: ChildProcess,
  timeoutMs: number,
  clock: Clock,
  over: AbortSignal,
): Promise<'kept' | 'enforced' | 'without-effect'> {
  await clock.sleep(timeoutMs, { signal: over });
  if (over.aborted) return 'kept';
  signalGroup(child, 'SIGTERM');
  await clock.sleep(KILL_AFTER_MS, { signal: over });
  if (over.aborted) return 'enforced';
  signalGroup(child, 'SIGKILL');
  await clock.sleep(GIVE_UP_AFTER_MS, { signal: over });
  return over.aborted ? 'enforced' : 'without-effect';
}

function signalGroup({ pid }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The whole process group has ended meanwhile.
  }
}

/** Detaches a hook, so that what still runs does not keep this process alive. */
function letGo(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

function readLines(child: ChildProcess, { onLine }: HookRun): void {
  let lines = 0;
  for (const name of ['stdout', 'stderr'] as const) {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const say = (line: string) => {
      lines++;
      if (lines <= MOST_LINES) onLine(name, line);
      else if (lines === MOST_LINES + 1)
        onLine(name, `… (more than ${MOST_LINES} lines: the rest is left out)`);
    };
    child[name]?.on('data', (chunk: Buffer) => {
      // Once nobody listens any more, nothing is kept either.
      if (lines > MOST_LINES) return;
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) if (line.trim() !== '') say(line.trimEnd());
      if (rest.length > LONGEST_LINE) {
        say(rest.slice(0, LONGEST_LINE));
        rest = '';
      }
    });
    child[name]?.on('end', () => {
      if (rest.trim() !== '') say(rest.trimEnd());
    });
    child[name]?.on('error', () => {});
  }
}

function notStarted({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EACCES':
      return 'it may not be executed (EACCES): by its mode, or because the systemd unit denies it (NoExecPaths=)';
    case 'ENOENT':
      return 'it could not be started (ENOENT): the interpreter in its first line is not there';
    case 'ENOEXEC':
      return 'it is neither a program nor a script with #! in its first line (ENOEXEC)';
    default:
      return `it could not be started: ${message}`;
  }
}

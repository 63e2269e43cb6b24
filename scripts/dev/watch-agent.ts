import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isolated } from '../../test/e2e/agent-process.ts';

/** An agent that runs from its sources and starts again whenever one of them is saved. */
export type WatchedAgent = {
  /** Ends it, and resolves when it has ended. */
  end(): Promise<void>;
};

export type WatchOptions = {
  readonly environment: Readonly<Record<string, string>>;
  /** A line that it wrote: of its log, or whatever else. `time` is that of the log, HH:MM:SS.mmm. */
  readonly onLine: (line: { readonly time: string; readonly text: string }) => void;
};

/** Starts `ecs-drain-agent ARGS` with `tsx watch`. */
export function watchAgent(args: readonly string[], { environment, onLine }: WatchOptions): WatchedAgent {
  const child = spawn(
    process.execPath,
    [path('node_modules/tsx/dist/cli.mjs'), 'watch', '--clear-screen=false', path('src/cli.ts'), ...args],
    { env: isolated(environment), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let isEnding = false;
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      if (!isEnding) onLine(readable(line));
    });
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    end: async () => {
      // Ctrl-C has reached it already, and it complains about being told twice.
      isEnding = true;
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** The line of a log as people read it; any other line as it is. */
function readable(line: string): { time: string; text: string } {
  try {
    const { time, event, level, msg } = JSON.parse(line) as Record<string, string>;
    return {
      time: (time ?? '').slice(11, 23),
      text: `${level === 'info' ? '' : `${level} `}${event}: ${msg}`,
    };
  } catch {
    return { time: ' '.repeat('00:00:00.000'.length), text: line };
  }
}

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

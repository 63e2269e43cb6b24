import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EventName } from '../../src/log/events.ts';
import { createFeed, type Feed } from './feed.ts';

/** One line of the agent's log. */
export type LogLine = {
  readonly level: string;
  readonly time: string;
  readonly event: EventName;
  readonly msg: string;
  readonly [field: string]: unknown;
};

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** The real agent, in a process of its own. */
export type AgentProcess = {
  readonly pid: number;
  readonly log: Feed<LogLine>;
  readonly exited: Promise<Exit>;
  /** Tells every line from now on. */
  onLine(listener: (line: LogLine) => void): void;
  /** All that it wrote to its standard output, as it wrote it. */
  output(): string;
  /** What it wrote besides its log: nothing, if all is well. */
  strayOutput(): string;
  /** How long it has been ready to run and had no processor, in ms: the machine was late then, and not the agent. */
  waitedForCpu(): number;
  signal(name: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void;
};

/** The command under test: this checkout's build, unless `AGENT_CLI` names another. */
export const cli = process.env.AGENT_CLI ?? fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Starts `ecs-drain-agent ARGS`. @param nodeArgs for node itself */
export function startAgentProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  nodeArgs: readonly string[] = [],
): AgentProcess {
  const child = spawnCli(args, environment, nodeArgs);
  const log = createFeed<LogLine>();
  const listeners: ((line: LogLine) => void)[] = [];
  let stray = '';
  const { stdout, stderr } = child;
  if (!stdout || !stderr || child.pid === undefined) throw new Error(`${cli} could not be started`);
  let output = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const lines = createInterface({ input: stdout });
  let waited = 0;
  const waitedForCpu = () => {
    waited = Math.max(waited, runDelayMs(child.pid));
    return waited;
  };
  lines.on('line', (line) => {
    // It can't be asked any more once the process has ended.
    waitedForCpu();
    const parsed = parseLine(line);
    if (!parsed) {
      stray += `${line}\n`;
      return;
    }
    log.push(parsed);
    for (const listener of listeners) listener(parsed);
  });
  stderr.setEncoding('utf8').on('data', (text: string) => {
    stray += text;
  });
  const exited = new Promise<Exit>((resolve) => {
    // 'close' comes after the last of the output, unlike 'exit'.
    child.once('close', (code, signal) => {
      log.end(`the agent had ended (${signal ?? `exit code ${code}`})`);
      resolve({ code, signal });
    });
  });
  return {
    pid: child.pid,
    log,
    exited,
    onLine: (listener) => listeners.push(listener),
    output: () => output,
    strayOutput: () => stray,
    waitedForCpu,
    signal: (name) => void child.kill(name),
  };
}

/** The second field of /proc/PID/schedstat, for the main thread, in ms; 0 where it cannot be read. */
function runDelayMs(pid: number | undefined): number {
  try {
    const [, delayNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(delayNs) / 1e6 || 0;
  } catch {
    return 0;
  }
}

/** Runs `ecs-drain-agent ARGS` to its end. @param within a command that runs the one that follows it, as unshare(1) */
export async function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  within: readonly string[] = [],
) {
  const child = spawnCli(args, environment, [], within);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

/** The discard port, where nothing listens. */
const NOBODY = 'http://127.0.0.1:9';

/** An environment for an agent: this one, and nothing of the host's own AWS set-up, nor of an agent installed on it. */
export function isolated(environment: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    ECS_DRAIN_CONFIG: devNull,
    // Where nothing better is named, nobody answers: no request ever leaves this host.
    AWS_EC2_METADATA_SERVICE_ENDPOINT: NOBODY,
    AWS_ENDPOINT_URL: NOBODY,
    ECS_DRAIN_INTROSPECTION_URL: NOBODY,
    ...environment,
  };
}

function parseLine(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}

function spawnCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  nodeArgs: readonly string[],
  within: readonly string[] = [],
): ChildProcess {
  if (!existsSync(cli)) throw new Error(`${cli} is not there: npm run build makes it`);
  const [command = '', ...rest] = [...within, process.execPath, ...nodeArgs, cli, ...args];
  return spawn(command, rest, {
    env: isolated(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

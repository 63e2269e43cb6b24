import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { cli } from '../test/e2e/agent-process.ts';
import { ecsDrainAgent } from './beside-lifecycled/ecs-drain-agent.ts';
import { lifecycled } from './beside-lifecycled/lifecycled.ts';
import { type Outcome, play, type Scenario, TASK_MS } from './beside-lifecycled/play.ts';
import { openStage } from './beside-lifecycled/stage.ts';

const USAGE = `node bench/beside-lifecycled.ts --lifecycled PATH

Runs the same terminations with lifecycled and with this checkout's build (npm run build), each on an instance of its
own in one sandbox, and prints side by side what became of the task. Takes about two minutes. Uses only the loopback
address.

PATH is a binary of lifecycled, built from a clone: git checkout v3.6.0 && go build -o PATH ./cmd/lifecycled. (Go's own
@latest is 2.1.1: the module's path does not have the /v3 that Go asks for.)

A binary built with aws-sdk-go-v2, as lifecycled's newest commit, finds the sandbox by the SDK's endpoint variables. One
built with aws-sdk-go, as 3.6.0, finds it by a proxy on loopback, which needs the openssl command for its certificate.`;

const SCENARIOS: readonly Scenario[] = [
  { title: 'Nothing goes wrong', disturbance: 'none' },
  { title: 'SIGKILLed once it knew of the termination, and started again at once', disturbance: 'killed' },
  {
    title: 'SIGTERM 10 s after it knew of the termination, as by systemctl restart, and started again',
    disturbance: 'restarted',
  },
  {
    title: 'Stopped by SIGTERM before the termination, and started 2 s after it',
    disturbance: 'stopped-before',
  },
  {
    title: 'SIGKILLed before the termination, and started 2 s after it',
    disturbance: 'killed-before',
  },
  {
    title: 'What it drains with fails: its handler exits 1 at once; for the agent ECS answers 503 for 30 s',
    disturbance: 'handler-fails',
  },
  { title: 'ECS answers 503 for 30 s; the handler is as ever', disturbance: 'ecs-fails' },
];

const { values } = parseArgs({
  options: { lifecycled: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
const wrong = problemWith(values.lifecycled);
if (values.help) console.log(USAGE);
else if (wrong !== undefined) {
  console.error(`${wrong}\n\n${USAGE}`);
  process.exitCode = 2;
} else process.exit(await compare(values.lifecycled ?? ''));

function problemWith(path: string | undefined): string | undefined {
  if (path === undefined) return '--lifecycled must name a binary of lifecycled: it was not given.';
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return `--lifecycled must name a binary of lifecycled: ${path} is none that can be executed.`;
  }
  return existsSync(cli) ? undefined : `${cli} is not there: npm run build makes it.`;
}

/** Resolves with the exit code: 0 if every scenario was played to its end, whatever that was. */
async function compare(binary: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'ecs-drain-agent-bench-'));
  const kills = new Set<() => void>();
  process.once('exit', () => {
    for (const kill of kills) kill();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const stage = await openStage(directory, kills);
  // Named by its file, so that the table never says lifecycled of anything else.
  const names = [basename(binary), 'ecs-drain-agent'];
  const candidates = [lifecycled(stage, binary), ecsDrainAgent(stage)];
  const played = await Promise.allSettled(
    SCENARIOS.map((scenario) => Promise.all(candidates.map((one) => play(stage, one, scenario)))),
  );
  let code = 0;
  for (const [index, result] of played.entries()) {
    console.log(`\n${SCENARIOS[index]?.title}\n`);
    if (result.status === 'fulfilled') print(names, result.value);
    else {
      console.log(`  could not be played: ${result.reason}`);
      code = 1;
    }
  }
  return code;
}

function print(names: readonly string[], outcomes: readonly Outcome[]): void {
  const row = (label: string, cells: readonly string[]) =>
    console.log(`  ${label.padEnd(23)}${cells.map((cell) => cell.padEnd(32)).join('')}`.trimEnd());
  const each = (tell: (outcome: Outcome) => string) => outcomes.map(tell);
  row('', names);
  row(
    `the task of ${TASK_MS / 1_000} s`,
    each(({ task }) => (task.interrupted ? `CUT SHORT after ${seconds(task.ranMs)}` : 'ran to its end')),
  );
  row(
    'heartbeats',
    each(({ heartbeats }) => String(heartbeats)),
  );
  row(
    'the lifecycle action',
    each(({ action }) => `${action.result}, by ${action.by.replace('-', ' ')}`),
  );
  row(
    'released',
    each(({ releasedAfterMs }) =>
      releasedAfterMs === undefined ? 'while the task ran' : `${seconds(releasedAfterMs)} after the task`,
    ),
  );
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

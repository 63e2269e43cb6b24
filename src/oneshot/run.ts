import { randomUUID } from 'node:crypto';
import { AwsError } from '../aws/errors.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/text.ts';
import type { Loaded } from './config/load.ts';
import { EXIT } from './exit-codes.ts';
import { keyNames } from './keys.ts';
import { countedContainer } from './launch/counted-container.ts';
import type { End, Launch, Policy } from './launch/model.ts';
import { networkProblem } from './launch/network.ts';
import { startLaunch } from './launch-loop.ts';
import { showLog } from './logs/show.ts';
import { resultOf, writeResult } from './report/result-file.ts';
import type { Screen } from './report/screen.ts';
import { endLine, progressOf } from './report/words.ts';
import { type RequestOptions, runTaskRequest } from './request.ts';
import { openSession } from './session.ts';

/** How often what is shown in place is written anew, in ms: it says for how long. */
const REDRAW_MS = 1_000;

/** `ecs-oneshot run`. Resolves with the exit code. */
export async function run(loaded: Loaded & { kind: 'loaded' }, screen: Screen): Promise<number> {
  const { options, environment, warnings } = loaded;
  const beganAt = systemClock.now();
  const session = await openSession(options, environment);
  if (session.kind === 'wrong') {
    for (const problem of session.problems) screen.say(problem, 'bad');
    return EXIT.usage;
  }
  for (const warning of [...warnings, ...session.warnings]) screen.say(warning);
  const { cluster, tasks, group, demandQueue, zonesOf, logStream } = session;
  const key = options.key ?? randomUUID();
  const policy = policyOf(loaded);
  const request: RequestOptions = { ...options, asked: policy.asked, key: keyNames(cluster, key) };
  if (options.dryRun) return dryRun();
  screen.say(`${policy.asked.taskDefinition} in cluster ${cluster}, key ${key}`);

  let latest: Launch | undefined;
  const log = showLog({
    mode: options.logs,
    open: (place, container, taskId) =>
      logStream(place.group, `${place.prefix}/${container}/${taskId}`, place.region),
    write: (lines) => {
      // Where both are a terminal, a line of the log takes the place of what is shown there.
      screen.clear();
      process.stdout.write(lines.map((line) => `${line}\n`).join(''));
      show();
    },
    say: (text) => screen.say(text),
    clock: systemClock,
    random: Math.random,
  });
  const running = startLaunch({
    clock: systemClock,
    random: Math.random,
    tasks,
    group,
    demand: demandQueue && { queue: demandQueue, of: { cluster, group: options.group, key }, zonesOf },
    policy,
    request,
    onProgress: (launch) => {
      latest = launch;
      if (policy.waits) log.update(launch);
      if (launch.phase.kind !== 'ended') screen.progress(progressOf(launch, policy, systemClock.now()));
    },
  });
  /** Shows again, in place, how it is by now. */
  function show(): void {
    if (screen.isLive && latest) screen.progress(progressOf(latest, policy, systemClock.now()));
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => running.cancel(signal));
  const done = new AbortController();
  if (screen.isLive) void repeat(show, done.signal);
  const end = await running.ended;
  await log.finish(end);
  done.abort();
  screen.clear();
  if (end.kind === 'detached' && end.task)
    process.stdout.write(`${JSON.stringify({ cluster, task_arn: end.task.arn })}\n`);
  finish(end, { cluster, key, beganAt, endedAt: systemClock.now() }, options.resultFile, screen);
  return end.code;

  async function dryRun(): Promise<number> {
    try {
      const definition = await tasks.define(policy.asked.taskDefinition);
      const counted = countedContainer(definition.containers, policy.container);
      if (counted.kind === 'unclear') {
        screen.say(counted.why, 'bad');
        return EXIT.usage;
      }
      const wrongNetwork = networkProblem(definition, policy.asked);
      if (wrongNetwork !== undefined) {
        screen.say(wrongNetwork, 'bad');
        return EXIT.notStarted;
      }
      const asked = { cluster, ...runTaskRequest(request, counted.container.name, 0) };
      process.stdout.write(`${JSON.stringify(asked, null, 2)}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      screen.say(error.message, 'bad');
      return error.kind === 'permission' || error.kind === 'credentials' ? EXIT.permission : EXIT.notStarted;
    }
  }
}

function policyOf({ options, command, containerEnvironment }: Loaded & { kind: 'loaded' }): Policy {
  return {
    isKeyGiven: options.key !== undefined,
    capacityTimeoutMs: options.capacityTimeout,
    timeoutMs: options.timeout,
    onTimeout: options.onTimeout,
    group: options.group,
    // Whoever reads the demand queue asks the group, for all who wait together.
    asksGroup: options.demandQueue === undefined,
    waits: !options.noWait,
    container: options.container,
    asked: {
      taskDefinition: options.taskDefinition ?? '',
      command,
      environment: containerEnvironment,
      cpu: options.cpu,
      memory: options.memory,
      taskRole: options.taskRole,
      network: options.subnets && { subnets: options.subnets, securityGroups: options.securityGroups ?? [] },
    },
  };
}

async function repeat(show: () => void, done: AbortSignal): Promise<void> {
  while (!done.aborted) {
    show();
    await systemClock.sleep(REDRAW_MS, { signal: done });
  }
}

function finish(
  end: End,
  context: Parameters<typeof resultOf>[1],
  resultFile: string | undefined,
  screen: Screen,
): void {
  if (resultFile !== undefined) {
    try {
      writeResult(resultFile, resultOf(end, context));
    } catch (error) {
      screen.say(`the result file ${resultFile} could not be written: ${messageOf(error)}`, 'bad');
    }
  }
  // The last line, whatever happened before it.
  screen.say(endLine(end), end.code === 0 ? 'good' : 'bad');
}

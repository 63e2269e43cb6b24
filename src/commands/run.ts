import { uptime } from 'node:os';
import { startAgent } from '../agent/start.ts';
import { createFileStore } from '../agent/state/state-file.ts';
import { createImds, imdsEndpoint } from '../aws/imds.ts';
import { awsServices } from '../aws/operations.ts';
import { createTransport } from '../aws/sdk/transport.ts';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/text.ts';
import { version } from '../base/version.ts';
import { EX_TEMPFAIL } from '../config/exit-codes.ts';
import type { Configured } from '../config/load.ts';
import type { Network } from '../config/network.ts';
import type { Config } from '../config/options.ts';
import { configuredCluster } from '../host/ecs-config.ts';
import { createNodeHttp } from '../host/node-http.ts';
import { createNotifier } from '../host/systemd.ts';
import type { Log } from '../log/log.ts';
import { createOutput } from '../log/output.ts';
import type { Recorder } from '../metrics/recorder.ts';
import { createOperatorHooks, prepareHooks } from '../operator-hooks/operator-hooks.ts';
import { manualSignal } from '../signals/manual.ts';
import { followGroup } from './group-at-rest.ts';
import { passToSdk } from './sdk-environment.ts';
import { claimStateDir } from './state-dir.ts';
import { createStatusFile } from './status-file.ts';

/**
 * `ecs-drain-agent run`: what the unit starts. Resolves with the exit code once SIGTERM or SIGINT has come, or a file of the
 * program cannot be read.
 */
export async function run(
  { config, origins, environment, warnings }: Configured,
  network: Network,
): Promise<number> {
  const output = createOutput({ level: config.logLevel, environment });
  const stop = new AbortController();
  let reason = '';
  let exitCode = 0;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      reason = signal;
      stop.abort();
    });
  }
  const claim = claimStateDir(config.stateDir);
  if (claim.kind === 'taken') {
    output('agent.already-running', alreadyRunning(claim.pid, config, origins), { pid: claim.pid });
    return EX_TEMPFAIL;
  }
  const metrics = await recordMetrics(config, output, stop.signal);
  const log: Log = (event, message, fields) => {
    metrics?.event(event);
    output(event, message, fields);
  };
  log('agent.started', `ecs-drain-agent ${version}`, { version, pid: process.pid, config });
  for (const warning of warnings) log('config.warning', warning);
  if (network.proxies) log('proxy.used', `the AWS APIs are asked by proxy: ${network.proxies}`);
  if (claim.kind === 'unusable') log('state.unwritable', unusable(claim.why, config, origins));
  await prepareHooks(config.hooksDir, log);
  passToSdk(environment);

  const notifier = createNotifier(environment);
  const statusFile = createStatusFile(config.stateDir, environment);
  const watchdog = keepWatchdogQuiet(notifier, stop.signal);
  const http = createNodeHttp(systemClock);
  const withGroup = followGroup(
    createImds(http, imdsEndpoint(environment), stop.signal),
    systemClock,
    stop.signal,
  );
  let isReady = false;
  let isIncomplete = false;
  await startAgent(config, {
    clock: systemClock,
    uptime: () => uptime() * 1_000,
    // Node reads CLOCK_MONOTONIC, which counts from the boot, and not while the host is hibernated (clock_gettime(2)).
    awake: () => Number(process.hrtime.bigint() / 1_000_000n),
    random: Math.random,
    http,
    transport: (region) =>
      createTransport(awsServices, region, `ecs-drain-agent/${version}`, {
        clock: systemClock,
        random: Math.random,
        network,
        onUnloadable: (service, error) => {
          if (!isIncomplete) log('agent.incomplete', messageOf(error));
          isIncomplete = true;
          // With Auto Scaling it keeps the hook alive, and started anew it may not come up again. Without, nothing is lost.
          if (service !== 'autoscaling' || stop.signal.aborted) return;
          reason = 'itself, as a file of the program cannot be read';
          exitCode = EX_TEMPFAIL;
          stop.abort();
        },
      }),
    store: createFileStore(config.stateDir),
    manual: manualSignal(config.stateDir, (why) => log('state.discarded', why)),
    configuredCluster,
    environment,
    log,
    onAttempt: metrics?.attempt,
    onReport: (tell) => {
      const report = withGroup(tell());
      metrics?.report(report);
      statusFile.write(report);
      notifier.status(report.summary);
      if (!isReady) notifier.ready();
      isReady = true;
    },
    hooks: createOperatorHooks({ config, environment, clock: systemClock, log, stop: stop.signal }),
    stop: stop.signal,
  });
  notifier.stopping();
  await watchdog;
  statusFile.remove();
  if (claim.kind === 'ours') claim.release();
  log('agent.stopped', `stopped by ${reason}; nothing changes in AWS`);
  return exitCode;
}

/** Loaded only where metrics are configured. */
async function recordMetrics(
  { metricsListen: listen, metricsFile: file, metricsEmf: emf }: Config,
  log: Log,
  stop: AbortSignal,
): Promise<Recorder | undefined> {
  if (!listen && file === undefined && emf === undefined) return undefined;
  const { startMetrics } = await import('../metrics/start-metrics.ts');
  return startMetrics({ listen, file, emf, clock: systemClock, log, stop });
}

type Origins = Configured['origins'];

function alreadyRunning(pid: number, { stateDir }: Config, origins: Origins): string {
  return (
    `another agent, with process id ${pid}, runs with the state directory ${stateDir} (from ${origins.stateDir}); ` +
    'stop that one first, or give this one a directory of its own with --state-dir (ECS_DRAIN_STATE_DIR)'
  );
}

function unusable(why: string, { stateDir }: Config, origins: Origins): string {
  return (
    `nothing can be kept in the state directory ${stateDir} (from ${origins.stateDir}): ${why}; ` +
    'set --state-dir (ECS_DRAIN_STATE_DIR) to a directory that this user can make and write'
  );
}

async function keepWatchdogQuiet(
  { watchdog, watchdogIntervalMs }: ReturnType<typeof createNotifier>,
  stop: AbortSignal,
): Promise<void> {
  if (watchdogIntervalMs === undefined) return;
  while (!stop.aborted) {
    watchdog();
    await systemClock.sleep(watchdogIntervalMs, { signal: stop });
  }
}

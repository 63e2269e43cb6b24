import { closeSync, constants, fstatSync, ftruncateSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Report } from '../agent/report/report.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/text.ts';
import type { Log } from '../log/log.ts';
import type { Recorder } from './recorder.ts';

const NAMESPACE = 'EcsDrainAgent';
/** How often a drain is told of, in ms; as fine as CloudWatch keeps it. */
export const DRAIN_MS = 60_000;
/** How often an agent says that it runs, in ms: each line is paid for. */
export const AGENT_MS = 300_000;
/** A file that has grown to this many bytes is put aside as FILE.1, in the place of the last one; where it cannot be, it is emptied. */
const MOST_BYTES = 1024 * 1024;

export type EmfPorts = {
  readonly recorder: Pick<Recorder, 'current'>;
  /** A file, or the log. */
  readonly target: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
};

/** Tells CloudWatch what the agent does, in its embedded metric format, until `stop` aborts. */
export async function emitEmf({ recorder, target, clock, log, stop }: EmfPorts): Promise<void> {
  let saidFailed = false;
  let agentDueAt = clock.monotonic();
  let told: number | undefined;
  while (!stop.aborted) {
    await clock.sleep(DRAIN_MS, { signal: stop });
    const { report, lastTaskToRelease } = recorder.current();
    const isAgentDue = clock.monotonic() >= agentDueAt;
    if (isAgentDue) agentDueAt = clock.monotonic() + AGENT_MS;
    const released = lastTaskToRelease === told ? undefined : lastTaskToRelease;
    told = lastTaskToRelease;
    // An instance that was released stops within the minute.
    if (stop.aborted && released === undefined) return;
    const values = valuesOf(report, isAgentDue, released);
    if (!isAgentDue && report.state !== 'draining' && released === undefined) continue;
    write(emfDocument(report, values, clock.now()));
  }

  function write(document: Readonly<Record<string, unknown>>) {
    if (target === 'log') return log('metrics.emf', 'metrics for CloudWatch', document);
    try {
      append(target, `${JSON.stringify(document)}\n`);
      saidFailed = false;
    } catch (error) {
      if (!saidFailed)
        log(
          'metrics.unavailable',
          `no metrics for CloudWatch: ${messageOf(error)}; trying again every minute`,
        );
      saidFailed = true;
    }
  }
}

type Values = Readonly<Record<string, { readonly unit: 'Count' | 'Seconds'; readonly value: number }>>;

const count = (value: number) => ({ unit: 'Count', value }) as const;
const seconds = (value: number) => ({ unit: 'Seconds', value }) as const;

/** @param lastTaskToRelease in s, where the instance was released since the line before */
function valuesOf(report: Report, isAgentDue: boolean, lastTaskToRelease: number | undefined): Values {
  const { state, tasksLeft, waitedSeconds, lifecycleState = '', problems = [] } = report;
  const isDraining = state === 'draining';
  return {
    ...(isAgentDue && { Agents: count(1) }),
    Draining: count(isDraining ? 1 : 0),
    Problems: count(problems.length),
    Retained: count(lifecycleState.endsWith(':Retained') ? 1 : 0),
    ...(isDraining && tasksLeft !== undefined && { TasksLeft: count(tasksLeft) }),
    ...(isDraining && waitedSeconds !== undefined && { DrainSeconds: seconds(waitedSeconds) }),
    ...(lastTaskToRelease !== undefined && { LastTaskToRelease: seconds(lastTaskToRelease) }),
  };
}

/**
 * One document (CloudWatch user guide, "Specification: Embedded metric format"). The cluster is its only dimension: each
 * combination of dimensions is a metric that is paid for. What tells of the instance is beside them, to be searched for.
 */
export function emfDocument(
  { cluster = 'unknown', instanceId, group, state, lifecycleState, problems = [] }: Report,
  values: Values,
  now: number,
): Readonly<Record<string, unknown>> {
  const metrics = Object.entries(values).map(([Name, { unit }]) => ({ Name, Unit: unit }));
  return {
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [['Cluster']], Metrics: metrics }],
    },
    Cluster: cluster,
    ...Object.fromEntries(Object.entries(values).map(([name, { value }]) => [name, value])),
    InstanceId: instanceId,
    AutoScalingGroup: group,
    State: state,
    LifecycleState: lifecycleState,
    ...(problems.length > 0 && { ProblemKinds: problems.map(({ kind }) => kind) }),
  };
}

/** Throws where it is no file that can be written. A FIFO would be waited for without end. */
function append(path: string, line: string): void {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK } = constants;
  const file = openSync(path, O_APPEND | O_CREAT | O_WRONLY | O_NONBLOCK, 0o644);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error(`${path} is no file`);
    writeSync(file, line);
    if (stats.size + line.length < MOST_BYTES) return;
    try {
      renameSync(path, `${path}.1`);
    } catch {
      // Its directory may be somebody else's.
      ftruncateSync(file);
    }
  } finally {
    closeSync(file);
  }
}

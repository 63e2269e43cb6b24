import type { Report } from '../agent/report/report.ts';
import type { Attempt } from '../aws/call.ts';
import { type AwsErrorKind, isGivenUp } from '../aws/errors.ts';
import { type Clock, parseTime } from '../base/clock.ts';
import { type EventName, events, type Level } from '../log/events.ts';
import type { Sample, SeriesName } from './series.ts';

/** Records what the agent does, and gives it as samples. Nothing in it can fail. */
export type Recorder = {
  report(report: Report): void;
  attempt(attempt: Attempt): void;
  event(event: EventName): void;
  samples(): readonly Sample[];
  /** What was reported last, and how long the release took after the last task's end, in s. */
  current(): { readonly report: Report; readonly lastTaskToRelease: number | undefined };
};

const STATES: readonly Report['state'][] = ['starting', 'watching', 'draining', 'released'];

const KINDS: readonly AwsErrorKind[] = ['throttled', 'transient', 'credentials', 'permission', 'rejected'];

export type Process = {
  readonly version: string;
  readonly nodeVersion: string;
  /** In bytes. */
  memory(): number;
  /** User and system time in seconds. */
  cpu(): number;
};

export function createRecorder(clock: Clock, self: Process): Recorder {
  const startedAt = clock.now();
  const counters = new Map<string, Sample>();
  let last: Report = { state: 'starting', summary: '', signals: [] };
  let emptySince: number | undefined;
  let lastTaskToRelease: number | undefined;

  function count(name: SeriesName, labels: Readonly<Record<string, string>> = {}, by = 1) {
    const key = `${name} ${JSON.stringify(labels)}`;
    counters.set(key, { name, labels, value: (counters.get(key)?.value ?? 0) + by });
  }

  // Prometheus sees no increase in a counter that begins at 1, so counters that alerts use begin at 0.
  count('ecs_drain_agent_heartbeats_total', {}, 0);
  count('ecs_drain_agent_aws_throttles_total', {}, 0);
  for (const [event, { level }] of Object.entries(events)) {
    if (level === 'warn' || level === 'error') count('ecs_drain_agent_events_total', { event, level }, 0);
  }

  return {
    report: (report) => {
      if (report.state === 'watching') emptySince = lastTaskToRelease = undefined;
      else if (report.tasksLeft === 0) emptySince ??= timeOf(report.lastTaskEndedAt) ?? clock.now();
      else if (report.tasksLeft !== undefined) emptySince = undefined;
      last = report;
    },
    attempt: ({ operation, error }) => {
      if (error && isGivenUp(error)) return;
      count('ecs_drain_agent_aws_requests_total', { api: operation });
      for (const kind of KINDS) count('ecs_drain_agent_aws_errors_total', { api: operation, kind }, 0);
      if (error) count('ecs_drain_agent_aws_errors_total', { api: operation, kind: error.kind });
      if (error?.kind === 'throttled') count('ecs_drain_agent_aws_throttles_total');
    },
    event: (event) => {
      const level = levelOf(event);
      // Debug events are logged only on request.
      if (level !== 'debug') count('ecs_drain_agent_events_total', { event, level });
      if (event === 'lifecycle.heartbeat') count('ecs_drain_agent_heartbeats_total');
      if ((event === 'lifecycle.completed' || event === 'instance.terminated') && emptySince !== undefined) {
        lastTaskToRelease ??= Math.max(0, clock.now() - emptySince) / 1_000;
      }
    },
    current: () => ({ report: last, lastTaskToRelease }),
    samples: () => {
      const { state, signals, tasksLeft, waitedSeconds, deadline, blockedBy = [], problems = [] } = last;
      const limit = deadline === undefined ? undefined : parseTime(deadline);
      return [
        sample('ecs_drain_agent_build_info', 1, { version: self.version, node_version: self.nodeVersion }),
        ...STATES.map((one) => sample('ecs_drain_agent_state', one === state ? 1 : 0, { state: one })),
        ...signals.map((source) => sample('ecs_drain_agent_signal', 1, { source })),
        ...optional('ecs_drain_agent_tasks_left', tasksLeft),
        ...countKinds(blockedBy).map(([reason, value]) =>
          sample('ecs_drain_agent_blocked', value, { reason }),
        ),
        ...countKinds(problems).map(([kind, value]) => sample('ecs_drain_agent_problems', value, { kind })),
        ...(last.lifecycleState === undefined
          ? []
          : [sample('ecs_drain_agent_lifecycle_state', 1, { state: last.lifecycleState })]),
        sample('ecs_drain_agent_drain_seconds', waitedSeconds ?? 0),
        ...optional(
          'ecs_drain_agent_drain_deadline_timestamp_seconds',
          limit === undefined ? undefined : limit / 1_000,
        ),
        ...optional('ecs_drain_agent_last_task_to_release_seconds', lastTaskToRelease),
        ...counters.values(),
        sample('process_resident_memory_bytes', self.memory()),
        sample('process_cpu_seconds_total', round(self.cpu())),
        sample('process_start_time_seconds', startedAt / 1_000),
      ];
    },
  };
}

const levelOf = (event: EventName): Level => events[event].level;

const timeOf = (iso: string | undefined) => (iso === undefined ? undefined : parseTime(iso));

function sample(name: SeriesName, value: number, labels?: Readonly<Record<string, string>>): Sample {
  return { name, value, labels };
}

const optional = (name: SeriesName, value: number | undefined): readonly Sample[] =>
  value === undefined ? [] : [sample(name, round(value))];

function countKinds(reasons: readonly { readonly kind: string }[]): readonly [string, number][] {
  return [...Map.groupBy(reasons, ({ kind }) => kind)].map(([kind, members]) => [kind, members.length]);
}

const round = (value: number) => Math.round(value * 1_000) / 1_000;

/** A series as Prometheus knows it, in the order in which it is shown. */
export type SeriesDefinition = {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
};

/** Every series there is; a test compares docs/metrics.md with it. */
export const series = {
  ecs_drain_agent_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say which version runs.',
  },
  ecs_drain_agent_state: {
    type: 'gauge',
    help: '1 for the state that the agent is in, 0 for the others.',
  },
  ecs_drain_agent_signal: {
    type: 'gauge',
    help: '1 for each signal that asks for this instance to go.',
  },
  ecs_drain_agent_tasks_left: {
    type: 'gauge',
    help: 'Tasks of this instance that have not ended. Absent while not known.',
  },
  ecs_drain_agent_blocked: {
    type: 'gauge',
    help: 'Groups of tasks that the drain waits for, by the reason why they are still there.',
  },
  ecs_drain_agent_problems: {
    type: 'gauge',
    help: 'What somebody must fix before a drain can go on or begin, by kind; docs/status.md says which there are.',
  },
  ecs_drain_agent_lifecycle_state: {
    type: 'gauge',
    help: "1 for the instance's state in its group, as last known in a drain. Absent before.",
  },
  ecs_drain_agent_drain_seconds: {
    type: 'gauge',
    help: 'How long the drain has lasted since its first signal. 0 while there is none.',
  },
  ecs_drain_agent_drain_deadline_timestamp_seconds: {
    type: 'gauge',
    help: 'When the nearest limit ends the drain, as Unix time. Absent where there is none, or where the wait goes on beyond it.',
  },
  ecs_drain_agent_last_task_to_release_seconds: {
    type: 'gauge',
    help: 'From the end of the last task, as the ECS agent on the host saw it, to the release of the instance. Absent before.',
  },
  ecs_drain_agent_heartbeats_total: {
    type: 'counter',
    help: 'Lifecycle action heartbeats recorded.',
  },
  ecs_drain_agent_aws_requests_total: {
    type: 'counter',
    help: 'Requests to the AWS APIs, each attempt counted.',
  },
  ecs_drain_agent_aws_errors_total: {
    type: 'counter',
    help: 'Requests to the AWS APIs that failed, by the kind of the failure.',
  },
  ecs_drain_agent_aws_throttles_total: {
    type: 'counter',
    help: 'Requests to the AWS APIs that were throttled. By API they are among the errors.',
  },
  ecs_drain_agent_events_total: {
    type: 'counter',
    help: 'Events in the log, by name and level; docs/events.md says what each means.',
  },
  process_resident_memory_bytes: { type: 'gauge', help: 'Resident memory size in bytes.' },
  process_cpu_seconds_total: { type: 'counter', help: 'User and system CPU time spent in seconds.' },
  process_start_time_seconds: { type: 'gauge', help: 'When the process started, as Unix time.' },
} as const satisfies Record<string, SeriesDefinition>;

export type SeriesName = keyof typeof series;

export type Sample = {
  readonly name: SeriesName;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly value: number;
};

/** The Prometheus text format, version 0.0.4. A series without samples is left out. */
export function formatSamples(samples: readonly Sample[]): string {
  const lines: string[] = [];
  for (const [name, { type, help }] of Object.entries(series)) {
    const own = samples.filter((sample) => sample.name === name);
    if (own.length === 0) continue;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const { labels = {}, value } of own) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      lines.push(`${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

const escaped = (text: string) =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

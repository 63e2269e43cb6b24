import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../../src/agent/report/report.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { createRecorder } from '../../../src/metrics/recorder.ts';
import { formatSamples } from '../../../src/metrics/series.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const self = { version: '1.2.3', nodeVersion: 'v24.0.0', memory: () => 50_000_000, cpu: () => 1.25 };

function setUp() {
  const clock = createVirtualClock();
  const recorder = createRecorder(clock, self);
  const lines = (part: string) =>
    formatSamples(recorder.samples())
      .split('\n')
      .filter((line) => !line.startsWith('#') && line.includes(part));
  return { clock, recorder, lines };
}

const draining: Report = {
  state: 'draining',
  summary: '',
  signals: ['tag', 'lifecycle'],
  tasksLeft: 2,
  waitedSeconds: 90,
  deadline: '2026-01-02T05:04:05.500Z',
  blockedBy: [
    { kind: 'standalone', group: 'family:a', tasks: 1, why: '' },
    { kind: 'standalone', group: 'family:b', tasks: 1, why: '' },
    { kind: 'daemon', group: 'service:c', tasks: 1, why: '' },
  ],
};

describe('what is recorded', () => {
  it('at the start', () => {
    const { recorder } = setUp();
    const samples = recorder.samples().filter(({ name }) => name !== 'ecs_drain_agent_events_total');
    assert.equal(
      formatSamples(samples),
      `# HELP ecs_drain_agent_build_info Always 1; the labels say which version runs.
# TYPE ecs_drain_agent_build_info gauge
ecs_drain_agent_build_info{version="1.2.3",node_version="v24.0.0"} 1
# HELP ecs_drain_agent_state 1 for the state that the agent is in, 0 for the others.
# TYPE ecs_drain_agent_state gauge
ecs_drain_agent_state{state="starting"} 1
ecs_drain_agent_state{state="watching"} 0
ecs_drain_agent_state{state="draining"} 0
ecs_drain_agent_state{state="released"} 0
# HELP ecs_drain_agent_drain_seconds How long the drain has lasted since its first signal. 0 while there is none.
# TYPE ecs_drain_agent_drain_seconds gauge
ecs_drain_agent_drain_seconds 0
# HELP ecs_drain_agent_heartbeats_total Lifecycle action heartbeats recorded.
# TYPE ecs_drain_agent_heartbeats_total counter
ecs_drain_agent_heartbeats_total 0
# HELP ecs_drain_agent_aws_throttles_total Requests to the AWS APIs that were throttled. By API they are among the errors.
# TYPE ecs_drain_agent_aws_throttles_total counter
ecs_drain_agent_aws_throttles_total 0
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 50000000
# HELP process_cpu_seconds_total User and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.25
# HELP process_start_time_seconds When the process started, as Unix time.
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1767323045
`,
    );
  });

  it('of a drain that waits', () => {
    const { recorder, lines } = setUp();
    recorder.report(draining);
    assert.deepEqual(
      [...lines('signal{'), ...lines('tasks_left'), ...lines('blocked'), ...lines('drain_seconds')],
      [
        'ecs_drain_agent_signal{source="tag"} 1',
        'ecs_drain_agent_signal{source="lifecycle"} 1',
        'ecs_drain_agent_tasks_left 2',
        'ecs_drain_agent_blocked{reason="standalone"} 2',
        'ecs_drain_agent_blocked{reason="daemon"} 1',
        'ecs_drain_agent_drain_seconds 90',
      ],
    );
    assert.deepEqual(lines('deadline'), ['ecs_drain_agent_drain_deadline_timestamp_seconds 1767330245.5']);
  });

  it('of the time from the last task to the release', () => {
    const { clock, recorder, lines } = setUp();
    recorder.report(draining);
    clock.pass(60_000);
    clock.pass(500);
    const empty = { ...draining, tasksLeft: 0, lastTaskEndedAt: '2026-01-02T03:05:05.000Z' };
    recorder.report(empty);
    clock.pass(1_500);
    recorder.report(empty);
    clock.pass(1_000);
    recorder.event('lifecycle.completed');
    // From 05:05.000 on, when the ECS agent saw it end, and not only from when ECS knew.
    assert.deepEqual(lines('to_release'), ['ecs_drain_agent_last_task_to_release_seconds 3']);
    recorder.report({ state: 'watching', summary: '', signals: [] });
    assert.deepEqual(lines('to_release'), []);
  });

  it('of a list that was empty for a moment only', () => {
    const { clock, recorder, lines } = setUp();
    recorder.report({ ...draining, tasksLeft: 0 });
    clock.pass(60_000);
    recorder.report({ ...draining, tasksLeft: 1 });
    recorder.report({ ...draining, tasksLeft: 0 });
    clock.pass(3_000);
    recorder.event('instance.terminated');
    assert.deepEqual(lines('to_release'), ['ecs_drain_agent_last_task_to_release_seconds 3']);
  });

  it('of requests to AWS', () => {
    const { recorder, lines } = setUp();
    const failed = (kind: 'throttled' | 'transient' | 'stopped') =>
      new AwsError('ecs:ListTasks', kind, 'Name', 'message');
    recorder.attempt({ operation: 'ecs:ListTasks', attempt: 1, error: failed('throttled') });
    recorder.attempt({ operation: 'ecs:ListTasks', attempt: 2, error: failed('transient') });
    recorder.attempt({ operation: 'ecs:ListTasks', attempt: 3 });
    recorder.attempt({ operation: 'ecs:ListTasks', attempt: 1, error: failed('stopped') });
    recorder.attempt({ operation: 'ecs:DescribeTasks', attempt: 1 });
    assert.deepEqual(lines('aws_requests'), [
      'ecs_drain_agent_aws_requests_total{api="ecs:ListTasks"} 3',
      'ecs_drain_agent_aws_requests_total{api="ecs:DescribeTasks"} 1',
    ]);
    assert.deepEqual(lines('aws_errors_total{api="ecs:ListTasks"'), [
      'ecs_drain_agent_aws_errors_total{api="ecs:ListTasks",kind="throttled"} 1',
      'ecs_drain_agent_aws_errors_total{api="ecs:ListTasks",kind="transient"} 1',
      'ecs_drain_agent_aws_errors_total{api="ecs:ListTasks",kind="credentials"} 0',
      'ecs_drain_agent_aws_errors_total{api="ecs:ListTasks",kind="permission"} 0',
      'ecs_drain_agent_aws_errors_total{api="ecs:ListTasks",kind="rejected"} 0',
    ]);
    assert.deepEqual(lines('throttles'), ['ecs_drain_agent_aws_throttles_total 1']);
  });

  it('of events, heartbeats among them', () => {
    const { recorder, lines } = setUp();
    recorder.event('lifecycle.heartbeat');
    recorder.event('lifecycle.heartbeat');
    recorder.event('call.failed');
    assert.deepEqual(
      [...lines('heartbeats'), ...lines('event="lifecycle.heartbeat"'), ...lines('event="call.f')],
      [
        'ecs_drain_agent_heartbeats_total 2',
        'ecs_drain_agent_events_total{event="lifecycle.heartbeat",level="info"} 2',
        'ecs_drain_agent_events_total{event="call.failed",level="warn"} 1',
        // What alarms begins at 0, so that Prometheus sees its first increase.
        'ecs_drain_agent_events_total{event="call.forbidden",level="error"} 0',
      ],
    );
  });

  it('with labels that no value can break out of', () =>
    assert.match(
      formatSamples([
        { name: 'ecs_drain_agent_build_info', value: 1, labels: { version: 'a"b\\c\nd', node_version: '' } },
      ]),
      /^ecs_drain_agent_build_info\{version="a\\"b\\\\c\\nd",node_version=""\} 1$/m,
    ));
});

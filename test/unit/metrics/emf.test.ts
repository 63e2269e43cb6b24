import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import type { Report } from '../../../src/agent/report/report.ts';
import { emitEmf } from '../../../src/metrics/emf.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const watching: Report = { state: 'watching', summary: '', signals: [], cluster: 'web', instanceId: 'i-1' };
const draining: Report = {
  ...watching,
  state: 'draining',
  tasksLeft: 2,
  waitedSeconds: 90,
  group: 'web-asg',
  lifecycleState: 'Terminating:Retained',
  problems: [{ kind: 'permission', why: '', fix: '' }],
};

it('is a document as CloudWatch reads it, with the cluster as its only dimension', async (t) => {
  const { passes, documents, reports } = start(t);
  reports(draining);
  await passes(1);
  assert.deepEqual(documents(), [
    {
      _aws: {
        Timestamp: 60_000,
        CloudWatchMetrics: [
          {
            Namespace: 'EcsDrainAgent',
            Dimensions: [['Cluster']],
            Metrics: [
              { Name: 'Agents', Unit: 'Count' },
              { Name: 'Draining', Unit: 'Count' },
              { Name: 'Problems', Unit: 'Count' },
              { Name: 'Retained', Unit: 'Count' },
              { Name: 'TasksLeft', Unit: 'Count' },
              { Name: 'DrainSeconds', Unit: 'Seconds' },
            ],
          },
        ],
      },
      Cluster: 'web',
      Agents: 1,
      Draining: 1,
      Problems: 1,
      Retained: 1,
      TasksLeft: 2,
      DrainSeconds: 90,
      InstanceId: 'i-1',
      AutoScalingGroup: 'web-asg',
      State: 'draining',
      LifecycleState: 'Terminating:Retained',
      ProblemKinds: ['permission'],
    },
  ]);
});

it('costs one line in five minutes at rest, and one a minute in a drain', async (t) => {
  const { passes, documents, reports } = start(t);
  reports(watching);
  await passes(30);
  assert.equal(documents().length, 6);
  assert.equal(documents().filter(({ Agents }) => Agents === 1).length, 6);
  reports(draining);
  await passes(10);
  assert.equal(documents().length, 16);
  assert.equal(documents().filter(({ Agents }) => Agents === 1).length, 8, 'agents would be counted twice');
});

it('tells once how long a release took', async (t) => {
  const { passes, documents, reports } = start(t);
  reports({ ...draining, state: 'released' }, 1.5);
  await passes(10);
  assert.deepEqual(
    documents().flatMap(({ LastTaskToRelease }) => LastTaskToRelease ?? []),
    [1.5],
  );
});

it('tells it at the end too, since a released instance stops within the minute', async (t) => {
  const { passes, documents, reports, stops } = start(t);
  await passes(1);
  reports({ ...draining, state: 'released' }, 2);
  await stops();
  assert.deepEqual(
    documents().map(({ LastTaskToRelease }) => LastTaskToRelease),
    [undefined, 2],
  );
});

it('keeps two files of a bounded size', async (t) => {
  const { path, passes, reports } = start(t);
  writeFileSync(path, 'x'.repeat(1024 * 1024));
  reports(draining);
  await passes(2);
  assert.ok(statSync(`${path}.1`).size > 1024 * 1024);
  assert.ok(statSync(path).size < 1_000, 'the disk would fill');
});

it('a file that cannot be put aside is emptied: its directory may be another user’s', async (t) => {
  const { path, passes, reports, said, documents } = start(t);
  writeFileSync(path, 'x'.repeat(1024 * 1024));
  mkdirSync(join(`${path}.1`, 'in-the-way'), { recursive: true });
  reports(draining);
  await passes(2);
  assert.deepEqual([documents().length, said], [1, []], 'the disk would fill');
});

it('a FIFO in the place of its file is said, and not waited for', async (t) => {
  const { path, passes, reports, said } = start(t);
  execFileSync('mkfifo', [path]);
  reports(draining);
  await passes(3);
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /^metrics\.unavailable no metrics for CloudWatch: /);
});

function start(t: TestContext) {
  const path = join(temporaryDirectory(t), 'metrics.json');
  const clock = createVirtualClock(0);
  const stop = new AbortController();
  t.after(() => stop.abort());
  const said: string[] = [];
  let current: { report: Report; lastTaskToRelease: number | undefined } = {
    report: watching,
    lastTaskToRelease: undefined,
  };
  void emitEmf({
    recorder: { current: () => current },
    target: path,
    clock,
    log: (event, message) => said.push(`${event} ${message}`),
    stop: stop.signal,
  });
  return {
    path,
    said,
    reports: (report: Report, lastTaskToRelease?: number) => {
      current = { report, lastTaskToRelease };
    },
    stops: async () => {
      stop.abort();
      await new Promise(setImmediate);
    },
    passes: async (minutes: number) => {
      for (let minute = 0; minute < minutes; minute++) {
        clock.pass(60_000);
        // The emitter sleeps again once it has written.
        await new Promise(setImmediate);
      }
    },
    documents: () =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

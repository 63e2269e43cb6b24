import assert from 'node:assert/strict';
import { test } from 'node:test';
import { START } from '../support/virtual-clock.ts';
import { loadOneshot } from './load-oneshot.ts';
import type { JobPlan, LaunchPlan } from './plan.ts';
import { violationsOf } from './promises.ts';
import { simulate } from './simulate.ts';

const MINUTE = 60_000;
const LAUNCHERS = 200;

/** All of them at once, as cron starts them, under the request limits of one account. */
function crowd(script: string, instances: number, maxSize: number): LaunchPlan {
  return {
    seed: 1,
    instances: Array.from({ length: instances }, () => ({
      joinsAt: 0,
      cpu: 4096,
      isFast: false,
      zone: 'a' as const,
      networkInterfaces: 4,
      lostAt: undefined,
      drainsAt: undefined,
    })),
    group: {
      maxSize,
      cpu: 4096,
      isFast: false,
      zones: ['a'],
      networkInterfaces: 4,
      bootMs: MINUTE,
      emptyUntil: 0,
      spec: 'template',
    },
    demandQueue: undefined,
    lostHosts: { code: 'none', tellsExitCodes: false },
    hasCapacityProvider: false,
    jobs: Array.from(
      { length: LAUNCHERS },
      (_, index): JobPlan => ({
        key: `job-${index}`,
        isKeyGiven: false,
        script,
        cpu: 1024,
        needs: 'nothing',
        subnets: [],
        others: [],
        before: 0,
        calls: [
          {
            at: index % 50,
            killedAfter: undefined,
            killedAt: undefined,
            cancelledAfter: undefined,
            againAfter: undefined,
            capacityTimeoutMs: 180 * MINUTE,
            timeoutMs: undefined,
            onTimeout: 'stop',
            waits: true,
            isOther: false,
            landsLateAfter: undefined,
            raisesLateAfter: undefined,
          },
        ],
      }),
    ),
    faults: [],
  };
}

test('200 launchers with room for all: each job runs once, and they stay within what ECS allows an account', async () => {
  const run = await simulate(crowd('sleep 1200; exit 7', 50, 0), await loadOneshot());
  assert.deepEqual(violationsOf(run), []);
  assert.deepEqual([...new Set(run.calls.map(({ end }) => end?.code))], [7]);
  const requests = [...run.fleet.world.requestLog.counts.values()].reduce((sum, count) => sum + count, 0);
  // In 20 minutes a launcher asks 20 times in the first 40 s, 70 times until the pace is one a minute, and a few times more.
  assert.ok(requests / LAUNCHERS < 130, `${requests / LAUNCHERS} requests each`);
  const { counts, throttled } = run.fleet.world.requestLog;
  const share = (throttled.get('ecs:DescribeTasks') ?? 0) / (counts.get('ecs:DescribeTasks') ?? 1);
  assert.ok(
    share < 0.15,
    `${share} of the looks were throttled: the agents of the account share these limits`,
  );
  const last = Math.max(...run.calls.map(({ endedAt = Infinity }) => endedAt));
  assert.ok(last - START < 24 * MINUTE, `the last of them ended after ${(last - START) / MINUTE} min`);
});

test('launchers that come one after another while an instance boots share it, and no other is launched', async () => {
  const plan = crowd('sleep 600; exit 7', 0, 40);
  const jobs = plan.jobs
    .slice(0, 4)
    .map((job, index) => ({ ...job, calls: job.calls.map((call) => ({ ...call, at: index * 12_000 })) }));
  const run = await simulate({ ...plan, jobs }, await loadOneshot());
  assert.deepEqual(violationsOf(run), []);
  assert.deepEqual([...new Set(run.calls.map(({ end }) => end?.code))], [7]);
  assert.equal(run.fleet.group.desired, 1, 'four of these jobs fit on one instance');
});

test('launchers that come one after another, each of which fills an instance, get one each', async () => {
  const plan = crowd('sleep 600; exit 7', 0, 40);
  const jobs = plan.jobs.slice(0, 4).map((job, index) => ({
    ...job,
    cpu: 4096,
    calls: job.calls.map((call) => ({ ...call, at: index * 12_000 })),
  }));
  const run = await simulate({ ...plan, jobs }, await loadOneshot());
  assert.deepEqual(violationsOf(run), []);
  assert.equal(run.fleet.group.desired, 4);
  const last = Math.max(...run.calls.map(({ endedAt = Infinity }) => endedAt));
  assert.ok(last - START < 14 * MINUTE, `the last of them ended after ${(last - START) / MINUTE} min`);
});

test('200 launchers in an empty cluster: the group grows by as much as is needed, and every job runs once', async () => {
  const run = await simulate(crowd('sleep 600; exit 7', 0, 40), await loadOneshot());
  assert.deepEqual(violationsOf(run), []);
  assert.deepEqual([...new Set(run.calls.map(({ end }) => end?.code))], [7]);
  const requests = [...run.fleet.world.requestLog.counts.values()].reduce((sum, count) => sum + count, 0);
  // Those that wait longest ask for room every 30 s.
  assert.ok(requests / LAUNCHERS < 200, `${requests / LAUNCHERS} requests each`);
  const { desired } = run.fleet.group;
  assert.ok(desired <= 40, `${desired} instances`);
  const last = Math.max(...run.calls.map(({ endedAt = Infinity }) => endedAt));
  assert.ok(last - START < 120 * MINUTE, `the last of them ended after ${(last - START) / MINUTE} min`);
});

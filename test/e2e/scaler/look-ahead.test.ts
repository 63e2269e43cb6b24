import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import {
  addFault,
  type FaultKind,
  type Fleet,
  recordMetric,
  type Sandbox,
} from '../../../src/sandbox/index.ts';
import { startScaler, startWorkers } from './scaler-process.ts';
import { waitingJobs } from './waiting-jobs.ts';

const HOUR = 3_600_000;
const WEEK = 168;
const need = {
  namespace: 'ecs-scaler',
  name: 'InstancesNeeded',
  dimensions: { Cluster: 'batch', Group: 'workers' },
};

let fleet: Fleet;
let sandbox: Sandbox;

beforeEach(async () => {
  ({ fleet, sandbox } = await startWorkers());
});
afterEach(() => sandbox.close());

const scale = (name: string, ...args: string[]) =>
  startScaler([name, '--cluster', 'batch', '--group', 'workers', '--look-ahead', ...args], sandbox).ended;

/** Of each hour until now: `needed` tells how many, by how many hours ago it was. */
function record(weeks: number, needed: (hoursAgo: number) => number): void {
  const thisHour = Math.floor(systemClock.now() / HOUR);
  for (let ago = weeks * WEEK; ago > 0; ago--)
    recordMetric(fleet.world, need, { at: (thisHour - ago) * HOUR + 60_000, value: needed(ago) });
}

/** Three are needed in this hour of each day and in the next: whichever of them it is when the instances are there. */
const atThisHour = (ago: number) => (ago % 24 === 0 || ago % 24 === 23 ? 3 : 0);

const published = () => fleet.world.metrics.get(JSON.stringify(keyParts))?.values.at(-1);
const keyParts = ['ecs-scaler', 'InstancesNeeded', Object.entries(need.dimensions)];

describe('ecs-scaler --look-ahead', { timeout: 60_000 }, () => {
  test('launches ahead of need what the hour of the week has needed, once, and publishes what is needed now', async () => {
    record(5, atThisHour);
    const first = await scale('once');
    assert.equal(first.code, 0, first.stderr);
    assert.match(first.stdout, /^launch 3 instances in eu-west-1a: ahead of need/);
    assert.equal(fleet.group.desired, 3);
    assert.equal(published()?.value, 0, 'nobody will know later that nothing was needed');
    assert.equal((await scale('once')).stdout, '', 'what boots is there for the floor');
    const { stdout } = await scale('plan');
    assert.match(
      stdout,
      /Ahead of need: 3 instances at \S+; the forecast's skill over the last week is 1\.00\./,
    );
  });

  test('holds nothing where the last week was unlike those before, and says so', async () => {
    record(5, (ago) => (ago <= WEEK ? 3 - atThisHour(ago) : atThisHour(ago)));
    fleet.addInstance({ cpu: 4096, memory: 8192 });
    const { stdout } = await scale('plan', '--empty-for', '0s');
    assert.match(
      stdout,
      /Ahead of need: nothing is held, since the forecast's skill over the last week is -/,
    );
    assert.match(stdout, /cordon i-/);
  });

  test('holds nothing before it knows three weeks', async () => {
    record(2, atThisHour);
    const { stdout } = await scale('plan');
    assert.match(stdout, /Ahead of need: 336 of 504 hours are known, so nothing is held yet/);
  });

  test('counts what tasks and waiting jobs need', async () => {
    fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), { cpu: 4096, memory: 4096 });
    const queue = waitingJobs(fleet, sandbox);
    queue.wait('nightly-1');
    await scale('once', '--demand-queue', queue.url);
    assert.equal(published()?.value, 2);
  });

  for (const [what, fault] of [
    ['is away', { what: '5xx' }],
    ['does not answer', { what: 'stall' }],
    ['does not let it', { what: 'error', name: 'AccessDeniedException' }],
    ['answers half', { what: 'truncated' }],
  ] as const satisfies readonly (readonly [string, FaultKind])[])
    test(`launches for jobs and removes nothing while CloudWatch ${what}`, async () => {
      record(5, atThisHour);
      fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), { cpu: 4096, memory: 4096 });
      const queue = waitingJobs(fleet, sandbox);
      queue.wait('nightly-1');
      addFault(fleet.world, { match: { service: 'cloudwatch' }, fault, forMs: 60_000 });
      const launching = await scale('once', '--demand-queue', queue.url);
      assert.match(launching.stdout, /^launch 1 instance in eu-west-1a: for nightly-1/);
      assert.match(launching.stderr, /what past hours have needed could not be read/);
      assert.match(launching.stderr, /what is needed could not be published/);
      assert.equal(launching.code, 0, 'the turn is taken: a floor is no reason to fail');
      fleet.addInstance({ cpu: 4096, memory: 8192 });
      const empty = await scale('plan', '--empty-for', '0s');
      assert.match(empty.stdout, /It would\n +do nothing/, 'what is held ahead of need goes');
      assert.match(empty.stdout, /empty, and kept since what past hours have needed could not be read/);
    });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Cluster, Instance, Policy } from '../../../../bench/scaling/cluster.ts';
import { HOUR, type Job, MINUTE, SECOND, type Trace } from '../../../../bench/scaling/model.ts';
import { oracle } from '../../../../bench/scaling/oracle.ts';
import { managedPolicy } from '../../../../bench/scaling/policies/managed.ts';
import { seedPolicy } from '../../../../bench/scaling/policies/seed.ts';
import { jobsOf } from '../../../../bench/scaling/read-trace.ts';
import { type Replayed, replay } from '../../../../bench/scaling/replay.ts';
import { createRandom } from '../../../simulation/random.ts';

const CPU = 4_096;

function traceOf(...jobs: readonly (readonly [submittedAt: number, runMs: number, cpu: number])[]): Trace {
  return {
    name: 'test',
    source: undefined,
    jobs: jobs.map(
      ([submittedAt, runMs, cpu], id): Job => ({ id, submittedAt, runMs, guessedMs: runMs, cpu }),
    ),
  };
}

const play = (trace: Trace, policy: Policy): Replayed =>
  replay({ trace, placement: 'binpack', bootMs: 3 * MINUTE, instanceCpu: CPU, maxSize: 10, seed: 1 }, policy);

const end = [10 * HOUR, SECOND, 1_024] as const;

describe('a replay', () => {
  test('counts the wait until an instance has registered, and the hours from the launch on', () => {
    const policy: Policy = {
      everyMs: MINUTE,
      turn: (cluster) => {
        if (cluster.now === 0) cluster.launch(1);
        if (cluster.now === 2 * HOUR) for (const instance of cluster.instances) cluster.terminate(instance);
        if (cluster.now === 10 * HOUR) cluster.launch(1);
      },
    };
    const played = play(traceOf([MINUTE, HOUR, CPU], end), policy);
    assert.deepEqual(played.waits, [2 * MINUTE, 3 * MINUTE]);
    assert.equal(played.instanceHours, 2);
    assert.equal(played.launches, 2);
    assert.equal(played.emptyHours, 1 - 3 / 60, 'it is up from minute 3, and busy for an hour');
    assert.equal(played.drainingHours, 0);
  });

  test('lets a task end on an instance that was terminated, and places none there', () => {
    let first: Instance | undefined;
    const policy: Policy = {
      everyMs: MINUTE,
      turn: (cluster) => {
        if (cluster.now === 0 || cluster.now === HOUR) cluster.launch(1);
        [first] = first ? [first] : cluster.instances;
        if (cluster.now === HOUR && first) cluster.terminate(first);
      },
    };
    const played = play(traceOf([0, 5 * HOUR, 1_024], [HOUR + SECOND, MINUTE, 1_024], end), policy);
    assert.equal(played.waits[1], 3 * MINUTE - SECOND, 'a job was placed on a draining instance');
    // From the boot until the end of the task, 5 h after its start; the other one stays.
    assert.equal(played.instanceHours, 5 + 3 / 60 + 9);
    assert.equal(played.drainingHours, 4 + 3 / 60);
  });

  test('never launches above MaxSize', () => {
    const played = play(traceOf([0, HOUR, CPU], end), {
      everyMs: HOUR,
      turn: (cluster) => cluster.launch(100),
    });
    assert.equal(played.launches, 10);
  });
});

test('the oracle packs what runs into as few instances as its CPU fills', () => {
  const trace = traceOf([0, 2 * HOUR, 3_072], [HOUR, 2 * HOUR, 3_072], end);
  assert.deepEqual(oracle(trace, CPU), { hours: 1 + 2 + 1, peak: 2 });
});

test('a job that is larger than an instance becomes several tasks', () => {
  const jobs = jobsOf([{ submit: 7, run: 60, cpus: 10 }], CPU, 1);
  assert.deepEqual(
    jobs.map(({ submittedAt, runMs, cpu }) => [submittedAt, runMs, cpu]),
    [
      [7_000, 60_000, 4_096],
      [7_000, 60_000, 4_096],
      [7_000, 60_000, 2_048],
    ],
  );
  for (const { guessedMs } of jobs) assert.ok(guessedMs >= 30_000 && guessedMs <= 120_000);
});

describe('ECS managed scaling', () => {
  const sizes = (trace: Trace, warmupMs: number, until: number) => {
    const seen = new Map<number, number>();
    const managed = managedPolicy({ warmupMs });
    const turn = (cluster: Cluster) => {
      managed.turn(cluster);
      if (cluster.now <= until) seen.set(cluster.now / MINUTE, cluster.instances.size);
    };
    play(trace, { ...managed, turn });
    return seen;
  };

  test('begins with two instances, and lets the one that is empty go after 15 points', () => {
    const seen = sizes(traceOf([30 * SECOND, 2 * HOUR, CPU], end), 5 * MINUTE, HOUR);
    assert.equal(seen.get(1), 2);
    // One is needed from the second minute on.
    assert.equal(seen.get(15), 2);
    assert.equal(seen.get(16), 1);
  });

  test('waits for the warm-up of the step before', () => {
    const trace = traceOf(
      [0, 5 * HOUR, CPU],
      [0, 5 * HOUR, CPU],
      [HOUR, 5 * HOUR, CPU],
      [HOUR + 2 * MINUTE, 5 * HOUR, CPU],
      end,
    );
    const seen = sizes(trace, 5 * MINUTE, 2 * HOUR);
    assert.equal(seen.get(60), 3);
    assert.equal(seen.get(64), 3);
    assert.equal(seen.get(65), 4);
    assert.equal(sizes(trace, 0, 2 * HOUR).get(62), 4, 'without a warm-up there is nothing to wait for');
  });
});

describe('the hourly formula', () => {
  const random = createRandom(1);

  test('takes as many as leave the reservation below its part, and launches one at a time', () => {
    const waves = Array.from({ length: 4 }, () => [0, 30 * MINUTE, CPU] as const);
    const seen: number[] = [];
    const seed = seedPolicy({ choice: 'empty', random });
    const turn = (cluster: Cluster) => {
      seed.turn(cluster);
      if (cluster.now % (30 * MINUTE) === 0) seen.push(cluster.instances.size);
    };
    const played = play(traceOf(...waves, end), { ...seed, turn });
    assert.deepEqual(
      [...played.waits.slice(0, 4)],
      [3, 6, 9, 12].map((minutes) => minutes * MINUTE),
    );
    // Of 4 instances, 62 % were reserved in the first hour: (4 − 1)·100/4·0.9 is 67.5 %. Then nothing runs, and 0 is not below 0.
    assert.deepEqual(seen.slice(0, 5), [1, 4, 3, 3, 1]);
  });
});

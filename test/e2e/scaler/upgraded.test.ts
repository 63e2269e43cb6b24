import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import type { Fleet } from '../../../src/sandbox/index.ts';
import { builtFolder, type RunningProcess } from '../program-process.ts';
import { startScaler, startWorkers } from './scaler-process.ts';
import { waitingJobs } from './waiting-jobs.ts';

const calls = (fleet: Fleet, api: string) =>
  (fleet.world.requestLog.entries ?? []).filter((entry) => entry.api === api).length;

describe('ecs-scaler run, whose package is upgraded', { timeout: 60_000 }, () => {
  test('ends with 75 once it needs a file that is gone, so that its unit starts the new version', async () => {
    const { fleet, sandbox } = await startWorkers();
    // EC2 is not asked about a group whose instances have all registered.
    fleet.runTask(fleet.addInstance({ cpu: 4096, memory: 8192 }), { cpu: 4096, memory: 4096 });
    const installed = mkdtempSync(join(tmpdir(), 'ecs-scaler-'));
    cpSync(builtFolder('scaler'), installed, { recursive: true });
    let scaler: RunningProcess | undefined;
    try {
      const jobs = waitingJobs(fleet, sandbox);
      const args = ['run', '--cluster', 'batch', '--group', 'workers', '--demand-queue', jobs.url];
      scaler = startScaler([...args, '--interval', '1s'], sandbox, {}, installed);
      while (calls(fleet, 'ecs:ListTasks') < 3) await systemClock.sleep(20);
      // The files of the new version have other names.
      rmSync(join(installed, 'chunks'), { recursive: true });
      jobs.wait('nightly-1');
      const { code, stderr } = await scaler.ended;
      assert.equal(code, 75, 'it would fail each turn for as long as an instance boots');
      assert.match(stderr, /a file of the program cannot be read: it was upgraded/);
      assert.equal(calls(fleet, 'autoscaling:LaunchInstances'), 1, 'what needs no other file is still done');
    } finally {
      scaler?.signal('SIGKILL');
      rmSync(installed, { recursive: true, force: true });
      await sandbox.close();
    }
  });
});

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { addFault } from '../../../src/sandbox/index.ts';
import {
  hit,
  requested,
  running,
  startCluster,
  started,
  startedTasks,
  startOneshot,
} from './oneshot-process.ts';

const job = ['run', '--cluster', 'batch', '--task-definition', 'job'];

async function cluster(context: TestContext) {
  const { fleet, sandbox } = await startCluster();
  context.after(() => sandbox.close());
  return {
    fleet,
    sandbox,
    launch: (...args: string[]) => startOneshot([...job, ...args], sandbox),
    assertNoneRuns: () =>
      assert.deepEqual(
        [...fleet.cluster.tasks.values()].filter(({ lastStatus }) => lastStatus !== 'STOPPED'),
        [],
        'the task was left to run',
      ),
  };
}

describe('SIGTERM', { concurrency: 4 }, () => {
  test('before RunTask: nothing is started', async (context) => {
    const { fleet, launch } = await cluster(context);
    const fault = addFault(fleet.world, {
      match: { api: 'ecs:DescribeTaskDefinition' },
      fault: { what: 'delay', ms: 300 },
    });
    const launcher = launch('--', 'sleep', '60');
    await hit(fault);
    launcher.signal('SIGTERM');
    const { code, lastLine } = await launcher.ended;
    assert.equal(code, 143, lastLine);
    assert.match(lastLine, /cancelled by SIGTERM; nothing was started/);
    assert.equal(startedTasks(fleet), 0);
  });

  test('while RunTask is on its way: its task is stopped', async (context) => {
    const { fleet, launch, assertNoneRuns } = await cluster(context);
    const fault = addFault(fleet.world, {
      match: { api: 'ecs:RunTask' },
      fault: { what: 'delay', ms: 500 },
    });
    const launcher = launch('--', 'sleep', '60');
    await hit(fault);
    launcher.signal('SIGTERM');
    const { code, lastLine } = await launcher.ended;
    assert.equal(code, 143, lastLine);
    assert.match(lastLine, /cancelled by SIGTERM, and the task was stopped/);
    assert.equal(startedTasks(fleet), 1);
    assertNoneRuns();
  });

  for (const [when, what] of [
    ["when RunTask's answer was lost", 'act-then-lose-response'],
    ['while RunTask has no answer', 'act-then-stall'],
  ] as const)
    test(`${when}: the task that it did start is found, and stopped`, async (context) => {
      const { fleet, launch, assertNoneRuns } = await cluster(context);
      const fault = addFault(fleet.world, { match: { api: 'ecs:RunTask' }, fault: { what } });
      const launcher = launch('--', 'sleep', '60');
      await hit(fault);
      launcher.signal('SIGTERM');
      const { code, lastLine } = await launcher.ended;
      assert.equal(code, 143, lastLine);
      assert.equal(startedTasks(fleet), 1);
      assertNoneRuns();
    });

  test('right after RunTask, before the task runs: it is stopped', async (context) => {
    const { fleet, launch, assertNoneRuns } = await cluster(context);
    const launcher = launch('--', 'sleep', '60');
    await started(fleet, 1);
    launcher.signal('SIGTERM');
    const { code, lastLine } = await launcher.ended;
    assert.equal(code, 143, lastLine);
    assertNoneRuns();
  });

  test('while it waits for room: nothing is left', async (context) => {
    const { fleet, launch } = await cluster(context);
    const launcher = launch('--cpu', '9000', '--', 'true');
    await requested(fleet, 'ecs:RunTask');
    launcher.signal('SIGTERM');
    const { code, lastLine } = await launcher.ended;
    assert.equal(code, 143, lastLine);
    assert.match(lastLine, /cancelled by SIGTERM; nothing was started/);
    assert.equal(startedTasks(fleet), 0);
  });

  test('while the task runs: it is stopped, and that is awaited', async (context) => {
    const { fleet, launch, assertNoneRuns } = await cluster(context);
    const launcher = launch('--', 'sleep', '60');
    await running(fleet);
    launcher.signal('SIGTERM');
    const { code, lastLine } = await launcher.ended;
    assert.equal(code, 143, lastLine);
    assert.match(lastLine, /the task was stopped; its container exited with code 143/);
    assertNoneRuns();
  });

  test('while the task runs, and StopTask fails at first: it is stopped all the same', async (context) => {
    const { fleet, launch, assertNoneRuns } = await cluster(context);
    const fault = addFault(fleet.world, {
      match: { api: 'ecs:StopTask' },
      fault: { what: 'throttle' },
      count: 2,
    });
    const launcher = launch('--', 'sleep', '60');
    await running(fleet);
    launcher.signal('SIGTERM');
    const { code, lastLine } = await launcher.ended;
    assert.equal(code, 143, lastLine);
    assert.equal(fault.hits, 2);
    assertNoneRuns();
  });

  test('twice: it leaves at once, and says that the task may still run', async (context) => {
    const { fleet, launch, sandbox } = await cluster(context);
    const launcher = launch('--key', 'stubborn', '--', 'sh', '-c', 'ignore-sigterm; sleep 60');
    await running(fleet);
    launcher.signal('SIGTERM');
    await requested(fleet, 'ecs:StopTask');
    launcher.signal('SIGTERM');
    const { code, lastLine } = await launcher.ended;
    assert.equal(code, 76, lastLine);
    assert.match(lastLine, /may still run/);
    const stop = await startOneshot(['stop', '--cluster', 'batch', '--key', 'stubborn'], sandbox).ended;
    assert.equal(stop.code, 0);
    assert.match(stop.stdout, /has STOPPED/);
  });
});

test('SIGINT, as Ctrl-C: the task is stopped, and the code is 130', async (context) => {
  const { fleet, launch, assertNoneRuns } = await cluster(context);
  const launcher = launch('--', 'sleep', '60');
  await running(fleet);
  launcher.signal('SIGINT');
  const { code, lastLine } = await launcher.ended;
  assert.equal(code, 130, lastLine);
  assertNoneRuns();
});

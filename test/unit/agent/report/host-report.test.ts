import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createHostReport } from '../../../../src/agent/report/host-report.ts';
import type { Report } from '../../../../src/agent/report/report.ts';
import type { Caller } from '../../../../src/aws/call.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import type { Operation } from '../../../../src/aws/operations.ts';
import { known, unknown } from '../../../../src/base/reading.ts';

const watching: Report = { state: 'watching', summary: '', signals: [] };
const draining: Report = { state: 'draining', summary: '', signals: ['tag'] };

describe('a call that fails', () => {
  it('is a problem from the moment a policy forbids it until it is allowed', async () => {
    const host = setUp();
    await host.fails('ecs:DescribeTasks', 'permission');
    host.passes(240_000);
    await host.fails('ecs:DescribeTasks', 'permission');
    assert.deepEqual(host.problems(draining), [
      {
        kind: 'permission',
        iamAction: 'ecs:DescribeTasks',
        why: 'ecs:DescribeTasks is forbidden (Nope: not you)',
        fix: "allow ecs:DescribeTasks in the instance's role; it takes effect within a minute, without a restart",
        since: '2027-01-15T08:00:00.000Z',
      },
    ]);
    await host.succeeds('ecs:DescribeTasks');
    assert.deepEqual(host.problems(draining), []);
  });

  for (const [kind, ms] of [
    ['transient', 60_000],
    ['throttled', 300_000],
  ] as const) {
    it(`is one after ${ms / 1_000} s where it is ${kind}, which passes by itself most of the time`, async () => {
      const host = setUp();
      await host.fails('ecs:ListTasks', kind);
      host.passes(ms - 1);
      await host.fails('ecs:ListTasks', kind);
      assert.deepEqual(host.problems(draining), []);
      host.passes(1);
      await host.fails('ecs:ListTasks', kind);
      assert.deepEqual(
        host.problems(draining).map((one) => one.kind),
        ['aws'],
      );
    });
  }

  it('is none where it failed once and was not needed again, as where only the answer was lost', async () => {
    const host = setUp();
    await host.fails('ecs:UpdateContainerInstancesState', 'transient');
    host.passes(120_000);
    const misled = 'an operator looks for a route that is there, for as long as the drain lasts';
    assert.deepEqual(host.problems(draining), [], misled);
    host.passes(86_400_000);
    await host.fails('ecs:UpdateContainerInstancesState', 'transient');
    assert.deepEqual(host.problems(draining), [], misled);
  });

  for (const kind of ['transient', 'throttled', 'rejected'] as const) {
    it(`is none any more ten minutes after the last of its tries (${kind})`, async () => {
      const host = setUp();
      await host.fails('ecs:StopTask', kind);
      host.passes(300_000);
      await host.fails('ecs:StopTask', kind);
      host.passes(599_999);
      assert.equal(host.problems(draining).length, 1);
      host.passes(1);
      assert.deepEqual(host.problems(draining), [], 'a task that was gone blocks the drain until its end');
    });
  }

  it('explains what is not known, which is then no problem of its own', async () => {
    const host = setUp();
    const asking = {
      ...draining,
      problems: [{ kind: 'unknown', why: 'the tasks are not known', fix: '' }],
    } as const;
    host.problems(asking);
    host.passes(14_999);
    assert.deepEqual(host.problems(asking), [], 'answers take a moment');
    host.passes(1);
    assert.deepEqual(
      host.problems(asking).map(({ since }) => since),
      ['2027-01-15T08:00:00.000Z'],
    );
    await host.fails('ecs:ListTasks', 'permission');
    assert.deepEqual(
      host.problems(asking).map(({ kind }) => kind),
      ['permission'],
    );
  });

  for (const kind of ['unsent', 'stopped'] as const) {
    it(`is no problem where the agent itself gave it up (${kind}): AWS is not at fault`, async () => {
      const host = setUp();
      await host.fails('autoscaling:RecordLifecycleActionHeartbeat', kind);
      host.passes(600_000);
      assert.deepEqual(host.problems(draining), []);
    });
  }

  for (const [code, fix] of [
    ['NotFromAws', /^see what proxy or firewall answers/],
    ['UnreadableProgram', /^restart the agent if it was upgraded/],
    ['TimeoutError', /^let the instance reach the ecs API: a route/],
  ] as const) {
    it(`is mended where it fails: ${code}`, async () => {
      const host = setUp();
      await host.fails('ecs:ListTasks', 'transient', 'nobody there', code);
      host.passes(60_000);
      await host.fails('ecs:ListTasks', 'transient', 'nobody there', code);
      const [problem] = host.problems(draining);
      assert.match(problem?.fix ?? '', fix, 'the operator looks in the wrong place');
    });
  }

  it('is nobody’s problem any more once its drain is over', async () => {
    const host = setUp();
    await host.fails('ecs:StopTask', 'permission');
    await host.fails('ec2:DescribeTags', 'permission');
    assert.deepEqual(
      host.problems(watching).map(({ iamAction }) => iamAction),
      ['ec2:DescribeTags'],
    );
    assert.deepEqual(
      host.problems(draining).map(({ iamAction }) => iamAction),
      ['ec2:DescribeTags'],
    );
  });

  it('is none where AWS only says that tasks still run', async () => {
    const host = setUp();
    await host.fails('ecs:DeregisterContainerInstance', 'rejected', 'Found running tasks on the instance.');
    assert.deepEqual(host.problems(draining), []);
  });
});

describe('at rest', () => {
  it('the cluster is the one that the ECS agent registered in', async () => {
    const host = setUp();
    await host.registers();
    const { instanceId, region, cluster, containerInstance } = host.complete(watching);
    assert.deepEqual([instanceId, region, cluster, containerInstance], ['i-1', 'eu-west-1', 'web', 'arn']);
    assert.equal(host.complete(draining).cluster, undefined, 'in a drain only ECS says where this host is');
  });

  it('an ECS agent that is down for a minute is a problem before a drain needs it', async () => {
    const host = setUp();
    await host.registers();
    await host.falls();
    host.passes(59_999);
    assert.deepEqual(host.problems(watching), []);
    host.passes(1);
    await host.falls();
    assert.deepEqual(
      host.problems(watching).map(({ kind, since }) => [kind, since]),
      [['ecs-agent', '2027-01-15T08:00:00.000Z']],
    );
    await host.registers();
    assert.deepEqual(host.problems(watching), []);
  });
});

function setUp() {
  let at = 0;
  const host = createHostReport(
    { instanceId: 'i-1', region: 'eu-west-1' },
    { now: () => 1_800_000_000_000 + at, monotonic: () => at, sleep: async () => {} },
  );
  let answer: () => object = () => ({});
  const call = host.watchCalls((async () => answer()) as Caller);
  let registration: () => ReturnType<Parameters<typeof host.watchEcsAgent>[0]['registration']> = async () =>
    unknown('refused');
  const ecsAgent = host.watchEcsAgent({ registration: () => registration(), tasks: async () => known([]) });
  return {
    complete: host.complete,
    problems: (report: Report) => host.complete(report).problems ?? [],
    passes: (ms: number) => {
      at += ms;
    },
    fails: async (operation: Operation, kind: AwsErrorKind, message = 'not you', code = 'Nope') => {
      answer = () => {
        throw new AwsError(operation, kind, code, `calling ${operation}: Nope: ${message}`);
      };
      await assert.rejects(call(operation, {}));
    },
    succeeds: async (operation: Operation) => {
      answer = () => ({});
      await call(operation, {});
    },
    registers: async () => {
      registration = async () => known({ cluster: 'web', containerInstanceArn: 'arn' });
      await ecsAgent.registration();
    },
    falls: async () => {
      registration = async () => unknown('refused');
      await ecsAgent.registration();
    },
  };
}

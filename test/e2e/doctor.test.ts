import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { addFault } from '../../src/sandbox/faults.ts';
import { createFleet, type Fleet, type FleetOptions } from '../../src/sandbox/fleet.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import type { MachineOptions } from '../../src/sandbox/world/machines.ts';
import type { Machine } from '../../src/sandbox/world/state.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { runCli } from './agent-process.ts';

const retaining: FleetOptions = { groupOptions: { onAbandon: 'retain' } };
const id = 'i-0123456789abcdef0';

describe('doctor', () => {
  test('finds all well, and exits 0', async (t) => {
    const host = await setUp(t, retaining);
    const { code, lines, text } = await host.doctor();
    // systemd and journald are as the machine that runs the tests has them.
    const found = lines.filter((line) => !/^\S+ +(systemd unit|journal):/.test(line));
    const own = host.machine.ecsAgent.containerInstance?.id;
    assert.deepEqual(found, [
      'ok    configuration: mode drain; signals tag, lifecycle, spot, and by hand',
      'ok    instance metadata: this is i-0123456789abcdef0 in eu-west-1',
      'ok    clock: agrees with instance metadata',
      `ok    state directory: ${host.stateDir} can be written`,
      `ok    ECS agent: registered in cluster web as ${own}`,
      'ok    credentials: AWS knows who asks: role ecs-instance-role, in eu-west-1',
      'ok    autoscaling:DescribeAutoScalingInstances: allowed',
      'ok    Auto Scaling group: in web-asg, InService',
      'ok    instance tags: instance metadata serves them; ecs-drain-agent:terminate is not set',
      'ok    ecs:DescribeContainerInstances: allowed',
      `ok    container instance: ${own} is ACTIVE`,
      'ok    ecs:ListTasks: allowed',
      'ok    ecs:DescribeTasks: allowed',
      'ok    ecs:DescribeServices: allowed',
      'ok    ecs:GetTaskProtection: allowed (asked about something that does not exist)',
      'ok    ecs:UpdateContainerInstancesState: allowed (asked about something that does not exist)',
      'ok    ecs:DeregisterContainerInstance: allowed (asked about something that does not exist)',
      'ok    target lifecycle state: instance metadata says InService',
      'ok    autoscaling:DescribeLifecycleHooks: allowed',
      'ok    lifecycle hook: drain is ours: heartbeat 1 h, 2 d at most',
      'ok    autoscaling:DescribeAutoScalingGroups: allowed',
      'ok    retention: group web-asg keeps an instance whose hook was abandoned until its tasks have ended',
      'ok    autoscaling:RecordLifecycleActionHeartbeat: allowed (asked about something that does not exist)',
      'ok    autoscaling:CompleteLifecycleAction: allowed (asked about something that does not exist)',
      'skip  autoscaling:TerminateInstanceInAutoScalingGroup: not probed: no probe of it is both harmless and telling. It is needed here, on arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:*:autoScalingGroupName/web-asg',
    ]);
    assert.match(text, /\nThe agent can work on this host(, with 1 warning)?\.\n$/);
    assert.equal(code, 0);
  });

  test('names the hooks that run, and those that others could change', async (t) => {
    const host = await setUp(t, retaining);
    const hooksDir = join(temporaryDirectory(t), 'hooks.d');
    mkdirSync(join(hooksDir, 'drained'), { recursive: true, mode: 0o755 });
    const [good, open, plain] = ['10-good', '20-open', '30-plain'].map((name) =>
      join(hooksDir, 'drained', name),
    ) as [string, string, string];
    for (const path of [good, open, plain]) writeFileSync(path, '#!/bin/sh\n');
    chmodSync(good, 0o755);
    chmodSync(open, 0o777);
    const hooksOf = (lines: readonly string[]) => lines.filter((line) => / hooks: /.test(line));
    const { code, lines } = await host.doctor(['--hooks-dir', hooksDir]);
    assert.deepEqual(hooksOf(lines), [
      'ok    hooks: drained: 10-good',
      `warn  hooks: ${plain} is not run: it is not executable; chmod +x it. Fix: make it an executable file, or remove it`,
      `warn  hooks: ${open} is not run: every user may write ${open}; chmod o-w it. Fix: let root own the whole path to it, and nobody else write it`,
    ]);
    assert.equal(code, 0);
    const holding = await host.doctor(['--hooks-dir', hooksDir, '--hook-failure', 'hold']);
    assert.match(hooksOf(holding.lines)[2] ?? '', /^FAIL/);
    assert.equal(holding.code, 1, 'the instance would be held until somebody looks');
  });

  test('--json says the same to a machine', async (t) => {
    const host = await setUp(t, { ...retaining, hooks: [] });
    const { code, text } = await host.doctor(['--json']);
    const { ok, checks } = JSON.parse(text);
    assert.equal(ok, false);
    assert.deepEqual(
      checks.filter(({ status }: { status: string }) => status === 'FAIL'),
      [
        {
          name: 'lifecycle hook',
          status: 'FAIL',
          detail:
            'group web-asg has no terminating hook: it terminates the instance without waiting for its tasks',
          fix: 'aws autoscaling put-lifecycle-hook --auto-scaling-group-name web-asg --lifecycle-hook-name ecs-drain-agent --lifecycle-transition autoscaling:EC2_INSTANCE_TERMINATING --heartbeat-timeout 3600 --default-result ABANDON',
        },
      ],
    );
    assert.equal(code, 1);
  });

  test('says what EC2 has scheduled, and whether the agent heeds it', async (t) => {
    const host = await setUp(t, retaining);
    const about = async (args: string[]) =>
      (await host.doctor(args)).lines.filter((line) => line.includes('scheduled events'));
    const heeding = ['--signals', 'lifecycle,scheduled', '--scheduled-ahead', '2d'];
    assert.deepEqual(await about([]), []);
    assert.deepEqual(await about(heeding), [
      'ok    scheduled events: EC2 has scheduled none for this instance',
    ]);
    host.fleet.scheduleEvent(host.machine, { code: 'instance-retirement', notBefore: 2_000_000_000_000 });
    const what =
      'EC2 has scheduled instance-retirement for this instance, not before 2033-05-18T03:33:20.000Z';
    assert.deepEqual(await about([]), [
      `warn  scheduled events: ${what}, with the tasks that run here then. Fix: add the signal scheduled (ECS_DRAIN_SIGNALS), or let the group replace the instance before`,
    ]);
    assert.deepEqual(await about(heeding), [`ok    scheduled events: ${what}; its drain begins 2 d before`]);
  });

  test('names the tags that would keep EC2 from serving tags in metadata', async (t) => {
    const tags = { Name: 'worker', 'cost centre': '7', 'kubernetes.io/cluster': 'x', 'team:owner': 'y' };
    const host = await setUp(t, retaining, { metadataTags: false, tags });
    const { lines } = await host.doctor();
    assert.deepEqual(
      lines.filter((line) => line.includes('tag keys')),
      [
        'warn  tag keys: EC2 refuses to serve tags in metadata while the instance has "cost centre", "kubernetes.io/cluster". Fix: rename them in the launch template and the group first: metadata serves A-Z a-z 0-9 + - = . , _ : @ only',
      ],
    );
  });

  test('says which tasks here are ignored, and which pattern matches none', async (t) => {
    const host = await setUp(t, retaining);
    host.fleet.runTask(host.machine, { family: 'cadvisor' });
    host.fleet.runTask(host.machine, { family: 'report', startedBy: 'nightly' });
    const { code, lines } = await host.doctor([
      '--ignore-tasks',
      'family:cadviser,startedBy:nightly,group:none,family:cadvisor',
    ]);
    assert.deepEqual(
      lines
        .filter((line) => line.includes('--ignore-tasks'))
        .map((line) => line.replace(/task \w{8}/, 'task x')),
      [
        'warn  --ignore-tasks family:cadviser: matches none of the 2 tasks here now. Fix: did you mean family:cadvisor?',
        'ok    --ignore-tasks startedBy:nightly: a drain does not wait for task x of family:report',
        'warn  --ignore-tasks group:none: matches none of the 2 tasks here now. Fix: compare it with what aws ecs describe-tasks shows',
        'ok    --ignore-tasks family:cadvisor: a drain does not wait for task x of family:cadvisor',
      ],
    );
    assert.equal(code, 0);
    forbid(host.fleet, 'ecs:StopTask', 'AccessDeniedException', 400);
    const without = await host.doctor(['--ignore-tasks', 'family:cadvisor', '--signals', 'lifecycle']);
    assert.equal(without.code, 1, 'without ecs:StopTask the instance is held for ever');
  });

  test('names a missing permission, tags that are off and a missing hook, each with its fix', async (t) => {
    const host = await setUp(t, { ...retaining, hooks: [] }, { metadataTags: false });
    forbid(host.fleet, 'ecs:DeregisterContainerInstance', 'AccessDeniedException', 400);
    const { code, lines, text } = await host.doctor();
    const arn = 'arn:aws:ecs:eu-west-1:111122223333';
    assert.deepEqual(
      lines.filter((line) => line.startsWith('FAIL')),
      [
        `FAIL  ecs:DeregisterContainerInstance: forbidden (AccessDeniedException: not you). Fix: allow ecs:DeregisterContainerInstance on ${arn}:cluster/web in the instance's role`,
        'FAIL  lifecycle hook: group web-asg has no terminating hook: it terminates the instance without waiting for its tasks. Fix: aws autoscaling put-lifecycle-hook --auto-scaling-group-name web-asg --lifecycle-hook-name ecs-drain-agent --lifecycle-transition autoscaling:EC2_INSTANCE_TERMINATING --heartbeat-timeout 3600 --default-result ABANDON',
      ],
    );
    const tags = lines.findIndex((line) => line.startsWith('warn  instance tags'));
    assert.deepEqual(lines.slice(tags, tags + 2), [
      'warn  instance tags: instance metadata serves no tags: the EC2 API is asked for the tag instead, at most once in 15 s. Fix: aws ec2 modify-instance-metadata-options --instance-id i-0123456789abcdef0 --instance-metadata-tags enabled; in the launch template: MetadataOptions InstanceMetadataTags=enabled. EC2 then refuses tags whose keys hold a space or a slash',
      'ok    ec2:DescribeTags: allowed',
    ]);
    assert.match(text, /\nThe agent cannot work on this host: 2 to fix, \d warnings?\.\n$/);
    assert.equal(code, 1);
  });

  // Each forbidden alone: no other line may fail for it.
  for (const [operation, name, status, resource] of [
    ['ecs:DescribeContainerInstances', 'AccessDeniedException', 400, 'ecs:*:container-instance/web/*'],
    ['ecs:ListTasks', 'AccessDeniedException', 400, 'ecs:*:container-instance/web/*'],
    ['ecs:DescribeTasks', 'AccessDeniedException', 400, 'ecs:*:task/web/*'],
    ['ecs:UpdateContainerInstancesState', 'AccessDeniedException', 400, 'ecs:*:container-instance/web/*'],
    ['ecs:StopTask', 'AccessDeniedException', 400, 'ecs:*:task/web/*'],
    ['autoscaling:DescribeAutoScalingInstances', 'AccessDenied', 403, '*'],
    ['autoscaling:DescribeLifecycleHooks', 'AccessDenied', 403, '*'],
    ['autoscaling:RecordLifecycleActionHeartbeat', 'AccessDenied', 403, 'autoscaling:*:group'],
    ['autoscaling:CompleteLifecycleAction', 'AccessDenied', 403, 'autoscaling:*:group'],
  ] as const) {
    test(`names ${operation}, alone, where it is forbidden`, async (t) => {
      const host = await setUp(t, retaining);
      forbid(host.fleet, operation, name, status);
      const { code, lines } = await host.doctor(['--on-timeout', 'stop-tasks', '--drain-timeout', '1h']);
      const on = resource
        .replace('ecs:*', 'arn:aws:ecs:eu-west-1:111122223333')
        .replace(
          'autoscaling:*:group',
          'arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:*:autoScalingGroupName/web-asg',
        );
      assert.deepEqual(
        lines.filter((line) => line.startsWith('FAIL')),
        [
          `FAIL  ${operation}: forbidden (${name}: not you). Fix: allow ${operation} on ${on} in the instance's role`,
        ],
      );
      assert.equal(code, 1);
    });
  }

  for (const [operation, name, status, lost] of [
    ['ecs:DescribeServices', 'AccessDeniedException', 400, 'a drain that waits could not say why'],
    ['ecs:GetTaskProtection', 'AccessDeniedException', 400, 'a drain that waits could not say why'],
    [
      'ecs:StopTask',
      'AccessDeniedException',
      400,
      'on a Spot instance, tasks would get no SIGTERM before an interruption',
    ],
    [
      'autoscaling:DescribeAutoScalingGroups',
      'AccessDenied',
      403,
      'a drain longer than the hook allows would not be handed over to the group',
    ],
  ] as const) {
    test(`only warns of ${operation}, which a drain can do without`, async (t) => {
      const host = await setUp(t, retaining);
      hideKind(host.fleet);
      forbid(host.fleet, operation, name, status);
      const { code, lines } = await host.doctor();
      const warning = lines.find((line) => line.startsWith(`warn  ${operation}`)) ?? '';
      assert.ok(
        warning.startsWith(`warn  ${operation}: forbidden; ${lost} (${name}: not you). Fix: allow`),
        warning,
      );
      assert.equal(code, 0);
    });
  }

  test('cannot tell whether we may drain ourselves, where only an instance with our tag may be drained', async (t) => {
    const host = await setUp(t, retaining);
    forbid(host.fleet, 'ecs:UpdateContainerInstancesState', 'AccessDeniedException', 400);
    // The sandbox's container instances have no tags: the answer of an ECS that has them.
    const { fleet } = host;
    const { call } = fleet.world;
    fleet.world.call = ((operation, input, caller) => {
      const output = call(operation, input, caller);
      const { include } = input as { include?: string[] };
      if (operation !== 'ecs:DescribeContainerInstances' || !include?.includes('TAGS')) return output;
      const [described] = (output as unknown as { containerInstances: object[] }).containerInstances;
      const value = `arn:aws:ec2:eu-west-1:111122223333:instance/${id}`;
      const tags = [{ key: 'ecs-drain-agent:instance', value }];
      return { ...output, containerInstances: [{ ...described, tags }] };
    }) as typeof call;
    const { code, lines } = await host.doctor();
    assert.ok(
      lines.includes(
        'skip  ecs:UpdateContainerInstancesState: not probed: for a container instance without the tag ecs-drain-agent:instance it is forbidden, and ours has it',
      ),
      lines.join('\n'),
    );
    assert.equal(code, 0);
  });

  test('changes nothing, not even while a lifecycle action waits and a task runs', async (t) => {
    const host = await setUp(t, { ...retaining, timings: { terminatingToWait: 0 } });
    const { fleet, machine } = host;
    const task = fleet.runTask(machine, { ignoresSigterm: true });
    fleet.scaleIn(machine);
    fleet.world.advance(systemClock.now());
    assert.equal(machine.member?.state, 'Terminating:Wait');
    const [action] = machine.member.actions;
    assert.ok(action);
    const before = { ...action, timeout: undefined };
    fleet.world.requestLog.entries?.splice(0);

    const { code } = await host.doctor(['--on-timeout', 'stop-tasks', '--drain-timeout', '1h']);
    assert.equal(code, 0);
    assert.deepEqual({ ...action, timeout: undefined }, before);
    assert.equal(machine.member.state, 'Terminating:Wait');
    assert.equal(machine.ecsAgent.containerInstance?.status, 'ACTIVE');
    assert.equal(task.desiredStatus, 'RUNNING');

    const changing = (fleet.world.requestLog.entries ?? []).filter(({ api }) =>
      /:(Update|Deregister|Stop|Record|Complete|Terminate)/.test(api),
    );
    assert.deepEqual(
      changing.map(({ api }) => api),
      [
        'ecs:UpdateContainerInstancesState',
        'ecs:DeregisterContainerInstance',
        'ecs:StopTask',
        'autoscaling:RecordLifecycleActionHeartbeat',
        'autoscaling:CompleteLifecycleAction',
      ],
    );
    const said = JSON.stringify(changing.map(({ input }) => input));
    for (const real of [
      machine.id,
      machine.ecsAgent.containerInstance.id,
      task.id,
      '"drain"',
      '"force":true',
    ]) {
      assert.ok(!said.includes(real), `a probe names ${real}, which exists: ${said}`);
    }
  });

  test('makes no call that could change something in a dry run', async (t) => {
    const host = await setUp(t, retaining);
    const { code, lines } = await host.doctor(['--dry-run']);
    const apis = (host.fleet.world.requestLog.entries ?? []).map(({ api }) => api);
    assert.deepEqual(
      apis.filter((api) => /:(Update|Deregister|Stop|Record|Complete|Terminate)/.test(api)),
      [],
    );
    assert.ok(
      lines.includes(
        'warn  configuration: a dry run drains nothing: instances go with their tasks. Fix: remove --dry-run',
      ),
    );
    assert.equal(code, 0);
  });
});

describe('doctor on a host where something is not there', () => {
  test('no instance metadata', async (t) => {
    const host = await setUp(t, retaining);
    host.machine.imds.forbidden = true;
    const { code, lines } = await host.doctor();
    const metadata = lines.find((line) => line.includes('instance metadata:')) ?? '';
    assert.match(
      metadata,
      /^FAIL {2}instance metadata: asking IMDS for meta-data\/instance-id: IMDS is switched off for this instance \(403\) \(asked at http:\/\/127\.0\.0\.1:\d+\)\. Fix: enable it on the instance \(HttpEndpoint=enabled\), and let the agent’s user reach 169\.254\.169\.254$/,
    );
    assert.ok(lines.includes('skip  AWS: not asked: without instance metadata the instance is unknown'));
    assert.equal(code, 1);
  });

  test('no credentials', async (t) => {
    const host = await setUp(t, retaining, { credentialsAfter: 1e9 });
    const { code, lines } = await host.doctor();
    const failed = lines.filter((line) => line.startsWith('FAIL'));
    assert.equal(failed.length, 1);
    assert.match(
      failed[0] ?? '',
      /^FAIL {2}credentials: calling autoscaling:\S+: CredentialsProviderError: .*\. Fix: give the instance a role, by an instance profile, and wait some seconds$/,
    );
    assert.equal(code, 1);
  });

  test('no ECS agent, and no cluster told', async (t) => {
    const host = await setUp(t, retaining, { ecsAgentAfter: 'never' });
    const { code, lines } = await host.doctor();
    const at = lines.findIndex((line) => line.includes('ECS agent:'));
    assert.match(
      lines[at] ?? '',
      /^FAIL {2}ECS agent: asking the ECS agent at http:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED \S+\. Fix: systemctl status ecs; it answers once it has registered\. --introspection-url is where it is asked$/,
    );
    assert.ok(
      lines.includes(
        'FAIL  container instance: not found in cluster default, and no other is named. Fix: start the ECS agent, or set --cluster (ECS_DRAIN_CLUSTER) to the cluster of this host',
      ),
    );
    assert.equal(code, 1);
  });

  test('no ECS agent, but the cluster is known', async (t) => {
    const host = await setUp(t, retaining);
    host.fleet.ecsAgent(host.machine, 'down');
    await host.settled();
    const { code, lines } = await host.doctor(['--cluster', 'web']);
    assert.ok(lines.includes('ok    ecs:ListContainerInstances: allowed'), lines.join('\n'));
    assert.ok(
      lines.includes(`ok    container instance: ${host.machine.ecsAgent.containerInstance?.id} is ACTIVE`),
    );
    assert.equal(code, 1, 'a drain would work, but an ECS agent that is down must be fixed');
  });

  const asRoot = {
    skip: process.getuid?.() === 0 ? false : 'only root may put another /etc in the place of this one',
  };
  test(
    'no ECS agent, but the cluster is in its configuration, where the agent looks as well',
    asRoot,
    async (t) => {
      const host = await setUp(t, retaining);
      host.fleet.ecsAgent(host.machine, 'down');
      await host.settled();
      const etc = temporaryDirectory(t);
      mkdirSync(join(etc, 'ecs'));
      writeFileSync(join(etc, 'ecs/ecs.config'), 'ECS_CLUSTER=web\n');
      const { lines } = await host.doctor([], etc);
      const own = host.machine.ecsAgent.containerInstance?.id;
      assert.ok(lines.includes(`ok    container instance: ${own} is ACTIVE`), lines.join('\n'));
    },
  );

  test('no ECS agent, and not in the cluster that is named', async (t) => {
    const host = await setUp(t, retaining, { ecsAgentAfter: 'never' });
    const { lines } = await host.doctor(['--cluster', 'web']);
    assert.deepEqual(
      lines.filter((line) => /ecs:|container instance/.test(line)),
      [
        'ok    ecs:ListContainerInstances: allowed',
        'FAIL  container instance: not found in cluster web. Fix: start the ECS agent, or set --cluster (ECS_DRAIN_CLUSTER) to the cluster of this host',
      ],
    );
  });

  test('no ECS agent, and two container instances that are this host: it cannot tell which', async (t) => {
    const host = await setUp(t, retaining);
    const before = host.machine.ecsAgent.containerInstance?.arn;
    host.fleet.ecsAgent(host.machine, 'registered-anew');
    host.fleet.ecsAgent(host.machine, 'down');
    await host.settled();
    const { code, lines } = await host.doctor(['--cluster', 'web']);
    assert.ok(
      lines.includes(
        `FAIL  container instance: 2 of cluster web are this host: ${before}, ${host.machine.ecsAgent.containerInstance?.arn}. Fix: start the ECS agent, which knows the one it is now, and deregister those that it is no more`,
      ),
      lines.join('\n'),
    );
    assert.equal(code, 1);
  });

  test('no answer from ECS: the other calls to it are not made', async (t) => {
    const host = await setUp(t, retaining);
    addFault(host.fleet.world, { match: { service: 'ecs' }, fault: { what: 'reset' }, forMs: 600_000 });
    const { code, lines } = await host.doctor();
    const [first, second] = lines.filter((line) => / ecs:/.test(line));
    assert.match(
      first ?? '',
      /^FAIL {2}ecs:DescribeContainerInstances: TimeoutError: .*\. Fix: let the instance reach the ecs API in eu-west-1: a route and a security group, or a VPC endpoint$/,
    );
    assert.equal(second, 'skip  ecs:ListTasks: not asked: the service did not answer');
    const asked = (host.fleet.world.requestLog.entries ?? []).filter(({ api }) => api.startsWith('ecs:'));
    assert.equal(asked.length, 2, 'one call, with one retry');
    assert.equal(code, 1);
  });

  test('an answer that says neither yes nor no', async (t) => {
    const host = await setUp(t, retaining);
    hideKind(host.fleet);
    for (const api of ['ecs:ListTasks', 'ecs:StopTask', 'autoscaling:CompleteLifecycleAction'])
      addFault(host.fleet.world, { match: { api }, fault: { what: 'garbage' }, forMs: 600_000 });
    const { code, lines } = await host.doctor();
    const unclear = lines.filter((line) => line.includes('neither yes nor no'));
    assert.deepEqual(
      unclear.map((line) => line.replace(/ \(.*?\)\. Fix: .*/, '')),
      [
        'FAIL  ecs:ListTasks: not known: what came back says neither yes nor no',
        'warn  ecs:StopTask: not known: what came back says neither yes nor no',
        'warn  autoscaling:CompleteLifecycleAction: not known: what came back says neither yes nor no',
      ],
    );
    assert.equal(code, 1);
  });

  test('a container instance that ECS has let go of', async (t) => {
    const host = await setUp(t, retaining);
    const { containerInstance } = host.machine.ecsAgent;
    assert.ok(containerInstance);
    host.fleet.world.call('ecs:DeregisterContainerInstance', {
      cluster: 'web',
      containerInstance: containerInstance.arn,
    });
    const { code, lines } = await host.doctor();
    assert.ok(
      lines.includes(
        `FAIL  container instance: ${containerInstance.id} is INACTIVE: no task can be placed here. Fix: let the ECS agent register anew: stop it, remove /var/lib/ecs/data/*, start it`,
      ),
      lines.join('\n'),
    );
    assert.equal(code, 1);
  });

  test('a state directory that cannot be written, and the state of another instance', async (t) => {
    const host = await setUp(t, retaining);
    const file = join(host.stateDir, 'a-file');
    writeFileSync(file, '');
    const inFile = await host.doctor(['--state-dir', join(file, 'state')]);
    assert.match(
      inFile.lines.find((line) => line.includes('state directory')) ?? '',
      /^FAIL {2}state directory: \S+ cannot be written: E\w+.*\. Fix: run this as root or as the agent’s user; make the directory writable for it, or set --state-dir \(ECS_DRAIN_STATE_DIR\)$/,
    );
    assert.equal(inFile.code, 1);

    const state = { version: 1, instanceId: 'i-0fedcba9876543210', savedAt: 1, memory: {} };
    writeFileSync(join(host.stateDir, 'state.json'), JSON.stringify(state));
    const other = await host.doctor();
    assert.ok(
      other.lines.includes(
        `warn  state directory: ${host.stateDir} holds the state of another instance, i-0fedcba9876543210. Fix: remove ${host.stateDir}/state.json*; an image must be baked without it`,
      ),
      other.lines.join('\n'),
    );
    assert.equal(other.code, 0);

    writeFileSync(join(host.stateDir, 'drain-requested'), 'i-0fedcba9876543210\n');
    const { lines } = await host.doctor();
    assert.ok(
      lines.includes(
        `warn  state directory: ${host.stateDir} holds a request to drain that was made on another instance, i-0fedcba9876543210: it does not count here. Fix: run \`ecs-drain-agent drain --cancel\`; an image must be baked without it`,
      ),
      lines.join('\n'),
    );
  });
});

describe('doctor and the lifecycle hook', () => {
  const hookLine = async (t: TestContext, hooks: string[], args: string[] = []) => {
    const host = await setUp(t, { ...retaining, hooks: hooks.map((name) => ({ name })) });
    const { code, lines } = await host.doctor(args);
    return `${code} ${lines.find((line) => line.includes('lifecycle hook:'))}`;
  };

  test('several, and nothing says which', async (t) => {
    assert.equal(
      await hookLine(t, ['drain', 'backup']),
      '1 FAIL  lifecycle hook: group web-asg has several terminating hooks (drain, backup), and nothing says which is ours. Fix: set --lifecycle-hook (ECS_DRAIN_LIFECYCLE_HOOK) to one of them',
    );
  });

  test('several, and the option says which', async (t) => {
    assert.equal(
      await hookLine(t, ['drain', 'backup'], ['--lifecycle-hook', 'backup']),
      '0 ok    lifecycle hook: backup is ours: heartbeat 1 h, 2 d at most',
    );
  });

  test('the one named is not there', async (t) => {
    assert.match(
      await hookLine(t, ['drain'], ['--lifecycle-hook', 'drane']),
      /^1 FAIL {2}lifecycle hook: group web-asg has no terminating hook drane; it has drain\. Fix: correct --lifecycle-hook/,
    );
  });

  test('only the one of ECS managed draining', async (t) => {
    assert.match(
      await hookLine(t, ['ecs-managed-draining-termination-hook']),
      /^1 FAIL {2}lifecycle hook: group web-asg has no terminating hook but the one of ECS managed draining, which is never ours: /,
    );
  });

  test('one whose time-outs are short, and that ends with CONTINUE', async (t) => {
    const host = await setUp(t, {
      ...retaining,
      hooks: [{ name: 'drain', heartbeatTimeout: 300, defaultResult: 'CONTINUE' }],
    });
    const { code, lines } = await host.doctor();
    const put =
      'aws autoscaling put-lifecycle-hook --auto-scaling-group-name web-asg --lifecycle-hook-name drain --lifecycle-transition autoscaling:EC2_INSTANCE_TERMINATING --heartbeat-timeout 3600 --default-result ABANDON';
    assert.ok(
      lines.includes(
        `warn  heartbeat timeout: 5 min allows the hook to wait 8 h 20 min in all, less than the 48 h that Auto Scaling could. Fix: ${put}`,
      ),
      lines.join('\n'),
    );
    assert.ok(
      lines.includes(
        `warn  retention: group web-asg keeps abandoned instances, but hook drain ends with CONTINUE when it times out, which abandons nothing. Fix: ${put}`,
      ),
    );
    assert.equal(code, 0);
  });

  test('a group that does not retain', async (t) => {
    const host = await setUp(t, {});
    const { code, lines } = await host.doctor();
    assert.ok(
      lines.includes(
        `warn  retention: group web-asg does not keep an instance whose hook was abandoned: tasks that outlast the hook are lost, and so are all if the agent is gone. Fix: aws autoscaling update-auto-scaling-group --auto-scaling-group-name web-asg --instance-lifecycle-policy '{"RetentionTriggers":{"TerminateHookAbandon":"retain"}}'`,
      ),
      lines.join('\n'),
    );
    assert.equal(code, 0);
  });

  test('an instance in no group', async (t) => {
    const host = await setUp(t, retaining, { group: undefined });
    const { code, lines } = await host.doctor();
    assert.ok(
      lines.includes(
        'ok    Auto Scaling group: in none: a drain ends when the instance is out of its cluster',
      ),
    );
    assert.deepEqual(
      lines.filter((line) => line.includes('lifecycle hook')),
      [],
    );
    assert.equal(code, 0);
  });
});

async function setUp(t: TestContext, options: FleetOptions, machineOptions: Partial<MachineOptions> = {}) {
  const fleet = createFleet({ clock: systemClock, ...options });
  const machine = fleet.addInstance({ instanceId: id, ...machineOptions });
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  t.after(() => sandbox.close());
  const stateDir = temporaryDirectory(t);
  return {
    fleet,
    machine,
    stateDir,
    settled: () => sandbox.settled(),
    /** @param etc a directory in the place of /etc */
    doctor: async (args: readonly string[] = [], etc?: string) => {
      const environment = { ECS_DRAIN_STATE_DIR: stateDir, HOME: '/nonexistent', ...sandbox.environment(id) };
      const within = etc
        ? ['unshare', '--mount', 'sh', '-ec', `mount --bind ${etc} /etc; exec "$@"`, 'sh']
        : [];
      const { code, stdout, stderr } = await runCli(['doctor', ...args], environment, within);
      assert.equal(stderr, '');
      return { code, text: stdout, lines: stdout.split('\n').slice(0, -2) };
    },
  } satisfies Record<string, unknown> & { fleet: Fleet; machine: Machine };
}

/** Metadata does not say whether it is a Spot instance. */
function hideKind(fleet: Fleet): void {
  addFault(fleet.world, {
    match: { service: 'imds', path: 'instance-life-cycle' },
    fault: { what: 'error', name: 'Not Found', status: 404 },
    forMs: 600_000,
  });
}

function forbid(fleet: Fleet, api: string, name: string, status: number): void {
  addFault(fleet.world, {
    match: { api },
    fault: { what: 'error', name, status, message: 'not you' },
    forMs: 600_000,
  });
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { reregister } from '../../../src/sandbox/world/ecs-agent.ts';
import type { Machine } from '../../../src/sandbox/world/state.ts';
import { START } from '../../support/virtual-clock.ts';
import { deregister, instanceOf } from './calls.ts';

const ttl = 'x-aws-ec2-metadata-token-ttl-seconds';
const folder = '/latest/meta-data';

function scene(options: Parameters<ReturnType<typeof createFleet>['addInstance']>[0] = {}) {
  const fleet = createFleet({ now: START });
  const machine = fleet.addInstance(options);
  const put = (headers: Record<string, string>) =>
    fleet.world.imds(machine.id, { method: 'PUT', path: '/latest/api/token', headers });
  const token = put({ [ttl]: '60' })?.body ?? '';
  const get = (path: string, withToken = token) =>
    fleet.world.imds(machine.id, {
      method: 'GET',
      path,
      headers: withToken === '' ? {} : { 'x-aws-ec2-metadata-token': withToken },
    });
  return { fleet, machine, put, get, token };
}

describe('the metadata service', () => {
  for (const [what, headers, status] of [
    ['the shortest time', { [ttl]: '1' }, 200],
    ['the longest time', { [ttl]: '21600' }, 200],
    ['no time', {}, 400],
    ['0 s', { [ttl]: '0' }, 400],
    ['more than 6 h', { [ttl]: '21601' }, 400],
    ['a forwarded request', { [ttl]: '60', 'x-forwarded-for': '10.0.0.1' }, 403],
  ] as const) {
    test(`asked for a token for ${what} answers ${status}`, () => {
      assert.equal(scene().put(headers)?.status, status);
    });
  }

  test('tokens expire, and without one there is nothing', () => {
    const { fleet, machine, get } = scene();
    assert.deepEqual(get(`${folder}/instance-id`), { status: 200, body: machine.id });
    assert.equal(get(`${folder}/instance-id`, '')?.status, 401);
    assert.equal(get(`${folder}/instance-id`, 'another')?.status, 401);
    fleet.pass(60_000);
    assert.equal(get(`${folder}/instance-id`)?.status, 401);
  });

  test('tells who and where the instance is', () => {
    const { machine, get } = scene();
    assert.equal(get(`${folder}/placement/region`)?.body, 'eu-west-1');
    assert.equal(get(`${folder}/placement/availability-zone`)?.body, 'eu-west-1a');
    const { instanceId, region, accountId } = JSON.parse(
      get('/latest/dynamic/instance-identity/document')?.body ?? '',
    );
    assert.deepEqual([instanceId, region, accountId], [machine.id, 'eu-west-1', '111122223333']);
  });

  test('serves tags only when it is told to, and what changes at once', () => {
    const { fleet, machine, get } = scene({ group: undefined, metadataTags: false, tags: { 'a:b': 'c' } });
    assert.equal(get(`${folder}/tags/instance`)?.status, 404);
    assert.equal(get(`${folder}/tags/instance/a:b`)?.status, 404);
    machine.imds.tags = true;
    assert.deepEqual(get(`${folder}/tags/instance/a:b`), { status: 200, body: 'c' });
    fleet.putTag(machine, 'd', '');
    assert.deepEqual(get(`${folder}/tags/instance`), { status: 200, body: 'a:b\nd' });
    assert.deepEqual(get(`${folder}/tags/instance/d`), { status: 200, body: '' });
    fleet.removeTag(machine, 'a:b');
    assert.equal(get(`${folder}/tags/instance/a%3Ab`)?.status, 404);
  });

  test('shows the tag by which a group marks its instances', () => {
    const { get } = scene();
    assert.equal(get(`${folder}/tags/instance`)?.body, 'aws:autoscaling:groupName');
    assert.equal(get(`${folder}/tags/instance/aws:autoscaling:groupName`)?.body, 'web-asg');
  });

  test('has no lifecycle state outside a group', () => {
    assert.equal(
      scene({ group: undefined }).get(`${folder}/autoscaling/target-lifecycle-state`)?.status,
      404,
    );
    assert.equal(scene().get(`${folder}/autoscaling/target-lifecycle-state`)?.body, 'InService');
  });

  test('announces a Spot interruption two minutes ahead, and a rebalance recommendation', () => {
    const { fleet, machine, get } = scene();
    assert.equal(get(`${folder}/spot/instance-action`)?.status, 404);
    assert.equal(get(`${folder}/events/recommendations/rebalance`)?.status, 404);
    fleet.interruptSpot(machine);
    fleet.recommendRebalance(machine);
    assert.equal(
      get(`${folder}/spot/instance-action`)?.body,
      '{"action":"terminate","time":"2026-01-02T03:06:05Z"}',
    );
    assert.equal(
      get(`${folder}/events/recommendations/rebalance`)?.body,
      '{"noticeTime":"2026-01-02T03:04:05Z"}',
    );
    fleet.pass(119_999);
    assert.equal(machine.state, 'running');
    fleet.pass(1);
    assert.equal(machine.state, 'shutting-down');
  });

  test('announces what EC2 has scheduled, in the form and with the times of the user guide', () => {
    const { fleet, machine, get } = scene();
    const scheduled = () => get(`${folder}/events/maintenance/scheduled`)?.body;
    assert.equal(scheduled(), '[]');
    const id = fleet.scheduleEvent(machine, { code: 'system-reboot', notBefore: START + 3_600_000 });
    assert.deepEqual(JSON.parse(scheduled() ?? ''), [
      {
        NotBefore: '2 Jan 2026 04:04:05 GMT',
        Code: 'system-reboot',
        Description: 'scheduled reboot',
        EventId: id,
        NotAfter: '2 Jan 2026 06:04:05 GMT',
        State: 'active',
      },
    ]);
    fleet.unscheduleEvent(machine, id);
    assert.equal(scheduled(), '[]');
    fleet.pass(7_200_000);
    assert.equal(machine.boots, 1);
    fleet.scheduleEvent(machine, { code: 'instance-retirement' });
    fleet.pass(14 * 86_400_000);
    assert.equal(machine.state, 'shutting-down');
  });

  test('lists what is in a folder, with a slash at the end or without', () => {
    const { get } = scene({ tags: { Name: 'worker' } });
    assert.equal(get('/latest')?.body, 'dynamic/\nmeta-data/');
    assert.equal(get('/latest/')?.body, 'dynamic/\nmeta-data/');
    assert.equal(get(`${folder}/placement/`)?.body, 'availability-zone\nregion');
    assert.equal(get(`${folder}/placement/availability-zone/`)?.body, 'eu-west-1a');
    assert.equal(get(`${folder}/iam/`)?.body, 'info\nsecurity-credentials/');
    assert.equal(get(`${folder}/tags/`)?.body, 'instance/');
    assert.match(get(`${folder}/`)?.body ?? '', /^ami-id\nautoscaling\/\nevents\/\nhostname\n/);
    assert.equal(get(`${folder}/spot/`)?.status, 404);
    assert.equal(get(`${folder}/nothing/`)?.status, 404);
  });

  test('says with a token for how long it is valid: the SDK for Go takes none without that', () => {
    assert.deepEqual(scene().put({ [ttl]: '60' })?.headers, { [ttl]: '60' });
  });

  test('has no credentials in the first seconds', () => {
    const { fleet, get } = scene({ credentialsAfter: 5000 });
    assert.equal(get(`${folder}/iam/security-credentials/`)?.status, 404);
    fleet.pass(5000);
    assert.equal(get(`${folder}/iam/security-credentials/`)?.body, 'ecs-instance-role');
    const { AccessKeyId, Expiration } = JSON.parse(
      get(`${folder}/iam/security-credentials/ecs-instance-role`)?.body ?? '',
    );
    assert.deepEqual([AccessKeyId, Expiration], ['ASIASANDBOX000000001', '2026-01-02T09:04:10Z']);
  });

  test('refuses before it has started, and after the machine has gone', () => {
    const { fleet, machine, put } = scene({ imdsAfter: 3000 });
    assert.equal(put({ [ttl]: '60' }), undefined);
    fleet.pass(3000);
    assert.equal(put({ [ttl]: '60' })?.status, 200);
    fleet.terminate(machine, 'a test');
    assert.equal(put({ [ttl]: '60' }), undefined);
  });

  test('answers 403 where it is switched off', () => {
    const { machine, put, get } = scene();
    machine.imds.forbidden = true;
    assert.equal(put({ [ttl]: '60' })?.status, 403);
    assert.equal(get(`${folder}/instance-id`)?.status, 403);
  });
});

describe('the ECS agent', () => {
  test('registers a host no earlier than it has before: which came last is told by that time', () => {
    const { fleet, machine } = scene();
    const before = machine.ecsAgent.containerInstance?.registeredAt ?? Infinity;
    assert.ok(reregister(fleet.world, machine).registeredAt > before);
  });

  const ask = (fleet: ReturnType<typeof createFleet>, machine: Machine, path: string) => {
    const answer = fleet.world.introspection(machine.id, path);
    return answer && JSON.parse(answer.body);
  };

  test('refuses until it has registered', () => {
    const fleet = createFleet({ now: START });
    const machine = fleet.addInstance({ ecsAgentAfter: 2000 });
    assert.equal(fleet.world.introspection(machine.id, '/v1/metadata'), undefined);
    fleet.pass(2000);
    assert.deepEqual(ask(fleet, machine, '/v1/metadata'), {
      Cluster: 'web',
      ContainerInstanceArn: instanceOf(machine).arn,
      Version: 'Amazon ECS Agent - v1.102.0 (sandbox)',
    });
  });

  test('lists tasks, those that have stopped too', () => {
    const fleet = createFleet({ now: START });
    const machine = fleet.addInstance();
    const runs = fleet.runTask(machine, { family: 'site' });
    const ended = fleet.runTask(machine);
    fleet.endTask(ended);
    fleet.pass(2 * 3_600_000);
    const listed = ask(fleet, machine, '/v1/tasks').Tasks as Record<string, unknown>[];
    assert.deepEqual(
      listed.map(({ Arn, Family, KnownStatus, DesiredStatus }) => ({
        Arn,
        Family,
        KnownStatus,
        DesiredStatus,
      })),
      [
        { Arn: runs.arn, Family: 'site', KnownStatus: 'RUNNING', DesiredStatus: 'RUNNING' },
        { Arn: ended.arn, Family: 'batch', KnownStatus: 'STOPPED', DesiredStatus: 'STOPPED' },
      ],
    );
  });

  test('lists a task once ECS has sent it, which is when it is PENDING and the ECS agent is up', () => {
    const fleet = createFleet({ now: START, timings: { provisioning: 3_000, pending: 60_000 } });
    const machine = fleet.addInstance();
    const listed = () => ask(fleet, machine, '/v1/tasks').Tasks.map(({ Arn }: { Arn: string }) => Arn);
    const task = fleet.runTask(machine, { running: false });
    fleet.pass(2_000);
    assert.deepEqual(listed(), [], 'ECS still makes ready what it needs');
    fleet.ecsAgent(machine, 'down');
    fleet.pass(2_000);
    fleet.ecsAgent(machine, 'up');
    assert.deepEqual([task.lastStatus, ...listed()], ['PENDING', task.arn]);
    const other = fleet.runTask(machine, { running: false });
    fleet.ecsAgent(machine, 'down');
    fleet.pass(4_000);
    fleet.ecsAgent(machine, 'registered-anew');
    assert.equal(other.lastStatus, 'PENDING');
    assert.deepEqual(listed(), [], 'what was sent to what it was before is not its own');
  });

  test('keeps its ARN after the instance was deregistered, and restarted then stays down', () => {
    const fleet = createFleet({ now: START });
    const machine = fleet.addInstance();
    const { arn } = instanceOf(machine);
    deregister(fleet, machine);
    assert.equal(ask(fleet, machine, '/v1/metadata').ContainerInstanceArn, arn);
    fleet.ecsAgent(machine, 'down');
    fleet.ecsAgent(machine, 'up');
    assert.equal(fleet.world.introspection(machine.id, '/v1/metadata'), undefined);
    fleet.ecsAgent(machine, 'registered-anew');
    assert.notEqual(ask(fleet, machine, '/v1/metadata').ContainerInstanceArn, arn);
  });

  test('answers an unknown path with a list of commands, and an unknown task with 404', () => {
    const fleet = createFleet({ now: START });
    const machine = fleet.addInstance();
    const commands = { AvailableCommands: ['/v1/metadata', '/v1/tasks', '/license'] };
    assert.deepEqual(ask(fleet, machine, '/'), commands);
    assert.deepEqual(ask(fleet, machine, '/v2/tasks'), commands);
    assert.equal(fleet.world.introspection(machine.id, '/v2/tasks')?.status, 200);
    const unknown = '/v1/tasks?taskarn=arn:aws:ecs:eu-west-1:111122223333:task/web/none';
    assert.equal(fleet.world.introspection(machine.id, unknown)?.status, 404);
    assert.equal(ask(fleet, machine, unknown).Arn, '');
  });

  test('can lie stale', () => {
    const fleet = createFleet({ now: START });
    const machine = fleet.addInstance();
    const task = fleet.runTask(machine);
    fleet.ecsAgent(machine, 'frozen');
    fleet.endTask(task);
    fleet.pass(10_000);
    assert.equal(ask(fleet, machine, '/v1/tasks').Tasks[0].KnownStatus, 'RUNNING');
    fleet.ecsAgent(machine, 'thawed');
    assert.equal(ask(fleet, machine, '/v1/tasks').Tasks[0].KnownStatus, 'STOPPED');
  });
});

test('a reboot ends every container, and ECS hears of it when its agent is back', () => {
  const fleet = createFleet({ now: START });
  const machine = fleet.addInstance();
  const task = fleet.runTask(machine);
  fleet.reboot(machine, 20_000);
  assert.equal(task.containersRunning, false);
  fleet.pass(19_999);
  assert.equal(task.lastStatus, 'RUNNING');
  fleet.pass(2000);
  assert.deepEqual([task.lastStatus, task.containers[0]?.exitCode], ['STOPPED', 137]);
});

test('a reboot in the middle of a first start begins it anew: it registers once, and not before it is up', () => {
  const fleet = createFleet({ now: START });
  const machine = fleet.addInstance({ imdsAfter: 4_000, ecsAgentAfter: 12_000 });
  fleet.reboot(machine, 8_000);
  fleet.pass(7_999);
  assert.equal(fleet.world.introspection(machine.id, '/v1/metadata'), undefined);
  assert.equal(machine.imds.started, false);
  fleet.pass(1);
  const { arn } = instanceOf(machine);
  assert.equal(machine.imds.started, true);
  fleet.pass(60_000);
  assert.equal(instanceOf(machine).arn, arn);
  assert.equal(fleet.cluster.containerInstances.size, 1);
});

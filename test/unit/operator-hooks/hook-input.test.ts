import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { hookEnvironment, hookInput } from '../../../src/operator-hooks/hook-input.ts';

const facts = {
  instanceId: 'i-1',
  region: 'eu-west-1',
  cluster: 'web',
  containerInstance: 'arn:x',
  group: 'web-asg',
  lifecycleState: 'Terminating:Wait',
  signals: ['tag', 'spot'],
  tasksLeft: 0,
  signalledAt: '2026-01-02T03:04:05.000Z',
  waitedSeconds: 12,
};
const agents = {
  PATH: '/bin',
  HOME: '/var/lib/ecs-drain-agent',
  TMPDIR: '/run/ecs-drain-agent',
  CREDENTIALS_DIRECTORY: '/run/credentials',
  AWS_SECRET_ACCESS_KEY: 'secret',
  NOTIFY_SOCKET: '/run/notify',
};

it('tells a hook everything, and nothing else of what the agent knows', () =>
  assert.deepEqual(hookEnvironment('drained', facts, 2, agents), {
    PATH: '/bin',
    HOME: '/var/lib/ecs-drain-agent',
    LANG: 'C.UTF-8',
    TMPDIR: '/run/ecs-drain-agent',
    CREDENTIALS_DIRECTORY: '/run/credentials',
    AWS_REGION: 'eu-west-1',
    ECS_DRAIN_HOOK_STAGE: 'drained',
    ECS_DRAIN_HOOK_ATTEMPT: '2',
    ECS_DRAIN_HOOK_INSTANCE_ID: 'i-1',
    ECS_DRAIN_HOOK_REGION: 'eu-west-1',
    ECS_DRAIN_HOOK_CLUSTER: 'web',
    ECS_DRAIN_HOOK_CONTAINER_INSTANCE: 'arn:x',
    ECS_DRAIN_HOOK_GROUP: 'web-asg',
    ECS_DRAIN_HOOK_LIFECYCLE_STATE: 'Terminating:Wait',
    ECS_DRAIN_HOOK_SIGNALS: 'tag,spot',
    ECS_DRAIN_HOOK_SIGNALLED_AT: '2026-01-02T03:04:05.000Z',
    ECS_DRAIN_HOOK_TASKS_LEFT: '0',
    ECS_DRAIN_HOOK_WAITED_SECONDS: '12',
  }));

it('says what is not known by an empty text, or null', () => {
  const little = { instanceId: 'i-1', region: 'eu-west-1', signals: [] };
  const environment = hookEnvironment('draining', little, 1, {});
  assert.equal(environment.ECS_DRAIN_HOOK_GROUP, '');
  assert.equal(environment.ECS_DRAIN_HOOK_TASKS_LEFT, '');
  assert.equal(environment.PATH, '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  assert.equal(
    hookInput('draining', little, 1),
    '{"stage":"draining","attempt":1,"instanceId":"i-1","region":"eu-west-1","cluster":null,' +
      '"containerInstance":null,"group":null,"lifecycleState":null,"signals":[],"signalledAt":null,' +
      '"tasksLeft":null,"waitedSeconds":null}\n',
  );
});

it('docs/hooks.md lists every name', () => {
  const page = readFileSync(new URL('../../../docs/hooks.md', import.meta.url), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('| `'));
  const listed = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(listed.sort(), Object.keys(hookEnvironment('drained', facts, 2, agents)).sort());
});

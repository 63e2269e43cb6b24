import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLook, type Look } from '../../../../src/agent/observe/ecs-view.ts';
import type { Ecs, Task } from '../../../../src/aws/ecs.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';
import { ifKnown, known, type Reading, unknown } from '../../../../src/base/reading.ts';

const task = (arn: string, lastStatus = 'RUNNING'): Task => ({
  arn,
  group: 'family:batch',
  lastStatus,
  desiredStatus: 'RUNNING',
});

type Scene = {
  /** What the ECS agent says that this host is; silent where undefined. */
  readonly says?: string;
  readonly remembered?: string;
  readonly cluster?: string;
  readonly listsWhileActive?: boolean;
  /** Container instances of this host, by ARN, with their status. */
  readonly instances?: Record<string, string>;
  readonly elsewhere?: readonly string[];
  readonly tasks?: readonly Task[];
  readonly refuses?: Partial<Record<keyof Ecs, AwsErrorKind>>;
};

function setUp(scene: Scene) {
  const asked: string[] = [];
  const answer = async <T>(call: keyof Ecs, what: string, value: T): Promise<T> => {
    asked.push(`${call} ${what}`.trim());
    const kind = scene.refuses?.[call];
    if (kind) throw new AwsError('ecs:ListTasks', kind, 'Refused', 'it was refused');
    return value;
  };
  const never = async () => assert.fail('a look changes nothing');
  const ecs: Ecs = {
    find: (cluster) =>
      answer(
        'find',
        cluster,
        Object.entries(scene.instances ?? {}).flatMap(([arn, status]) =>
          status === 'INACTIVE' ? [] : [arn],
        ),
      ),
    describe: (_, arn) => {
      const status = scene.instances?.[arn];
      const ec2InstanceId = scene.elsewhere?.includes(arn) ? 'i-other' : 'i-own';
      return answer(
        'describe',
        arn,
        status === undefined ? { kind: 'missing' } : { kind: 'found', status, ec2InstanceId },
      );
    },
    listTasks: (_, arn) =>
      answer('listTasks', arn, { arns: (scene.tasks ?? []).map((one) => one.arn), requests: 2 }),
    describeTasks: (_, arns) =>
      answer(
        'describeTasks',
        arns.join(),
        (scene.tasks ?? []).filter((one) => arns.includes(one.arn)),
      ),
    setStatus: never,
    deregister: never,
    stopTask: never,
  };
  const registered = (arn: string) => ({ cluster: 'web', containerInstanceArn: arn });
  const look = createLook({
    ecs,
    ecsAgent: {
      registration: async () =>
        scene.says === undefined ? unknown('it is silent') : known(registered(scene.says)),
      tasks: async () => unknown('not asked here'),
    },
    instanceId: 'i-own',
    listsWhileActive: scene.listsWhileActive ?? false,
    cluster: scene.cluster,
    lastRegistration: () => (scene.remembered === undefined ? undefined : registered(scene.remembered)),
  });
  return { look, asked };
}

const full = (scene: Scene, alsoAsk?: readonly string[]) => setUp(scene).look('full', undefined, alsoAsk);
const draining = (arn: string, tasks: readonly Task[]): Look => ({
  containerInstance: { kind: 'registered', cluster: 'web', arn, status: 'DRAINING' },
  tasks: known(tasks),
  requests: 2,
  isRemembered: false,
});
const instanceIn = (reading: Reading<Look>) => ifKnown(reading)?.containerInstance;
const tasksIn = (reading: Reading<Look>) => {
  const tasks = ifKnown(reading)?.tasks;
  return tasks?.kind === 'known' ? tasks.value.map(({ arn }) => arn) : tasks?.kind;
};

describe('a look at ECS', () => {
  it('lists the tasks of a DRAINING container instance, and leaves out those that are STOPPED', async () => {
    const seen = await full({
      says: 'a',
      instances: { a: 'DRAINING' },
      tasks: [task('1'), task('2', 'STOPPED'), task('3', 'DEPROVISIONING')],
    });
    assert.deepEqual(tasksIn(seen), ['1', '3']);
  });

  it('does not list those of an ACTIVE one, to which more can come', async () => {
    const scene = { says: 'a', instances: { a: 'ACTIVE' }, tasks: [task('1')] };
    assert.equal(tasksIn(await full(scene)), 'unknown');
    assert.deepEqual(tasksIn(await full({ ...scene, listsWhileActive: true })), ['1']);
  });

  it('takes one that runs on another host for unknown', async () => {
    const seen = await full({ says: 'a', instances: { a: 'ACTIVE' }, elsewhere: ['a'] });
    assert.match(seen.kind === 'unknown' ? seen.cause : '', /runs on i-other/);
  });

  it('asks after the tasks that are named to it, whatever is listed', async () => {
    const { look, asked } = setUp({ says: 'a', instances: { a: 'INACTIVE' }, tasks: [task('1')] });
    assert.deepEqual(tasksIn(await look('full', draining('a', [task('1')]), ['9'])), ['1']);
    assert.deepEqual(asked, ['describe a', 'describeTasks 1,9']);
  });

  it('believes that there is none the second time only', async () => {
    const { look } = setUp({ cluster: 'web' });
    assert.equal((await look('full', undefined)).kind, 'unknown');
    assert.equal(instanceIn(await look('full', undefined))?.kind, 'never-registered');
  });

  it('believes nothing of a cluster that nobody named', async () => {
    const seen = await full({});
    assert.match(seen.kind === 'unknown' ? seen.cause : '', /set --cluster/);
  });
});

describe('once ECS has let go of the container instance, a look', () => {
  const gone: Scene = { says: 'a', instances: { a: 'INACTIVE' }, tasks: [task('late')] };

  it('lists what was placed on it last, where nothing else says what was left', async () => {
    assert.deepEqual(tasksIn(await full(gone)), ['late']);
  });

  it('goes without where ECS refuses to list them, and not where it does not answer', async () => {
    assert.deepEqual(tasksIn(await full({ ...gone, refuses: { listTasks: 'rejected' } })), []);
    await assert.rejects(full({ ...gone, refuses: { listTasks: 'transient' } }), AwsError);
  });

  it('lists nothing for one that it has forgotten', async () => {
    const { look, asked } = setUp({ says: 'a' });
    assert.deepEqual(tasksIn(await look('full', undefined)), []);
    assert.deepEqual(asked, ['describe a']);
  });
});

describe('of a host that was registered anew, a look', () => {
  it('sees the new container instance where only the old one is remembered', async () => {
    const seen = await full({ remembered: 'old', instances: { old: 'INACTIVE', new: 'ACTIVE' } });
    assert.deepEqual(instanceIn(seen), { kind: 'registered', cluster: 'web', arn: 'new', status: 'ACTIVE' });
  });

  it('does not look for another where the ECS agent says that it is still the old one', async () => {
    const { look, asked } = setUp({ says: 'old', instances: { old: 'INACTIVE', new: 'ACTIVE' } });
    assert.equal(instanceIn(await look('full', undefined))?.kind, 'deregistered');
    assert.ok(!asked.includes('find web'));
  });

  it('goes by what is remembered where it may not look for another', async () => {
    const scene: Scene = { remembered: 'old', instances: { old: 'INACTIVE', new: 'ACTIVE' } };
    const seen = await full({ ...scene, refuses: { find: 'permission' } });
    assert.deepEqual(instanceIn(seen), { kind: 'deregistered', arn: 'old' });
    assert.equal(ifKnown(seen)?.isRemembered, true);
    await assert.rejects(full({ ...scene, refuses: { find: 'transient' } }), AwsError);
  });

  it('cannot tell which one it is while two are there and the ECS agent is silent', async () => {
    const seen = await full({ cluster: 'web', instances: { a: 'DRAINING', b: 'ACTIVE' } });
    assert.match(seen.kind === 'unknown' ? seen.cause : '', /several container instances: a, b/);
  });

  it('is a full one, though a quick one would do for the old', async () => {
    const { look } = setUp({
      says: 'new',
      instances: { old: 'DRAINING', new: 'ACTIVE' },
      tasks: [task('1')],
    });
    const seen = await look('quick', draining('old', [task('1')]));
    assert.deepEqual(instanceIn(seen), { kind: 'registered', cluster: 'web', arn: 'new', status: 'ACTIVE' });
  });
});

describe('a quick look', () => {
  it('asks only how the tasks of the last one are doing', async () => {
    const { look, asked } = setUp({
      says: 'a',
      instances: { a: 'DRAINING' },
      tasks: [task('1'), task('2', 'STOPPED')],
    });
    assert.deepEqual(tasksIn(await look('quick', draining('a', [task('1'), task('2')]))), ['1']);
    assert.deepEqual(asked, ['describeTasks 1,2']);
  });

  it('makes sure that the container instance is still DRAINING before it says that none is left', async () => {
    const scene: Scene = { says: 'a', tasks: [task('1', 'STOPPED')] };
    const still = setUp({ ...scene, instances: { a: 'DRAINING' } });
    assert.deepEqual(tasksIn(await still.look('quick', draining('a', [task('1')]))), []);
    assert.deepEqual(still.asked, ['describeTasks 1', 'describe a']);
    const { look } = setUp({ ...scene, instances: { a: 'ACTIVE' } });
    const seen = await look('quick', draining('a', [task('1')]));
    assert.deepEqual(instanceIn(seen), { kind: 'registered', cluster: 'web', arn: 'a', status: 'ACTIVE' });
  });

  it('says when the ECS agent was silent', async () => {
    const { look } = setUp({ remembered: 'a', instances: { a: 'DRAINING' }, tasks: [task('1')] });
    assert.equal(ifKnown(await look('quick', draining('a', [task('1')])))?.isRemembered, true);
  });
});

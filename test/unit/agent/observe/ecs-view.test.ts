import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EcsView } from '../../../../src/agent/model.ts';
import { createEcsView } from '../../../../src/agent/observe/ecs-view.ts';
import type { Located } from '../../../../src/agent/observe/locate.ts';
import type { Task } from '../../../../src/aws/ecs.ts';
import { AwsError } from '../../../../src/aws/errors.ts';
import { ifKnown, known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { Registration } from '../../../../src/host/ecs-agent.ts';
import { ci, type EcsScene, fakeEcs, OWN, registration, short, task, taskArn } from './fake-ecs.ts';

type Scene = Partial<EcsScene> & {
  readonly located?: Reading<Located>;
  /** … when it is asked for once more; the same unless told. */
  readonly locatedAgain?: Reading<Located>;
  /** The container instance that the ECS agent says this host is; silent where undefined. */
  readonly says?: string | undefined;
  readonly isReplacing?: boolean;
  readonly isToldElsewhere?: boolean;
  /** How long its first request waits for its turn, or the one after it. */
  readonly takesMs?: number;
  readonly waitsFor?: 'description' | 'list';
  /** How long ago the first of its clusters had answered when the host was found. */
  readonly listedAgo?: number;
  /** … when the host is located once more. */
  readonly listedAgainAgo?: number;
  readonly listsWhileActive?: boolean;
  readonly own?: readonly (string | Registration)[];
};

const registered = (status: string, taskCount = 0, id = 'a') =>
  known<Located>({
    kind: 'registered',
    cluster: 'web',
    arn: ci(id),
    status,
    taskCount,
    agentConnected: true,
  });
const gone = (isForgotten = false) =>
  known<Located>({ kind: 'gone', cluster: 'web', arn: ci('a'), isForgotten });

function setUp(scene: Scene) {
  const { ecs, asked } = fakeEcs(
    Object.assign(scene, { instances: scene.instances ?? { a: { status: 'DRAINING' } } }),
  );
  const own = (scene.own ?? ['a']).map((one) => (typeof one === 'string' ? registration(one) : one));
  let now = 1_000_000_000;
  let located = 0;
  const purposes: string[] = [];
  const view = createEcsView({
    isToldElsewhere: () => scene.isToldElsewhere ?? false,
    ecs,
    now: () => now,
    instanceId: OWN,
    ecsAgent: {
      registration: async () =>
        'says' in scene && scene.says === undefined
          ? unknown('it is silent')
          : known(registration(scene.says ?? 'a')),
    },
    locate: async (_said, letGo, purpose = 'drain') => {
      located++;
      purposes.push(purpose);
      const { takesMs = 0, waitsFor = 'list' } = scene;
      now += takesMs;
      if (letGo) asked.push(`let go ${letGo}`);
      const again = located > 1 ? scene.locatedAgain : undefined;
      const where = again ?? scene.located ?? registered('DRAINING');
      const describedAt = waitsFor === 'list' ? now - takesMs : now;
      const ago = located > 1 ? (scene.listedAgainAgo ?? scene.listedAgo) : scene.listedAgo;
      const listedAt = ago === undefined ? undefined : now - ago;
      return where.kind === 'known' ? known({ located: where.value, own, describedAt, listedAt }) : where;
    },
    listsWhileActive: scene.listsWhileActive ?? false,
    isReplacing: () => scene.isReplacing ?? false,
  });
  const pass = (ms: number) => {
    now += ms;
  };
  return { view, asked, pass, purposes, timesLocated: () => located, now: () => now };
}

const before = (tasks: readonly Task[], status = 'DRAINING'): EcsView => ({
  containerInstance: { kind: 'registered', cluster: 'web', arn: ci('a'), status, agentConnected: true },
  tasks: known(tasks),
  isListed: true,
  requests: 2,
  heard: ci('a'),
  own: [registration('a')],
  gone: [],
});
const full = (scene: Scene, byName?: readonly string[]) => setUp(scene).view('full', undefined, byName);
const idsIn = (reading: Reading<EcsView>) => {
  const tasks = ifKnown(reading)?.tasks;
  return tasks?.kind === 'known' ? tasks.value.map(({ arn }) => short(arn)) : tasks?.cause;
};

describe('a view of what ECS itself has said runs here', () => {
  it('lists no tasks, and does not ask the host what it claims to be: neither keeps a drain that is over', async () => {
    const { view, asked, purposes } = setUp({ tasks: [task('1')], says: 'another' });
    const seen = ifKnown(await view('given-back', before([]), [taskArn('1')]));
    assert.deepEqual([seen?.containerInstance, seen?.heard], [before([]).containerInstance, undefined]);
    assert.equal(seen?.tasks.kind, 'unknown', 'a new drain would be taken for empty');
    assert.deepEqual([asked, purposes], [[], ['give-back']]);
  });
  it('tells that it is gone, was never there, or is not known', async () => {
    const of = async (located: Reading<Located>) => setUp({ located }).view('given-back', undefined);
    assert.deepEqual(ifKnown(await of(gone()))?.containerInstance, { kind: 'deregistered', arn: ci('a') });
    const never = { kind: 'never-registered' } as const;
    assert.deepEqual(ifKnown(await of(known(never)))?.containerInstance, never);
    assert.deepEqual(await of(unknown('throttled')), unknown('throttled'));
  });
});

describe('a full view of ECS', () => {
  it('lists the tasks of a DRAINING container instance, and leaves out those that are STOPPED', async () => {
    const tasks = [task('1'), task('2', 'STOPPED'), task('3', 'DEPROVISIONING'), task('4', 'DELETED')];
    assert.deepEqual(idsIn(await full({ tasks })), ['1', '3']);
  });
  it('is as the host was found', async () => {
    const described = { describedAt: 1_000_000_000, listedAt: 1_000_000_000, drainingSince: 1_000_000_000 };
    assert.deepEqual(await full({ tasks: [] }), known({ ...before([]), ...described }));
    assert.deepEqual(ifKnown(await full({ says: undefined, tasks: [] }))?.heard, undefined);
    assert.deepEqual(await full({ located: unknown('throttled') }), unknown('throttled'));
    const never = known<Located>({ kind: 'never-registered' });
    assert.deepEqual(ifKnown(await full({ located: never, own: [] })), {
      containerInstance: { kind: 'never-registered' },
      tasks: known([]),
      isListed: true,
      describedAt: 1_000_000_000,
      requests: 0,
      heard: ci('a'),
      own: [],
      gone: [],
    });
  });
  it('does not say where a silent host is whose clusters were asked long after each other: it can be anew in the first', async () => {
    const never = known<Located>({ kind: 'never-registered' });
    const kind = async (located: Reading<Located>, listedAgo: number, says?: string) =>
      (await full({ located, listedAgo, says })).kind;
    for (const located of [gone(), never]) {
      assert.equal(await kind(located, 5_500), 'known');
      assert.equal(
        await kind(located, 5_501),
        'unknown',
        'the instance would be released with its new tasks',
      );
      assert.equal(await kind(located, 60_000, 'a'), 'known', 'a host that answers names what it is');
    }
  });
  it('does not say so either where it is somewhere else when it is looked for once more: it may have tasks there', async () => {
    const never = known<Located>({ kind: 'never-registered' });
    const other = known<Located>({ kind: 'gone', cluster: 'web', arn: ci('b'), isForgotten: false });
    const kind = async (located: Reading<Located>, locatedAgain: Reading<Located>) =>
      (await full({ located, locatedAgain, listedAgo: 5_501, listedAgainAgo: 0, says: undefined })).kind;
    for (const same of [gone(), never]) assert.equal(await kind(same, same), 'known');
    for (const [one, another] of [
      [gone(), other],
      [gone(), never],
      [never, gone()],
      [gone(), registered('ACTIVE')],
      [never, registered('ACTIVE')],
    ] as const)
      assert.equal(await kind(one, another), 'unknown', 'the instance would be released with its new tasks');
  });
  it('asks once more where a silent host is that stays registered, if its lists took long: it would be released with the tasks of what it is by now', async () => {
    const kind = async (more: Partial<Scene>) => {
      const agent = setUp({
        isReplacing: true,
        takesMs: 501,
        waitsFor: 'list',
        tasks: [],
        own: ['a'],
        ...more,
      });
      const seen = await agent.view('full', undefined);
      return [seen.kind, agent.timesLocated()];
    };
    const silent = { says: undefined, listedAgo: 5_501 };
    assert.deepEqual(await kind({ ...silent, listedAgainAgo: 0 }), ['known', 2]);
    assert.deepEqual(await kind({ ...silent, listedAgainAgo: 5_501 }), ['unknown', 2]);
    assert.deepEqual(await kind({ ...silent, listedAgo: 5_500 }), ['known', 1]);
    assert.deepEqual(await kind({ listedAgo: 60_000 }), ['known', 1], 'a host that answers names what it is');
  });
  it('lists the tasks of an ACTIVE one where they are to be asked to stop', async () => {
    const { view } = setUp({ located: registered('ACTIVE'), tasks: [task('1')] });
    assert.deepEqual(idsIn(await view('all', undefined)), ['1']);
    const refuses = { listTasks: 'throttled' } as const;
    const failing = await setUp({ located: registered('ACTIVE'), refuses }).view('all', undefined);
    assert.equal(failing.kind, 'known', 'DRAINING would wait for a list');
  });
  it('does not list them again at each look: they would use up the minute’s requests before the tasks are asked to stop', async () => {
    const scene: Scene = { located: registered('ACTIVE'), tasks: [task('1')] };
    const agent = setUp(scene);
    const lists = async (byName?: readonly string[]) => {
      const from = agent.asked.length;
      const seen = await agent.view('all', undefined, byName);
      assert.deepEqual(idsIn(seen), ['1']);
      return agent.asked.slice(from).filter((one) => one.startsWith('list')).length;
    };
    assert.equal(await lists(), 1);
    agent.pass(6_666);
    assert.equal(await lists([taskArn('1')]), 0, 'of two pages, every 6.7 s: six requests in 20 s');
    agent.pass(1);
    assert.equal(await lists([taskArn('1')]), 1);
    assert.equal(await lists([taskArn('1'), taskArn('5')]), 1, 'the host names another: more may have come');
    assert.equal(await lists([taskArn('1'), taskArn('5')]), 0);
    Object.assign(scene, { requests: 3 });
    agent.pass(6_667);
    assert.equal(await lists(), 1);
    agent.pass(9_999);
    assert.equal(await lists(), 0, 'of three pages, every 10 s');
    agent.pass(1);
    assert.equal(await lists(), 1, 'a task that came last is not asked to stop');
  });
  it('fails with a fault of this program, which is not taken for one of ECS: nobody would learn of it', async () => {
    const scene: Scene = {
      located: registered('ACTIVE'),
      get listed(): never {
        throw new TypeError('it is no function');
      },
    };
    await assert.rejects(setUp(scene).view('all', undefined), TypeError);
  });
  it('takes the lists of up to a minute ago where others fail: those tasks are asked to stop at least', async () => {
    const scene: Scene = { located: registered('ACTIVE'), tasks: [task('1')] };
    const agent = setUp(scene);
    await agent.view('all', undefined);
    Object.assign(scene, { refuses: { listTasks: 'transient' } });
    agent.pass(59_999);
    assert.deepEqual(idsIn(await agent.view('all', undefined)), ['1']);
    agent.pass(1);
    assert.equal(ifKnown(await agent.view('all', undefined))?.tasks.kind, 'unknown');
  });
  it('describes the tasks that are known where their lists fail, but never says that none is left', async () => {
    const tasks = [task('1'), task('2', 'STOPPED')];
    const { view } = setUp({ tasks, refuses: { listTasks: 'transient' } });
    assert.deepEqual(idsIn(await view('all', before(tasks))), ['1']);
    await assert.rejects(view('all', before([task('2')])), AwsError);
    await assert.rejects(view('full', before(tasks)), AwsError);
    await assert.rejects(view('all', undefined), AwsError);
    const { containerInstance, ...rest } = before(tasks);
    const another = { ...rest, containerInstance: { ...containerInstance, arn: ci('b') } as const };
    await assert.rejects(view('all', another), AwsError, 'it would be taken for what it was before');
  });
  it('asks only once more where that host is: lists that wait for their turn would make each look as old as the last', async () => {
    const agent = setUp({
      located: gone(),
      own: ['a'],
      listedAgo: 6_000,
      listedAgainAgo: 1_000,
      says: undefined,
    });
    assert.equal((await agent.view('full', undefined)).kind, 'known');
    assert.equal(agent.timesLocated(), 2);
    assert.equal(agent.asked.filter((one) => one.startsWith('list')).length, 1, 'an hour of requests');
  });
  it('does not list the tasks of an ACTIVE one, to which more can come', async () => {
    const scene: Scene = { located: registered('ACTIVE'), tasks: [task('1')] };
    assert.equal(idsIn(await full(scene)), 'they are listed once the container instance is DRAINING');
    assert.deepEqual(idsIn(await full({ ...scene, listsWhileActive: true })), ['1']);
    assert.equal(ifKnown(await full(scene))?.requests, 2, 'ECS would be asked at another pace');
  });
  it('does not take an empty list for the end while ECS counts tasks', async () => {
    const seen = await full({ located: registered('DRAINING', 2), tasks: [] });
    assert.equal(idsIn(seen), 'ECS counts 2 tasks on the container instance, and lists none');
    assert.deepEqual(idsIn(await full({ located: registered('DRAINING', 2), tasks: [task('1')] })), ['1']);
  });
  it('notes that ECS has counted a task which no list has shown', async () => {
    let located = registered('ACTIVE', 1);
    let tasks: Task[] = [];
    const scene: Scene = {
      get located() {
        return located;
      },
      get tasks() {
        return tasks;
      },
    };
    const { view } = setUp(scene);
    const notes = async () => ifKnown(await view('full', undefined))?.hasUnlisted;
    assert.equal(await notes(), true);
    located = registered('DRAINING');
    assert.equal(await notes(), true, 'it may be on its way down');
    tasks = [task('1', 'STOPPED')];
    assert.equal(await notes(), true, 'one that has ended is not the one that was counted');
    tasks = [{ ...task('2'), desiredStatus: 'STOPPED' }];
    assert.equal(await notes(), true, 'nor is one that is to stop, which is not counted');
    tasks = [task('3')];
    assert.equal(await notes(), undefined);
    tasks = [];
    assert.equal(await notes(), undefined);
  });
  it('one of another host that is asked after by name does not stand for the one that was counted', async () => {
    const { view } = setUp({
      located: registered('DRAINING', 1),
      listed: [],
      tasks: [task('1', 'RUNNING', ci('b'))],
    });
    assert.equal(ifKnown(await view('full', undefined, [taskArn('1')]))?.hasUnlisted, true);
  });
  it('and that it counts more than those that it has described, which it counts too', async () => {
    let located = registered('DRAINING', 2);
    let tasks = [task('1'), task('2')];
    const { view } = setUp({
      get located() {
        return located;
      },
      get tasks() {
        return tasks;
      },
    });
    const notes = async () => ifKnown(await view('full', undefined))?.hasUnlisted;
    assert.equal(await notes(), undefined);
    located = registered('DRAINING', 3);
    assert.equal(await notes(), true);
    tasks = [task('1'), task('2'), task('3')];
    assert.equal(await notes(), undefined);
    tasks = [task('1', 'STOPPED'), task('2', 'STOPPED'), task('3', 'STOPPED')];
    located = registered('DRAINING', 1);
    assert.equal(await notes(), undefined, 'which of them is counted still, the count does not tell');
    assert.equal(await notes(), true);
  });
  it('and that another drain, or another process, was told of a task lately', async () => {
    const scene: Scene & { isToldElsewhere: boolean } = { tasks: [], isToldElsewhere: true };
    const { view } = setUp(scene);
    const notes = async () => ifKnown(await view('full', undefined))?.hasUnlisted;
    assert.equal(await notes(), true);
    scene.isToldElsewhere = false;
    assert.equal(await notes(), undefined);
  });
  it('tells since when ECS calls it DRAINING', async () => {
    let located = registered('ACTIVE');
    const { view, pass, now } = setUp({
      get located() {
        return located;
      },
      tasks: [],
    });
    const since = async () => ifKnown(await view('full', undefined))?.drainingSince;
    assert.equal(await since(), undefined);
    located = registered('DRAINING');
    const first = now();
    assert.equal(await since(), first);
    pass(5_000);
    assert.equal(await since(), first);
    located = registered('ACTIVE');
    assert.equal(await since(), undefined);
    located = registered('DRAINING');
    assert.equal(await since(), first + 5_000, 'it was given tasks in between');
  });
  it('does not take what ECS lists and cannot describe for gone', async () => {
    const seen = await full({ listed: [taskArn('1'), taskArn('2')], tasks: [task('2')] });
    assert.deepEqual(idsIn(seen), ['2', '1'], 'a task of which ECS knows nothing yet would be lost');
    assert.equal(ifKnown(seen)?.tasks.kind === 'known' && seen.kind === 'known' && 'UNKNOWN', 'UNKNOWN');
  });
  it('does not take a task for gone that ECS lists here and describes on another', async () =>
    assert.deepEqual(idsIn(await full({ tasks: [task('1', 'RUNNING', ci('b'))] })), ['1']));
  it('is one, whatever the one before was', async () => {
    const { view, asked } = setUp({ tasks: [task('1')] });
    await view('full', before([task('1')]));
    assert.deepEqual(asked, ['listTasks web a', 'describeTasks web 1']);
  });
  it('does not take what it has just described for gone by one answer that does not know it', async () => {
    const scene: { tasks: readonly Task[] } & Scene = { listed: [], tasks: [task('1', 'STOPPING')] };
    const { view, pass } = setUp(scene);
    assert.deepEqual(idsIn(await view('full', undefined, [taskArn('1')])), ['1']);
    scene.tasks = [];
    pass(29_999);
    assert.deepEqual(
      idsIn(await view('full', undefined, [taskArn('1')])),
      ['1'],
      'the answer may be an old one',
    );
    pass(1);
    assert.deepEqual(idsIn(await view('full', undefined, [taskArn('1')])), []);
  });
  it('tells what ECS has never described from what it calls gone: it may not know it yet', async () => {
    const scene: { tasks: readonly Task[] } & Scene = {
      listed: [],
      tasks: [task('1'), task('2', 'STOPPED')],
    };
    const { view, pass } = setUp(scene);
    const byName = ['1', '2', '3'].map((id) => taskArn(id));
    const first = ifKnown(await view('full', undefined, byName));
    assert.deepEqual(first?.gone.map(short), ['2', '3']);
    assert.deepEqual(first?.missing?.map(short), ['3'], 'a task that is new is taken for one that has ended');
    scene.tasks = [];
    pass(60_000);
    const later = ifKnown(await view('full', undefined, byName));
    assert.deepEqual(later?.missing?.map(short), ['3'], 'ECS has forgotten the first');
  });
  it('does not wait for what ECS cannot be asked about: a task of another cluster', async () => {
    const seen = ifKnown(await full({ tasks: [] }, [taskArn('1', 'other')]));
    assert.deepEqual([seen?.gone.length, seen?.missing], [1, undefined], 'one name holds the drain');
  });
  it('keeps what ECS has listed here, though it places it elsewhere when it is asked again', async () => {
    const scene: { tasks: readonly Task[] } & Scene = { tasks: [task('1')] };
    const { view } = setUp(scene);
    await view('full', undefined);
    scene.tasks = [task('1', 'STOPPING', ci('b'))];
    assert.deepEqual(
      idsIn(await view('quick', before([task('1')]))),
      ['1'],
      'its last seconds would be cut off',
    );
  });
  it('asks a task that is STOPPED once only, where it is named and not listed', async () => {
    const { view, asked } = setUp({ listed: [], tasks: [task('1', 'STOPPED')] });
    await view('full', undefined, [taskArn('1')]);
    await view('full', undefined, [taskArn('1')]);
    assert.equal(asked.filter((one) => one.startsWith('describeTasks')).length, 1);
  });
  it('forgets that a task was STOPPED once nobody names it: a drain can last for days', async () => {
    const { view, asked } = setUp({ listed: [], tasks: [task('1', 'STOPPED')] });
    await view('full', undefined, [taskArn('1')]);
    await view('full', undefined);
    await view('full', undefined, [taskArn('1')]);
    assert.equal(asked.filter((one) => one.startsWith('describeTasks')).length, 2);
  });
  it('does not lose a task that it listed once and has not been able to describe', async () => {
    const scene: Scene = { listed: [taskArn('1')], tasks: [] };
    const { view, pass } = setUp(scene);
    const left = async () => {
      const seen = ifKnown(await view('full', undefined, [taskArn('1')]));
      return seen && ifKnown(seen.tasks)?.length;
    };
    assert.equal(await left(), 1);
    scene.listed = [];
    pass(29_999);
    assert.equal(await left(), 1, 'two old answers release an instance with a task that ECS has named');
    pass(1);
    assert.equal(await left(), 0, 'a task that ECS has forgotten holds it for ever');
  });
  it('is told which container instance ECS has let go, at our own request', async () => {
    const { view, asked } = setUp({ located: gone(true) });
    await view('full', { ...before([]), containerInstance: { kind: 'deregistered', arn: ci('a') } });
    await view('full', before([]));
    assert.deepEqual(asked, [`let go ${ci('a')}`]);
  });
  it('asks a task that is STOPPED once only', async () => {
    const { view, asked } = setUp({ tasks: [task('1', 'STOPPED'), task('2')] });
    await view('full', undefined);
    await view('full', undefined);
    assert.deepEqual(
      asked.filter((one) => one.startsWith('describeTasks')),
      ['describeTasks web 1,2', 'describeTasks web 2'],
    );
  });
});

describe('tasks that are asked after by name', () => {
  it('are described whatever ECS lists, and left where they are not STOPPED', async () => {
    const scene: Scene = { listed: [taskArn('1')], tasks: [task('1'), task('2'), task('3', 'STOPPED')] };
    const seen = await full(scene, [taskArn('2'), taskArn('3'), taskArn('4')]);
    assert.deepEqual(idsIn(seen), ['1', '2']);
    assert.deepEqual(ifKnown(seen)?.gone, [taskArn('3'), taskArn('4')]);
  });
  it('are not here where ECS places them on another container instance', async () => {
    const scene: Scene = {
      listed: [],
      tasks: [task('1', 'RUNNING', ci('b')), task('2', 'RUNNING', undefined)],
    };
    const seen = await full(scene, [taskArn('1'), taskArn('2')]);
    assert.deepEqual([idsIn(seen), ifKnown(seen)?.gone], [['2'], [taskArn('1')]]);
    assert.deepEqual(idsIn(await full({ ...scene, own: ['a', 'b'] }, [taskArn('1')])), ['1']);
  });
  it('are not asked where ECS would refuse the whole question', async () => {
    const { view, asked } = setUp({ listed: [], tasks: [] });
    const foreign = [
      taskArn('1', 'other'),
      'arn:aws:ecs:eu-west-1:999922223333:task/web/2',
      'arn:aws:ecs:us-east-1:111122223333:task/web/3',
      'arn:aws-cn:ecs:eu-west-1:111122223333:task/web/4',
      ci('5'),
      'arn:aws:ecs:eu-west-1:111122223333:task/web/too-short-for-an-id',
      'nonsense',
    ];
    const oldFormat = `arn:aws:ecs:eu-west-1:111122223333:task/${'6'.padEnd(36, '-')}`;
    const seen = await view('full', undefined, [...foreign, oldFormat]);
    assert.deepEqual(
      asked.at(-1),
      'describeTasks web 6',
      'one ARN that somebody made up would keep the instance for ever',
    );
    assert.deepEqual(ifKnown(seen)?.gone, [...foreign, oldFormat]);
  });
  it('are asked where the host is, or was, by what ECS has said that it is', async () => {
    const asks = async (own: readonly (string | Registration)[], arn: string) => {
      const { view, asked } = setUp({ listed: [], tasks: [], own });
      await view('full', undefined, [arn]);
      return asked.some((one) => one.startsWith('describeTasks'));
    };
    const old = {
      cluster: 'web',
      containerInstanceArn: 'arn:aws:ecs:eu-west-1:111122223333:container-instance/a',
    };
    assert.equal(await asks(['a', registration('b', 'other')], taskArn('1')), true);
    assert.equal(await asks(['a', registration('b', 'other')], taskArn('1', 'other')), true);
    assert.equal(await asks([old], taskArn('1')), true, 'the old format names no cluster');
    assert.equal(await asks([old], taskArn('1', 'other')), false);
    assert.equal(await asks(['no id', 'a'], taskArn('1')), true, 'one strange ARN would end every view');
  });
  it('are not called gone while the list is not known', async () => {
    const seen = await full({ located: registered('DRAINING', 1), tasks: [] }, [taskArn('1')]);
    assert.deepEqual(ifKnown(seen)?.gone, []);
  });
});

describe('once ECS has let go of the container instance, a view', () => {
  const scene: Scene = { located: gone(), tasks: [task('late')] };

  it('lists what was placed on it last, where nothing else says what was left', async () => {
    const seen = await full(scene);
    assert.deepEqual(idsIn(seen), ['late']);
    assert.equal(ifKnown(seen)?.requests, 0);
    assert.deepEqual(ifKnown(seen)?.containerInstance, { kind: 'deregistered', arn: ci('a') });
  });
  it('asks after what was left, without a list', async () => {
    const { view, asked } = setUp({ ...scene, tasks: [task('1'), task('2', 'STOPPED')] });
    assert.deepEqual(idsIn(await view('full', before([task('1'), task('2')]), [taskArn('9')])), ['1']);
    assert.deepEqual(asked, ['describeTasks web 1,2,9']);
  });
  it('asks after nothing that the host alone had named in another cluster', async () => {
    const foreign = { ...task('3'), arn: taskArn('3', 'other'), containerInstanceArn: undefined };
    const { view, asked } = setUp({ ...scene, tasks: [task('1')] });
    const seen = await view('full', before([task('1'), foreign]), [foreign.arn]);
    assert.deepEqual([idsIn(seen), ifKnown(seen)?.gone], [['1'], [foreign.arn]]);
    assert.deepEqual(asked, ['describeTasks web 1'], 'ECS would refuse the whole question, for ever');
  });
  it('goes without a list where ECS refuses it, and not where ECS does not answer', async () => {
    assert.deepEqual(idsIn(await full({ ...scene, refuses: { listTasks: 'rejected' } })), []);
    await assert.rejects(full({ ...scene, refuses: { listTasks: 'transient' } }), AwsError);
  });
  it('lists nothing for one that it has forgotten', async () => {
    const { view, asked } = setUp({ ...scene, located: gone(true) });
    assert.deepEqual(idsIn(await view('full', undefined)), []);
    assert.deepEqual(asked, []);
  });
});

describe('a quick view', () => {
  it('asks only how the tasks of the last one are doing', async () => {
    const { view, asked } = setUp({ tasks: [task('1'), task('2', 'STOPPED')] });
    const seen = await view('quick', before([task('1'), task('2')]), [taskArn('2')]);
    assert.deepEqual([idsIn(seen), ifKnown(seen)?.gone], [['1'], [taskArn('2')]]);
    assert.equal(ifKnown(seen)?.isListed, false, 'a list would never be asked for again');
    assert.deepEqual(asked, ['describeTasks web 1,2']);
  });
  it('is a full one after the last task: only a list tells that no other is left', async () => {
    const { view, asked } = setUp({ listed: [taskArn('2')], tasks: [task('2')] });
    const seen = await view('quick', before([task('1')]));
    assert.deepEqual([idsIn(seen), ifKnown(seen)?.isListed], [['2'], true]);
    assert.deepEqual(asked, ['describeTasks web 1', 'listTasks web a', 'describeTasks web 2']);
  });
  it('describes the tasks that the host has listed, where none is known to ECS yet', async () => {
    const { view, asked } = setUp({ tasks: [task('1')] });
    const last = { ...before([]), tasks: unknown('not listed') };
    assert.deepEqual(idsIn(await view('quick', last, [taskArn('1')])), ['1']);
    assert.deepEqual(asked, ['describeTasks web 1']);
  });
  it('is a full one where the host is another container instance by now', async () => {
    const asksOnly = async (scene: Scene, last: EcsView) => {
      const { view, asked } = setUp({ tasks: [task('1')], ...scene });
      await view('quick', last);
      return asked.join() === 'describeTasks web 1';
    };
    const last = before([task('1')]);
    assert.equal(await asksOnly({ says: 'b' }, last), false);
    assert.equal(await asksOnly({ says: 'b' }, { ...last, heard: ci('b') }), true);
    assert.equal(await asksOnly({ says: undefined }, last), true);
  });
  it('says what the ECS agent says now', async () => {
    const { view } = setUp({ says: undefined, tasks: [task('1')] });
    assert.equal(ifKnown(await view('quick', before([task('1')])))?.heard, undefined);
  });
  it('asks after what the host has listed since, too', async () => {
    const { view, asked } = setUp({ tasks: [task('1'), task('2')] });
    assert.deepEqual(idsIn(await view('quick', before([task('1')]), [taskArn('2')])), ['1', '2']);
    assert.deepEqual(asked, ['describeTasks web 1,2']);
  });
  it('is a full one where ECS could not describe a task: only another list can tell', async () => {
    const { view, asked } = setUp({ tasks: [task('1')] });
    await view('quick', before([task('1', 'UNKNOWN')]));
    assert.deepEqual(asked, ['listTasks web a', 'describeTasks web 1']);
  });
  it('is a full one where there was none before', async () => {
    const { view, asked } = setUp({ tasks: [] });
    await view('quick', undefined);
    assert.deepEqual(asked, ['listTasks web a']);
  });
});

describe('a view that confirms a list of a moment ago', () => {
  it('asks where the host is, and lists nothing', async () => {
    const { view, asked, timesLocated } = setUp({ tasks: [] });
    const last = { ...before([]), listedAt: 7 };
    assert.deepEqual(await view('confirm', last), known({ ...last, describedAt: 1_000_000_000 }));
    assert.deepEqual([asked, timesLocated()], [[], 1]);
  });
  it('is a full one where anything has changed: a task could have come, and would end with the root volume', async () => {
    const lists = async (scene: Scene, last = before([])) => {
      const { view, asked } = setUp({ tasks: [], ...scene });
      await view('confirm', last);
      return asked.includes('listTasks web a') || asked.includes('listTasks web b');
    };
    assert.equal(await lists({ located: registered('DRAINING', 1) }), true);
    assert.equal(await lists({}, before([], 'ACTIVE')), true);
    assert.equal(await lists({ located: registered('DRAINING', 0, 'b') }), true);
    assert.equal(await lists({ says: 'b' }), true);
    assert.equal(await lists({ says: undefined }), true, 'what is silent can have registered anew');
    const unheard = { ...before([]), heard: undefined };
    assert.equal(await lists({ says: undefined }, unheard), true, 'ECS counts no task that is stopping');
    const renewed = known<Located>({
      kind: 'registered',
      cluster: 'web',
      arn: ci('a'),
      status: 'DRAINING',
      taskCount: 0,
      agentConnected: true,
      newer: ci('b'),
    });
    assert.equal(await lists({ located: renewed }), true);
    assert.equal(await lists({}), false);
  });
  it('is unknown where it is not known where the host is', async () => {
    const { view } = setUp({ tasks: [], located: unknown('ECS lists other hosts') });
    assert.deepEqual(await view('confirm', before([])), unknown('ECS lists other hosts'));
  });
});

describe('a check, while the host is busy', () => {
  it('asks where the host is and how its tasks are doing, and lists nothing', async () => {
    const { view, asked } = setUp({ tasks: [task('1'), task('2', 'STOPPED')] });
    const seen = await view('check', before([task('1'), task('2')]), [taskArn('2')]);
    assert.deepEqual([idsIn(seen), ifKnown(seen)?.gone], [['1'], [taskArn('2')]]);
    assert.equal(ifKnown(seen)?.isListed, false);
    assert.deepEqual(asked, ['describeTasks web 1,2']);
  });
  it('never says that no task is left: what was not listed may be there', async () => {
    const { view, asked } = setUp({ tasks: [task('1', 'STOPPED')] });
    const seen = await view('check', before([task('1')]));
    assert.equal(ifKnown(seen)?.tasks.kind, 'unknown', 'the instance could be let go');
    assert.deepEqual(asked, ['describeTasks web 1']);
  });
  for (const [what, located] of [
    ['is ACTIVE again', registered('ACTIVE')],
    ['was let go of', gone()],
    ['is another one by ECS’s word', registered('DRAINING', 0, 'b')],
  ] as const)
    it(`is a full view where the host ${what}`, async () => {
      const { view } = setUp({ located, tasks: [task('1')] });
      const seen = ifKnown(await view('check', before([task('1')])));
      assert.equal(seen?.isListed, true, 'it would count as it was before');
    });
  it('is a full view, and asks for nothing before it, where the host is another container instance', async () => {
    const { view, timesLocated } = setUp({ says: 'b', tasks: [task('1')], listed: [taskArn('1')] });
    assert.equal(ifKnown(await view('check', before([task('1')])))?.isListed, true);
    assert.equal(timesLocated(), 1);
  });
  it('says so where nobody knows where the host is', async () => {
    const { view } = setUp({ located: unknown('contradiction') });
    assert.deepEqual(await view('check', before([task('1')])), unknown('contradiction'));
  });
});

describe('a full view of what stays in its cluster, where it takes long', () => {
  const seen = async (takesMs: number, isReplacing = true, waitsFor: Scene['waitsFor'] = 'list') => {
    const instances = { a: { status: 'ACTIVE' } };
    const { view } = setUp({ instances, tasks: [], takesMs, waitsFor, isReplacing });
    const reading = await view('full', undefined);
    return reading.kind === 'known' ? idsIn(reading) : reading.cause;
  };
  it('asks once more whether all is as it was: somebody may have set it ACTIVE', async () => {
    assert.equal(await seen(501), 'the container instance has changed while its tasks were listed');
    assert.deepEqual(await seen(500), []);
    assert.deepEqual(await seen(60_000, false), [], 'ECS itself refuses to let go of one with tasks');
    const fresh = await seen(60_000, true, 'description');
    assert.deepEqual(fresh, [], 'each look would need two descriptions, and none would ever be the last');
  });
});

describe('a full view that was throttled', () => {
  const setUpThrottled = (call: 'listTasks' | 'describeTasks', scene: Scene = {}) => {
    const throttled: Scene = { tasks: [task('1')], ...scene, refuses: { [call]: 'throttled' } };
    return { ...setUp(throttled), free: () => Object.assign(throttled, { refuses: {} }) };
  };
  it('goes on where it stopped: where the host is is not asked again', async () => {
    const { view, pass, free, timesLocated } = setUpThrottled('listTasks');
    await assert.rejects(view('full', undefined), AwsError);
    free();
    pass(19_999);
    assert.deepEqual(idsIn(await view('full', undefined)), ['1']);
    assert.equal(timesLocated(), 1);
    await view('full', undefined);
    assert.equal(timesLocated(), 2, 'what was whole is read anew');
  });
  it('asks whether all is as it was before it says that no task is left: one may have come in between', async () => {
    for (const [instance, expected] of [
      [{ status: 'DRAINING' }, []],
      [{ status: 'ACTIVE' }, 'the container instance has changed while its tasks were listed'],
      [{ status: 'DRAINING', count: 1 }, 'the container instance has changed while its tasks were listed'],
      [
        { status: 'DRAINING', on: 'i-other' },
        'the container instance has changed while its tasks were listed',
      ],
    ] as const) {
      const { view, free } = setUpThrottled('describeTasks', {
        instances: { a: instance },
        tasks: [task('1', 'STOPPED')],
      });
      await assert.rejects(view('full', undefined), AwsError);
      free();
      const seen = await view('full', undefined);
      assert.deepEqual(seen.kind === 'known' ? idsIn(seen) : seen.cause, expected);
    }
  });
  it('takes the count of the end for that of the beginning where what was counted is listed, and has ended', async () => {
    for (const [counted, expected] of [
      [1, []],
      [2, 'ECS counts 2 tasks on the container instance, and lists none'],
    ] as const) {
      const { view, free } = setUpThrottled('describeTasks', {
        located: registered('DRAINING', counted),
        instances: { a: { status: 'DRAINING' } },
        listed: [taskArn('1')],
        tasks: [task('1', 'STOPPED')],
      });
      await assert.rejects(view('full', undefined), AwsError);
      free();
      const seen = ifKnown(await view('full', undefined))?.tasks;
      assert.deepEqual(seen?.kind === 'known' ? seen.value : seen?.cause, expected, 'it takes one more look');
    }
  });
  for (const [what, ms, more] of [
    ['20 s where the host does not say what it is', 20_000, { says: undefined }],
    ['20 s where others may set it ACTIVE, as its root volume is replaced', 20_000, { isReplacing: true }],
    ['two minutes where tasks are placed here meanwhile', 120_000, { listsWhileActive: true }],
    ['ten minutes', 600_000, {}],
  ] as const) {
    const look = async (after: number) => {
      const scene = setUpThrottled('describeTasks', { tasks: [task('1', 'STOPPED')], ...more });
      await assert.rejects(scene.view('full', undefined), AwsError);
      scene.free();
      scene.pass(after);
      await scene.view('full', undefined);
      return scene.timesLocated();
    };
    it(`begins anew after ${what}`, async () => assert.equal(await look(ms), 2));
    it(`and not before: in a fleet that asks for more than ECS answers none would ever be complete (${what})`, async () =>
      assert.equal(await look(ms - 1), 1));
  }
  it('begins anew after any other failure', async () => {
    const scene: Scene = { tasks: [task('1', 'STOPPED')], refuses: { describeTasks: 'transient' } };
    const { view, asked } = setUp(scene);
    await assert.rejects(view('full', undefined), AwsError);
    Object.assign(scene, { refuses: {} });
    await view('full', undefined);
    assert.ok(!asked.some((one) => one.startsWith('describe web')));
  });
});

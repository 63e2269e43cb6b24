import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createLocate, type RegisteredAt } from '../../../../src/agent/observe/locate.ts';
import { AwsError } from '../../../../src/aws/errors.ts';
import type { Registration } from '../../../../src/host/ecs-agent.ts';
import { ci, type EcsScene, fakeEcs, OWN, registration } from './fake-ecs.ts';

const MINUTE = 60_000;

type Scene = EcsScene & {
  readonly cluster?: string;
  /** In the ECS agent's own configuration. */
  readonly configuredCluster?: string;
  readonly heard?: readonly Registration[];
  /** Since when what was heard, and what is its own, is known, in ms; long ago unless told. */
  readonly since?: number;
  readonly own?: readonly Registration[];
  readonly drainingSetOn?: string;
  /** The role could list container instances before. */
  readonly mayList?: boolean;
  /** What another drain of this process has noted. */
  readonly registeredAt?: RegisteredAt;
  /** How long each question by the instance id waits for its turn. */
  readonly findsIn?: number;
};

const nothingKept = { mayList: () => false, noteMayList: () => {}, drainingSetOn: () => undefined };

function setUp(scene: Scene) {
  let now = 1_000_000_000;
  let mayList = scene.mayList === true;
  const { ecs, asked } = fakeEcs(scene);
  const find: typeof ecs.find = (...of) => {
    now += scene.findsIn ?? 0;
    return ecs.find(...of);
  };
  const known = (one: Registration) => ({ ...one, since: scene.since ?? 0 });
  const locate = createLocate({
    ecs: { ...ecs, find },
    instanceId: OWN,
    cluster: () => scene.cluster,
    configuredCluster: () => scene.configuredCluster,
    heard: () => (scene.heard ?? []).map(known),
    own: () => (scene.own ?? []).map(known),
    mayList: () => mayList,
    drainingSetOn: () => scene.drainingSetOn,
    noteMayList: () => {
      mayList = true;
    },
    registeredAt: scene.registeredAt ?? new Map(),
    now: () => now,
  });
  return {
    asked,
    pass: (ms: number) => {
      now += ms;
    },
    /** Where this host is, in short; the cause where that is not known. */
    where: async (said?: Registration, letGo?: string, purpose?: 'drain' | 'give-back') => {
      const found = await locate(said, letGo, purpose);
      if (found.kind === 'unknown') return found.cause;
      const { located } = found.value;
      return located.kind === 'never-registered' ? located.kind : `${located.kind} ${located.arn}`;
    },
    locate,
  };
}

test('tells since when a host is in none of its clusters: those that it can be in are asked last', async () => {
  const { locate, asked } = setUp({
    instances: { a: { status: 'INACTIVE' }, b: { status: 'INACTIVE' } },
    own: [registration('a'), registration('b', 'other')],
    heard: [registration('c', 'strange')],
    cluster: 'named',
    findsIn: 40_000,
  });
  const where = await locate(undefined);
  assert.deepEqual(
    asked.filter((one) => one.startsWith('find')),
    ['find strange', 'find web', 'find other', 'find named'],
  );
  assert.equal(where.kind === 'known' && where.value.listedAt, 1_000_000_000 + 80_000);
});

describe('this host is found in ECS', () => {
  it('as its ECS agent says, where ECS agrees: one request', async () => {
    const { locate, asked } = setUp({ instances: { a: { status: 'DRAINING', count: 3 } } });
    assert.deepEqual(await locate(registration('a')), {
      kind: 'known',
      value: {
        located: {
          kind: 'registered',
          cluster: 'web',
          arn: ci('a'),
          status: 'DRAINING',
          taskCount: 3,
          agentConnected: true,
        },
        own: [registration('a')],
        describedAt: 1_000_000_000,
        listedAt: undefined,
      },
    });
    assert.deepEqual(asked, ['describe web a']);
  });
  it('as gone, where nobody asks what it claims to be by now', async () => {
    const scene: Scene = {
      instances: { a: { status: 'INACTIVE' } },
      heard: [registration('a'), registration('made-up')],
      own: [registration('a')],
    };
    const { where } = setUp(scene);
    assert.match(await where(registration('made-up')), /does not know the container instance/);
    assert.equal(
      await where(),
      `gone ${ci('a')}`,
      'a drain that is over would wait for what somebody made up',
    );
  });
  it('not as gone while ECS may not know yet what its ECS agent named last: it would be let go with the tasks of that one', async () => {
    const scene: Scene = {
      instances: { a: { status: 'INACTIVE' } },
      heard: [registration('a'), registration('b')],
      own: [registration('a')],
      since: 1_000_000_000,
    };
    const { where, pass } = setUp(scene);
    pass(5 * MINUTE - 1);
    assert.equal(
      await where(),
      `ECS does not know the container instance ${ci('b')}, which the ECS agent has named; asking once more`,
    );
    const over = await where(undefined, undefined, 'give-back');
    assert.equal(over, `gone ${ci('a')}`, 'a drain that is over would wait for what somebody made up');
    pass(1);
    assert.equal(await where(), `gone ${ci('a')}`, 'the instance is paid for meanwhile');
  });
  it('not as what it was before where ECS does not know yet what the agent has set DRAINING: it would stay so', async () => {
    const { where, pass } = setUp({
      instances: { a: { status: 'ACTIVE' } },
      own: [registration('a'), registration('b')],
      since: 1_000_000_000,
      drainingSetOn: ci('b'),
    });
    pass(5 * MINUTE - 1);
    assert.match(await where(), /contradicts itself about .*b$/);
    assert.match(await where(undefined, undefined, 'give-back'), /contradicts itself about .*b$/);
    pass(1);
    assert.equal(await where(undefined, undefined, 'give-back'), `registered ${ci('a')}`);
  });
  it('as what it was before, while its ECS agent is silent', async () => {
    const { where } = setUp({ instances: { a: { status: 'ACTIVE' } }, heard: [registration('a')] });
    assert.equal(await where(), `registered ${ci('a')}`);
  });
  it('as what it has become while its ECS agent was silent: the instance would be let go with the tasks of that one', async () => {
    const before = { status: 'DRAINING', connected: false };
    const scene: Scene = { instances: { a: before, b: { status: 'ACTIVE' } }, heard: [registration('a')] };
    const { where, asked } = setUp(scene);
    assert.equal(await where(), `registered ${ci('b')}`);
    assert.deepEqual(asked, ['describe web a', 'find web', 'describe web b']);
  });
  it('in one request while its ECS agent is silent and tasks are left: then nothing is let go', async () => {
    const instances = { a: { status: 'DRAINING', count: 1 }, b: { status: 'ACTIVE' } };
    const { where, asked } = setUp({ instances, heard: [registration('a')] });
    assert.equal(await where(), `registered ${ci('a')}`);
    assert.deepEqual(asked, ['describe web a']);
  });
  it('by its instance id where nobody has said anything, in the cluster that the operator names', async () => {
    const { where, asked } = setUp({ instances: { a: { status: 'ACTIVE' } }, cluster: 'batch' });
    assert.equal(await where(), `registered ${ci('a', 'batch')}`);
    assert.deepEqual(asked, ['find batch', 'describe batch a']);
  });
  it('also in the cluster that its ECS agent is configured for, where the operator names another: it would be let go with its tasks', async () => {
    const both = { cluster: 'batch', configuredCluster: 'web' };
    const { where, asked } = setUp({ instances: {}, ...both });
    await where();
    assert.deepEqual(asked, ['find batch', 'find web']);
  });
  it('not as another host that ECS lists, whatever filter was sent', async () => {
    const instances = { a: { status: 'ACTIVE', on: 'i-other' }, b: { status: 'ACTIVE' } };
    const { where } = setUp({ instances, cluster: 'web' });
    assert.equal(await where(), `registered ${ci('b')}`);
  });
  it('not as gone on the strength of a list for another host, while its ECS agent is silent: it may be registered anew', async () => {
    const instances = { a: { status: 'INACTIVE' }, c: { status: 'ACTIVE', on: 'i-other' } };
    const scene: Scene = { instances, heard: [registration('a')], own: [registration('a')] };
    const { where, pass } = setUp(scene);
    assert.equal(await where(), 'ECS lists another host for this one; asking once more');
    pass(5 * MINUTE - 1);
    assert.equal(await where(), 'ECS lists another host for this one; asking once more');
    pass(1);
    assert.equal(
      await where(),
      `gone ${ci('a')}`,
      'an account in which filters do not work would keep it for ever',
    );
  });
  it('… nor as still registered, where nothing is left on what it was: its root volume would be replaced with the tasks of what it is', async () => {
    const c = { status: 'ACTIVE', on: 'i-other' };
    const where = async (status: string) =>
      setUp({ instances: { a: { status, listed: false }, c }, heard: [registration('a')] }).where();
    assert.equal(await where('DRAINING'), 'ECS lists another host for this one; asking once more');
    assert.equal(
      await where('ACTIVE'),
      `registered ${ci('a')}`,
      'it would be given tasks until the list is right',
    );
  });
  it('as the one whose ECS agent is connected, of several that it was', async () => {
    const before = { status: 'ACTIVE', connected: false };
    const { where } = setUp({
      instances: { a: before, b: { status: 'ACTIVE' } },
      heard: [registration('a')],
    });
    assert.equal(await where(registration('b')), `registered ${ci('b')}`);
  });
  it('as the one that is to be given back, of several', async () => {
    const connected = { status: 'ACTIVE', connected: true, registeredAt: 1 };
    const drained = { status: 'DRAINING', connected: false, registeredAt: 2 };
    const { where } = setUp({
      instances: { a: connected, b: drained },
      own: [registration('a'), registration('b')],
      drainingSetOn: ci('b'),
    });
    assert.equal(await where(), `registered ${ci('a')}`);
    assert.equal(
      await where(undefined, undefined, 'give-back'),
      `registered ${ci('b')}`,
      'it stays DRAINING',
    );
  });
  it('as the connected one, though something on the host says that it is the other', async () => {
    const before = { status: 'ACTIVE', connected: false };
    const { where } = setUp({
      instances: { a: before, b: { status: 'ACTIVE' } },
      heard: [registration('b')],
    });
    assert.equal(
      await where(registration('a')),
      `registered ${ci('b')}`,
      'the tasks of the container instance that it is would be lost',
    );
  });
  it('though its ECS agent is not connected, where it is the only one', async () => {
    const { where } = setUp({ instances: { a: { status: 'DRAINING', connected: false } } });
    assert.equal(await where(registration('a')), `registered ${ci('a')}`, 'a drain would not end');
  });
});

describe('a host that has registered anew again and again', () => {
  for (const connected of [true, false]) {
    const which = connected ? 'ECS calls all of its ECS agents connected' : 'no ECS agent of it is connected';
    const former = (registeredAt?: number) => ({ status: 'ACTIVE', connected, registeredAt });

    it(`is the last that it was where ${which}: each is drained, and then the instance is released`, async () => {
      const instances = { a: former(1), c: former(3), b: former(2) };
      const { where } = setUp({ instances, cluster: 'web' });
      assert.equal(await where(), `registered ${ci('c')}`, 'a Spot interruption would cut its tasks short');
    });
    it(`is the last that it was where ${which}, whatever something on the host says`, async () => {
      const { where } = setUp({ instances: { a: former(1), b: former(2) }, heard: [registration('b')] });
      assert.equal(await where(registration('a')), `registered ${ci('b')}`);
    });
    it(`is unclear where ${which}, and ECS does not say when one of them registered`, async () => {
      const { where } = setUp({ instances: { a: former(1), b: former() }, cluster: 'web' });
      assert.match(
        await where(),
        /several container instances: .*a, .*b; start the ECS agent, .* and deregister those/,
      );
    });
    it(`is unclear where ${which}, and two registered at the same moment`, async () => {
      const { where } = setUp({ instances: { a: former(1), b: former(1) }, cluster: 'web' });
      assert.match(await where(), /several container instances/);
    });
  }
});

describe('a host that registered anew a moment ago, and of which ECS still calls the old ECS agent connected', () => {
  const scene = (newAt?: number): Scene => ({
    instances: {
      a: { status: 'DRAINING', registeredAt: 1 },
      b: { status: 'ACTIVE', connected: false, ...(newAt !== undefined && { registeredAt: newAt }) },
    },
    heard: [registration('a')],
  });
  const said = registration('b');
  const newer = async ({ locate }: ReturnType<typeof setUp>, says: Registration | undefined) => {
    const found = await locate(says);
    return found.kind === 'known' && found.value.located.kind === 'registered'
      ? found.value.located.newer
      : 'unknown';
  };

  it('may be the new one: what stays in its cluster would be let go with the tasks of that one', async () => {
    assert.equal(await newer(setUp(scene(2)), said), ci('b'));
    assert.equal(await newer(setUp(scene()), said), ci('b'), 'ECS does not say when it registered');
    const instances = { ...scene(2).instances, a: { status: 'DRAINING' } };
    assert.equal(await newer(setUp({ ...scene(2), instances }), said), ci('b'), 'nor when the old one did');
  });
  it('is not what it was before', async () => {
    assert.equal(await newer(setUp(scene(0)), said), undefined);
    assert.equal(await newer(setUp(scene(1)), said), undefined, 'nor what registered at the same moment');
  });
  it('may be what its ECS agent has named, and ECS does not know for minutes', async () => {
    const heard = [registration('a'), registration('b')];
    const host = setUp({ instances: { a: { status: 'DRAINING' } }, heard, since: 1_000_000_000 });
    host.pass(5 * MINUTE - 1);
    assert.equal(await newer(host, said), ci('b'), 'its tasks would end with the root volume');
    host.pass(1);
    assert.equal(await newer(host, said), undefined, 'the instance is kept for ever');
  });
  it('may be what ECS has listed once and cannot describe yet, though its next list is older', async () => {
    const scene: Scene = {
      instances: { a: { status: 'DRAINING' } },
      heard: [registration('a')],
      undescribed: ['b'],
    };
    const host = setUp(scene);
    await newer(host, undefined);
    scene.undescribed = [];
    host.pass(5 * MINUTE - 1);
    assert.equal(
      await newer(host, undefined),
      ci('b'),
      'the instance would be let go with the tasks of that one',
    );
    host.pass(1);
    assert.equal(await newer(host, undefined), undefined, 'the instance is kept for ever');
  });
  it('is not what ECS has listed, and calls another host’s a moment later', async () => {
    const scene: Scene = {
      instances: { a: { status: 'DRAINING' } },
      heard: [registration('a')],
      undescribed: ['b'],
    };
    const host = setUp(scene);
    await newer(host, undefined);
    Object.assign(scene, {
      undescribed: [],
      instances: { ...scene.instances, b: { status: 'ACTIVE', on: 'i-other', listed: false } },
    });
    assert.equal(await newer(host, undefined), undefined);
  });
  it('is the connected one once ECS has had minutes to find out', async () => {
    const host = setUp(scene(2));
    await newer(host, said);
    host.pass(5 * MINUTE - 1);
    assert.equal(await newer(host, said), ci('b'));
    host.pass(1);
    assert.equal(await newer(host, said), undefined, 'the instance is kept for ever');
  });
});

describe('ECS has let go of this host', () => {
  const gone = { a: { status: 'INACTIVE' } };

  it('where it once said so and has forgotten it since, though the rest of that round failed', async () => {
    const scene: Scene = { instances: { a: { status: 'INACTIVE' } }, refuses: { find: 'throttled' } };
    const { where } = setUp(scene);
    await assert.rejects(where(registration('a')), { kind: 'throttled' });
    scene.instances = {};
    scene.refuses = {};
    assert.equal(await where(registration('a')), `gone ${ci('a')}`, 'the instance is paid for meanwhile');
  });
  it('not where it now calls it another host’s', async () => {
    const scene: Scene = {
      instances: { a: { status: 'INACTIVE', on: 'i-other' } },
      own: [registration('a')],
    };
    assert.match(await setUp(scene).where(), /ECS contradicts itself about the container instance .*a$/);
  });

  for (const status of ['INACTIVE', 'DEREGISTERING', 'REGISTRATION_FAILED'])
    it(`where it describes it as ${status} and lists no other`, async () => {
      const { locate, asked } = setUp({ instances: { a: { status, listed: false } } });
      const { located } = ((await locate(registration('a'))) as { value: { located: object } }).value;
      assert.deepEqual(located, { kind: 'gone', cluster: 'web', arn: ci('a'), isForgotten: false });
      assert.deepEqual(asked, ['describe web a', 'find web']);
    });
  it('as the one that the ECS agent says, else as the latest', async () => {
    const both = { a: { status: 'INACTIVE' }, b: { status: 'INACTIVE' } };
    const { where } = setUp({ instances: both, own: [registration('a'), registration('b')] });
    assert.equal(await where(registration('a')), `gone ${ci('a')}`);
    assert.equal(await where(registration('b')), `gone ${ci('b')}`);
    assert.equal(await where(), `gone ${ci('b')}`);
  });
  it('and what it lists by the instance id is not described again', async () => {
    const { where, asked } = setUp({
      instances: { a: { status: 'INACTIVE', listed: true }, b: { status: 'ACTIVE', on: 'i-other' } },
      own: [registration('a')],
    });
    await where(registration('b'));
    assert.deepEqual(asked, ['describe web b,a', 'find web']);
  });
  it('but not where it lists another one of it: the host was registered anew', async () => {
    const { where } = setUp({ instances: { ...gone, b: { status: 'ACTIVE' } } });
    assert.equal(await where(registration('a')), `registered ${ci('b')}`);
  });
  it('though it may not be asked by the instance id', async () => {
    const scene: Scene = { instances: gone, refuses: { find: 'permission' } };
    assert.equal(await setUp(scene).where(registration('a')), `gone ${ci('a')}`);
    assert.equal(
      await setUp({ ...scene, own: [registration('a')] }).where(registration('a')),
      `gone ${ci('a')}`,
      'without an optional permission no drain would end',
    );
    const { where } = setUp({ ...scene, own: [registration('a')] });
    const twice = [await where(registration('a')), await where(registration('a'))];
    const withdrawn = setUp({ ...scene, own: [registration('a')], mayList: true });
    await assert.rejects(
      withdrawn.where(registration('a')),
      { kind: 'permission' },
      'it may be another one by now, which ECS told before',
    );
    assert.deepEqual(twice, [`gone ${ci('a')}`, `gone ${ci('a')}`]);
    await assert.rejects(
      setUp({ ...scene, refuses: { find: 'transient' } }).where(registration('a')),
      AwsError,
    );
  });
  it('and forgotten it, where ECS itself had once said that it runs here', async () => {
    const { locate, where } = setUp({ instances: {}, own: [registration('a')] });
    assert.equal(await where(registration('a')), `gone ${ci('a')}`);
    const { located } = ((await locate(undefined)) as { value: { located: object } }).value;
    assert.deepEqual(located, { kind: 'gone', cluster: 'web', arn: ci('a'), isForgotten: true });
  });
  it('not on the word of one MISSING for what it has just described', async () => {
    const scene: Scene = {
      instances: { a: { status: 'DRAINING' } },
      own: [registration('a')],
      heard: [registration('a')],
    };
    const { where, pass } = setUp(scene);
    await where(registration('a'));
    scene.instances = {};
    pass(29_999);
    assert.match(await where(registration('a')), /contradicts itself/);
    assert.equal(
      await where(registration('a'), ci('a')),
      `gone ${ci('a')}`,
      'ECS let go of it at our own request',
    );
    pass(1);
    assert.equal(await where(registration('a')), `gone ${ci('a')}`);
  });
  it('not on the word of MISSING for one that is new: for five minutes ECS may not know it yet', async () => {
    const instances = { a: { status: 'DRAINING' } };
    for (const more of [{ heard: [registration('a')], since: 1_000_000_000 - MINUTE }, {}]) {
      const scene: Scene = { instances, own: [registration('a')], ...more };
      const { where, pass } = setUp(scene);
      await where(registration('a'));
      scene.instances = {};
      pass((more.since ? 4 : 5) * MINUTE - 1);
      assert.match(await where(registration('a')), /contradicts itself/);
      pass(1);
      assert.equal(await where(registration('a')), `gone ${ci('a')}`);
    }
  });
  for (const [whoever, heard] of [
    ['the ECS agent', [registration('a')]],
    ['ECS alone', []],
  ] as const)
    it(`not on the word of MISSING after a restart, where ${whoever} may have named it just now`, async () => {
      const { where, pass } = setUp({
        instances: {},
        own: [registration('a')],
        heard,
        since: 1_000_000_000 - MINUTE,
      });
      const said = heard[0];
      assert.match(
        await where(said),
        /contradicts itself/,
        'let go on an answer from before it registered, the instance could be given tasks',
      );
      pass(4 * MINUTE);
      assert.equal(await where(said), `gone ${ci('a')}`);
    });
  it('not on the word of MISSING in a drain that begins right after another', async () => {
    const registeredAt: RegisteredAt = new Map();
    const before = setUp({
      instances: { a: { status: 'DRAINING' } },
      own: [registration('a')],
      registeredAt,
    });
    await before.where(registration('a'));
    const { where, pass } = setUp({ instances: {}, own: [registration('a')], since: 0, registeredAt });
    assert.match(await where(), /contradicts itself/, 'its tasks end with an instance that one look lets go');
    pass(5 * MINUTE);
    assert.equal(await where(), `gone ${ci('a')}`);
  });
  it('not on the word of MISSING for one that is new, though another is known for long', async () => {
    let now = 1_000_000_000;
    const scene: EcsScene = { instances: { a: { status: 'DRAINING' } } };
    const locate = createLocate({
      ecs: fakeEcs(scene).ecs,
      instanceId: OWN,
      cluster: () => undefined,
      heard: () => [
        { ...registration('old'), since: 0 },
        { ...registration('a'), since: now - MINUTE },
      ],
      own: () => [{ ...registration('a'), since: 0 }],
      registeredAt: new Map(),
      ...nothingKept,
      now: () => now,
    });
    await locate(registration('a'));
    scene.instances = {};
    now += MINUTE;
    const found = await locate(registration('a'));
    assert.match(found.kind === 'unknown' ? found.cause : '', /contradicts itself/);
  });
  it('not within five minutes after it has listed one that it cannot describe, though its next list is older', async () => {
    const scene: Scene = { instances: gone, own: [registration('a')], cluster: 'web', undescribed: ['b'] };
    const { where, pass } = setUp(scene);
    assert.match(await where(), /contradicts itself .*\/b/);
    scene.undescribed = [];
    pass(5 * MINUTE - 1);
    assert.equal(
      await where(),
      `ECS does not know the container instance ${ci('b')}, which it has listed for this host; asking once more`,
    );
    pass(1);
    assert.equal(await where(), `gone ${ci('a')}`);
  });
  it('not while it lists one that it cannot describe', async () => {
    const { ecs } = fakeEcs({ instances: {} });
    const locate = createLocate({
      ecs: { ...ecs, find: async () => [ci('b')] },
      instanceId: OWN,
      cluster: () => 'web',
      heard: () => [],
      own: () => [{ ...registration('a'), since: -Infinity }],
      registeredAt: new Map(),
      ...nothingKept,
      now: () => 0,
    });
    const found = await locate(undefined);
    assert.match(found.kind === 'unknown' ? found.cause : '', /contradicts itself .*\/b/);
  });
});

describe('what is said on the host’s port never lets the instance go', () => {
  const real = { real: { status: 'DRAINING' } };

  it('a container instance that ECS does not know: the one that it lists counts', async () => {
    const { where } = setUp({ instances: real });
    assert.equal(await where(registration('fake')), `registered ${ci('real')}`);
  });
  it('… of a cluster in which it lists none: the one that was heard before counts', async () => {
    const scene: Scene = { instances: real, heard: [registration('real')], noCluster: ['other'] };
    assert.equal(await setUp(scene).where(registration('fake', 'other')), `registered ${ci('real')}`);
  });
  it('… of a form that ECS refuses: the others are asked after without it, and it no more', async () => {
    const heard = [registration('real'), registration('odd')];
    const { where, asked } = setUp({ instances: real, heard, invalid: ['odd'] });
    const lost = 'one lie, told once, keeps the instance for ever';
    assert.equal(await where(registration('real')), `registered ${ci('real')}`, lost);
    assert.equal(await where(), `registered ${ci('real')}`, lost);
    assert.equal(await where(registration('odd')), `registered ${ci('real')}`, lost);
    assert.deepEqual(
      asked.slice(3),
      ['describe web real', 'find web', 'describe web real'],
      'each look costs more requests',
    );
  });
  it('… alone of such a form: ECS is asked by the instance id', async () => {
    const { where } = setUp({ instances: real, invalid: ['odd'] });
    assert.equal(await where(registration('odd')), `registered ${ci('real')}`);
  });
  it('one that ECS lists and does not describe: not known, whatever cluster the operator names', async () => {
    const { where, pass } = setUp({ instances: { a: { status: 'ACTIVE' } }, cluster: 'web', invalid: ['a'] });
    for (let looks = 0; looks < 3; looks++, pass(60 * MINUTE)) {
      const said = await where(registration('a'));
      assert.match(said, /contradicts itself .*\/a/, 'the instance is let go, and ECS lists it');
    }
  });
  it('… where it lists none at all: that is not known', async () => {
    const { where, pass } = setUp({ instances: {} });
    assert.match(await where(registration('fake')), /does not know .*fake; set --cluster/);
    pass(60 * MINUTE);
    assert.match(await where(registration('fake')), /does not know .*fake; set --cluster/);
  });
  it('… where it lists none in the operator’s cluster: believed after five minutes', async () => {
    const { where, pass } = setUp({ instances: {}, cluster: 'web' });
    assert.match(await where(registration('new')), /asking once more/);
    pass(5 * MINUTE - 1);
    assert.match(await where(registration('new')), /asking once more/);
    pass(1);
    assert.equal(await where(registration('new')), 'never-registered');
  });
  it('… after ECS has let go of this host: it is still what ECS let go, and that one’s tasks are waited for', async () => {
    const { where, pass } = setUp({
      instances: { old: { status: 'INACTIVE' } },
      cluster: 'web',
      own: [registration('old')],
    });
    assert.match(await where(registration('fake')), /asking once more/);
    pass(5 * MINUTE);
    assert.equal(
      await where(registration('fake')),
      `gone ${ci('old')}`,
      'a task that is still stopping would be cut off',
    );
  });
  it('one that this host was long ago: the one that it is now counts', async () => {
    const { where } = setUp({ instances: { ...real, old: { status: 'INACTIVE' } } });
    assert.equal(await where(registration('old')), `registered ${ci('real')}`);
  });
  it('one of another host: not known, once ours is gone', async () => {
    const scene: Scene = {
      instances: { ...real, neighbour: { status: 'ACTIVE', on: 'i-other' } },
      heard: [registration('real')],
    };
    const { where } = setUp(scene);
    assert.equal(await where(registration('neighbour')), `registered ${ci('real')}`);
    scene.instances = { ...scene.instances, real: { status: 'INACTIVE' } };
    assert.match(await where(registration('neighbour')), /neighbour runs on i-other/);
  });
  it('a cluster that is not there makes nothing else unknown, but where it is all there is', async () => {
    const scene: Scene = { instances: real, own: [registration('real')], noCluster: ['other'] };
    assert.equal(await setUp(scene).where(registration('x', 'other')), `registered ${ci('real')}`);
    await assert.rejects(
      setUp({ instances: {}, noCluster: ['other'] }).where(registration('x', 'other')),
      AwsError,
    );
  });
  it('its own cluster was deleted: gone, since no cluster with a container instance can be deleted', async () => {
    const deleted: Scene = { instances: {}, own: [registration('real')], noCluster: ['web'] };
    for (const cluster of [undefined, 'web']) {
      const { where } = setUp({ ...deleted, ...(cluster && { cluster }) });
      const lost = 'a host that was drained before is never released';
      assert.equal(await where(registration('real')), `gone ${ci('real')}`, lost);
      assert.equal(await where(), `gone ${ci('real')}`, lost);
    }
  });
  it('its own cluster is said not to be there a moment after ECS has described this host in it: not known', async () => {
    const noCluster: string[] = [];
    const before = [registration('real')];
    const { where, pass } = setUp({ instances: real, own: before, heard: before, noCluster });
    assert.equal(await where(registration('real')), `registered ${ci('real')}`);
    noCluster.push('web');
    pass(29_999);
    assert.match(
      await where(registration('real')),
      /contradicts itself/,
      'one wrong answer would release it',
    );
    pass(1);
    assert.equal(await where(registration('real')), `gone ${ci('real')}`);
  });
  it('the cluster that only the operator names is not there: not known, as it may be a typing error', async () => {
    const scene: Scene = { instances: {}, cluster: 'wbe', noCluster: ['wbe'] };
    await assert.rejects(setUp(scene).where(), { code: 'ClusterNotFoundException' });
  });
  it('such a cluster does not keep the operator’s from being asked', async () => {
    const scene: Scene = { instances: real, noCluster: ['other'], cluster: 'web' };
    assert.equal(await setUp(scene).where(registration('x', 'other')), `registered ${ci('real')}`);
  });
  it('one that a cluster lists by our instance id, and that we may not describe: not known', async () => {
    const fake = fakeEcs({
      instances: { a: { status: 'INACTIVE' }, x: { status: 'ACTIVE', on: 'i-other' } },
    });
    const locate = createLocate({
      ecs: {
        ...fake.ecs,
        describe: async (cluster, arns) => {
          if (cluster !== 'other') return fake.ecs.describe(cluster, arns);
          throw new AwsError('ecs:DescribeContainerInstances', 'permission', 'AccessDenied', 'no');
        },
      },
      instanceId: OWN,
      cluster: () => undefined,
      heard: () => [],
      own: () => [{ ...registration('a'), since: -Infinity }],
      registeredAt: new Map(),
      ...nothingKept,
      now: () => 0,
    });
    const found = await locate(registration('x', 'other'));
    assert.match(found.kind === 'unknown' ? found.cause : '', /contradicts itself .*other\/x/);
  });
  it('a name that nobody knows, long after the host was let go: only what is repeated is believed', async () => {
    const scene: { -readonly [K in keyof Scene]: Scene[K] } = { instances: {}, cluster: 'web' };
    const { where, pass } = setUp(scene);
    assert.match(await where(registration('fake')), /asking once more/);
    scene.own = [registration('a')];
    scene.instances = { a: { status: 'INACTIVE' } };
    assert.equal(await where(), `gone ${ci('a')}`);
    pass(5 * MINUTE);
    assert.match(await where(registration('fake')), /asking once more/, 'one lie would release it');
  });
  it('what ECS refuses to describe is not asked after again, until it is said anew', async () => {
    const { where, asked } = setUp({ instances: real, heard: [registration('real')], noCluster: ['other'] });
    const times = () => asked.filter((one) => one === 'describe other x').length;
    await where(registration('x', 'other'));
    await where(registration('x', 'other'));
    assert.equal(times(), 1, 'each look would cost a request more');
    await where();
    await where(registration('x', 'other'));
    assert.equal(times(), 2);
  });
  it('an outage of another cluster is one too: what is not answered is not missing', async () => {
    const { ecs } = fakeEcs({ instances: { a: { status: 'INACTIVE' } } });
    const locate = createLocate({
      ecs: {
        ...ecs,
        describe: async (cluster, arns) => {
          if (cluster !== 'other') return ecs.describe(cluster, arns);
          throw new AwsError('ecs:DescribeContainerInstances', 'transient', 'ServerException', 'later');
        },
      },
      instanceId: OWN,
      cluster: () => undefined,
      heard: () => [],
      own: () => [{ ...registration('a'), since: -Infinity }],
      registeredAt: new Map(),
      ...nothingKept,
      now: () => 0,
    });
    await assert.rejects(locate(registration('x', 'other')), { message: 'later' });
  });
  it('where ECS answers nothing at all, its first refusal is told', async () => {
    const refuse = (what: string) => async (cluster: string) => {
      throw new AwsError('ecs:ListTasks', 'permission', 'AccessDenied', `${what} ${cluster}`);
    };
    const locate = createLocate({
      ecs: { describe: refuse('describe'), find: refuse('find') },
      instanceId: OWN,
      cluster: () => undefined,
      heard: () => [{ ...registration('y', 'second'), since: 0 }],
      own: () => [],
      registeredAt: new Map(),
      ...nothingKept,
      now: () => 0,
    });
    await assert.rejects(locate(registration('x', 'first')), { message: 'describe first' });
  });
  it('a name that nobody knows is not believed where ECS may not be asked by the instance id', async () => {
    const { where, pass } = setUp({ instances: {}, cluster: 'web', refuses: { find: 'permission' } });
    await where(registration('fake'));
    pass(10 * MINUTE);
    assert.match(await where(registration('fake')), /does not know .*fake; set --cluster/);
  });
  it('an outage of our own cluster is one', async () => {
    const scene: Scene = { instances: {}, own: [registration('a')], refuses: { describe: 'permission' } };
    await assert.rejects(setUp(scene).where(registration('a')), AwsError);
  });
});

describe('a host that was never registered', () => {
  it('is believed half a minute after the first empty answer, in the cluster that the operator names', async () => {
    const { where, pass } = setUp({ instances: {}, cluster: 'web' });
    assert.match(await where(), /asking once more/);
    pass(29_999);
    assert.match(await where(), /asking once more/);
    pass(1);
    assert.equal(await where(), 'never-registered');
  });
  it('is believed though its ECS agent is configured for a cluster that is not there: the instance would be held for ever', async () => {
    const scene = { instances: {}, cluster: 'web', configuredCluster: 'wbe', noCluster: ['wbe'] };
    const { where, pass } = setUp(scene);
    assert.match(await where(), /asking once more/);
    pass(30_000);
    assert.equal(await where(), 'never-registered');
  });
  it('is believed after five minutes where its ECS agent has just said something, and fell silent', async () => {
    const { where, pass } = setUp({
      instances: {},
      cluster: 'web',
      heard: [registration('a')],
      since: 1_000_000_000 - 1,
    });
    await where();
    pass(4 * MINUTE);
    assert.match(await where(), /asking once more/, 'ECS may not list it yet');
    pass(2 * MINUTE);
    assert.equal(await where(), 'never-registered');
  });
  it('is unclear without the name of a cluster: the operator is told what to set, not that a guess is none', async () => {
    const { where } = setUp({ instances: {}, noCluster: ['default'] });
    await assert.rejects(where(), { kind: 'rejected', message: /ECS agent is silent; set --cluster/ });
  });
  it('is new for five minutes, and not a moment longer', async () => {
    const since = 1_000_000_000 - 5 * MINUTE + 30_000;
    const scene: Scene = { instances: {}, cluster: 'web', heard: [registration('a')], since };
    const { where, pass } = setUp(scene);
    assert.match(await where(), /asking once more/);
    pass(30_000);
    assert.equal(await where(), 'never-registered');
  });
  it('begins anew when something was found in between', async () => {
    const scene: Scene = { instances: {}, cluster: 'web' };
    const { where, pass } = setUp(scene);
    await where(registration('b'));
    scene.instances = { a: { status: 'ACTIVE' } };
    assert.equal(await where(registration('b')), `registered ${ci('a')}`);
    scene.instances = { a: { status: 'INACTIVE' } };
    pass(6 * MINUTE);
    assert.match(await where(registration('b')), /asking once more/);
  });
  it('is not believed in a cluster that nobody named', async () => {
    const { where, asked } = setUp({ instances: {} });
    assert.match(await where(), /the ECS agent is silent; set --cluster/);
    assert.deepEqual(asked, ['find default']);
  });
  it('is not believed where ECS may not be asked by the instance id', async () => {
    const { where } = setUp({ instances: {}, cluster: 'web', refuses: { find: 'permission' } });
    await assert.rejects(where(), { kind: 'permission' });
  });
});

describe('a host that ECS has let go of', () => {
  it('is looked for under other names once a minute while its ECS agent says the same, and always while it is silent', async () => {
    const { where, asked, pass } = setUp({
      instances: { a: { status: 'INACTIVE' } },
      own: [registration('a')],
    });
    const lists = async (said: Registration | undefined) => {
      asked.length = 0;
      assert.equal(await where(said), `gone ${ci('a')}`);
      return asked.includes('find web');
    };
    assert.equal(await lists(registration('a')), true);
    pass(59_999);
    assert.equal(await lists(registration('a')), false);
    assert.equal(await lists(undefined), true, 'it may have registered anew while the ECS agent was silent');
    pass(MINUTE);
    assert.equal(await lists(registration('a')), true);
  });
});

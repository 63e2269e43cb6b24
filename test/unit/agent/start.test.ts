import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../../src/agent/report/report.ts';
import { startAgent } from '../../../src/agent/start.ts';
import type { State } from '../../../src/agent/state/state-file.ts';
import type { Attempt } from '../../../src/aws/call.ts';
import { known } from '../../../src/base/reading.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { addFault } from '../../../src/sandbox/faults.ts';
import { createFleet, type FleetOptions } from '../../../src/sandbox/fleet.ts';
import { inMemory } from '../../../src/sandbox/in-memory.ts';
import type { RequestedOn } from '../../../src/signals/manual.ts';
import type { Signal } from '../../../src/signals/signal.ts';
import { createVirtualClock, START, settled } from '../../support/virtual-clock.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

type Options = {
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly fleet?: FleetOptions;
  readonly machine?: Parameters<ReturnType<typeof createFleet>['addInstance']>[0];
  readonly random?: number;
  readonly isSilent?: boolean;
  readonly configuredCluster?: string;
  readonly kept?: (instanceId: string) => State;
};

/** The agent on an instance of a simulated AWS, in memory. */
function start({ flags = [], environment = {}, random = 0.5, ...options }: Options = {}) {
  const clock = createVirtualClock();
  const fleet = createFleet({ now: START, ...options.fleet });
  const machine = fleet.addInstance(options.machine);
  const face = inMemory(fleet.world, { clock, instanceId: machine.id });
  const loaded = loadConfig(flags, {}, () => '');
  if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join('\n'));
  const stop = new AbortController();
  const host = {
    isSilent: options.isSilent ?? false,
    asked: [] as number[],
    manual: undefined as Signal | undefined,
    askedOn: undefined as RequestedOn | undefined,
    fault: undefined as Error | undefined,
    region: undefined as string | undefined,
    saved: [] as State[],
    said: [] as string[],
    attempts: [] as string[],
    report: undefined as Report | undefined,
    isOver: false,
  };
  void startAgent(loaded.config, {
    clock,
    uptime: () => 77,
    awake: () => 66,
    random: () => random,
    http: async (request) => {
      if (request.url.includes('/latest/api/token')) host.asked.push(clock.monotonic());
      if (host.isSilent) throw new Error('silent');
      return face.http(request);
    },
    transport: (region) => {
      host.region = region;
      return face.transport;
    },
    store: {
      load: () => options.kept?.(machine.id),
      putOnDisk: () => {},
      save: (state) => void host.saved.push(structuredClone(state)),
      remove: () => {},
    },
    manual: async (on) => {
      host.askedOn = on;
      if (host.fault) throw host.fault;
      return known(host.manual);
    },
    configuredCluster: () => options.configuredCluster,
    environment,
    log: (event, message) => void host.said.push(`${event}: ${message}`),
    onReport: (report) => {
      host.report = report();
    },
    onAttempt: ({ operation, error }: Attempt) =>
      void host.attempts.push(`${operation} ${error?.kind ?? 'ok'}`),
    stop: stop.signal,
  }).then(() => {
    host.isOver = true;
  });
  return {
    ...host,
    host,
    fleet,
    machine,
    clock,
    stop,
    pass: async (ms: number) => {
      const end = clock.trueNow() + ms;
      clock.at(end, () => {});
      await settled();
      while (clock.step(end)) {
        await settled();
        fleet.world.advance(clock.trueNow());
      }
    },
  };
}

describe('before it knows who it is', () => {
  const silent = (options: Options = {}) => start({ ...options, isSilent: true });

  it('it asks every 2 s, jittered by a half, says so at once and then once a minute', async () => {
    const agent = silent();
    await agent.pass(2 * MINUTE + SECOND);
    assert.deepEqual(agent.asked.slice(0, 4), [0, 2_000, 4_000, 6_000]);
    const line =
      'agent.waiting: waiting for instance metadata: asking IMDS for meta-data/instance-id: silent';
    assert.deepEqual(agent.said, [line, line, line]);
    assert.deepEqual(agent.host.report, {
      state: 'starting',
      summary: 'waiting for instance metadata: asking IMDS for meta-data/instance-id: silent',
      signals: [],
      problems: [
        {
          kind: 'metadata',
          why: 'asking IMDS for meta-data/instance-id: silent',
          fix: 'enable instance metadata (HttpEndpoint=enabled), and let the agent’s user reach 169.254.169.254',
        },
      ],
    });
  });
  for (const [random, ms] of [
    [0, 1_000],
    [1, 3_000],
  ] as const)
    it(`a fleet that was booted at once does not ask at once: ${ms} ms`, async () => {
      const agent = silent({ random });
      await agent.pass(7 * SECOND);
      assert.deepEqual(agent.asked.slice(0, 3), [0, ms, 2 * ms]);
    });
  it('it stops when it is told to', async () => {
    const agent = silent();
    await agent.pass(5 * SECOND);
    agent.stop.abort();
    await agent.pass(0);
    assert.equal(agent.host.isOver, true, 'systemd would have to kill it');
    assert.equal(agent.said.length, 1);
  });
  it('it goes on once metadata answers', async () => {
    const agent = silent();
    await agent.pass(5 * SECOND);
    agent.host.isSilent = false;
    await agent.pass(2 * SECOND);
    assert.deepEqual(agent.said.slice(1), [
      `agent.ready: this is ${agent.machine.id} in eu-west-1`,
      'agent.ready: registered in cluster web',
      'agent.watching: watching tag ecs-drain-agent:terminate, lifecycle, spot',
    ]);
  });
});

describe('the Region', () => {
  for (const [environment, expected] of [
    [{}, 'eu-west-1'],
    [{ AWS_REGION: 'eu-west-1' }, 'eu-west-1'],
    [{ AWS_DEFAULT_REGION: 'us-east-1' }, 'us-east-1'],
    [{ AWS_DEFAULT_REGION: 'us-east-1', AWS_REGION: 'ap-south-1' }, 'ap-south-1'],
  ] as const)
    it(`by ${JSON.stringify(environment)} is ${expected}`, async () => {
      const agent = start({ environment });
      await agent.pass(SECOND);
      assert.equal(agent.host.region, expected);
      const warnings = agent.said.filter((line) => line.startsWith('config.warning'));
      const warning = `config.warning: AWS_REGION or AWS_DEFAULT_REGION is ${expected}, and this instance is in eu-west-1, as its cluster and its group are: none of them will be found`;
      // Nothing else would tell until the drain in which neither the cluster nor the hook is found.
      assert.deepEqual(warnings, expected === 'eu-west-1' ? [] : [warning]);
    });
});

describe('a drain is started by', () => {
  const drains = async (options: Options, act: (agent: ReturnType<typeof start>) => void) => {
    const agent = start({ fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 3_600 }] }, ...options });
    agent.fleet.runTask(agent.machine, { runsForMs: 600_000 });
    await agent.pass(20 * SECOND);
    act(agent);
    await agent.pass(20 * SECOND);
    return agent.machine.ecsAgent.containerInstance?.status === 'DRAINING';
  };
  const byHand = ({ host }: ReturnType<typeof start>) => {
    host.manual = { source: 'manual' };
  };

  it('hand, whichever signals are configured', async () =>
    assert.equal(await drains({ flags: ['--signals', 'spot'] }, byHand), true));
  it('the group', async () =>
    assert.equal(await drains({}, ({ fleet, machine }) => fleet.scaleIn(machine)), true));
  it('the group only where that is wanted', async () =>
    assert.equal(
      await drains({ flags: ['--signals', 'tag'] }, ({ fleet, machine }) => fleet.scaleIn(machine)),
      false,
    ));
  it('a Spot notice', async () =>
    assert.equal(await drains({}, ({ fleet, machine }) => fleet.interruptSpot(machine)), true));
  for (const [what, act] of [
    ['a Spot notice', ({ fleet, machine }) => fleet.interruptSpot(machine)],
    ['hand', byHand],
  ] as const satisfies [string, (agent: ReturnType<typeof start>) => void][])
    it(`${what}, at once, while the EC2 API that is asked for the tag does not answer`, async () => {
      const agent = start();
      agent.machine.imds.tags = false;
      agent.fleet.runTask(agent.machine, { runsForMs: 600_000 });
      await agent.pass(2 * SECOND);
      addFault(agent.fleet.world, {
        match: { api: 'ec2:DescribeTags' },
        fault: { what: 'stall' },
        forMs: 60 * MINUTE,
      });
      const tries = agent.attempts.length;
      while (agent.attempts.length === tries) await agent.pass(SECOND);
      // It is asked again after fifteen seconds, and hangs for ten.
      await agent.pass(19 * SECOND);
      act(agent);
      await agent.pass(7 * SECOND);
      const status = agent.machine.ecsAgent.containerInstance?.status;
      assert.equal(status, 'DRAINING', 'of the two minutes that Spot leaves, ten seconds pass unused');
    });
  it('nothing in a dry run, which lists the tasks all the same', async () => {
    const agent = start({ flags: ['--dry-run'] });
    agent.fleet.runTask(agent.machine, { runsForMs: 600_000 });
    await agent.pass(20 * SECOND);
    byHand(agent);
    await agent.pass(20 * SECOND);
    assert.equal(agent.machine.ecsAgent.containerInstance?.status, 'ACTIVE');
    assert.ok(agent.attempts.includes('ecs:ListTasks ok'));
  });
});

describe('mode deregister', () => {
  it('lists the tasks of an instance that stays ACTIVE', async () => {
    const agent = start({ flags: ['--mode', 'deregister'] });
    agent.fleet.runTask(agent.machine, { runsForMs: 600_000 });
    await agent.pass(20 * SECOND);
    agent.host.manual = { source: 'manual' };
    await agent.pass(20 * SECOND);
    assert.ok(agent.attempts.includes('ecs:ListTasks ok'), 'one that is placed last would be cut short');
  });
  it('and mode drain does not, to which more could come', async () => {
    const agent = start();
    await agent.pass(20 * SECOND);
    agent.host.manual = { source: 'manual' };
    agent.fleet.runTask(agent.machine, { runsForMs: 600_000 });
    await agent.pass(20 * SECOND);
    assert.ok(agent.attempts.includes('ecs:UpdateContainerInstancesState ok'));
    assert.ok(!agent.attempts.includes('ecs:ListTasks ok'), 'no list can end a drain while a task runs here');
  });
});

it('an error in this program is said once, and counts as no answer', async () => {
  const agent = start();
  agent.host.fault = new TypeError('it is no function');
  await agent.pass(MINUTE);
  assert.deepEqual(
    agent.said.filter((line) => !/^(agent.ready|signals.unknown)/.test(line)),
    ['agent.fault: an error in this program, asking for signals: it is no function'],
  );
});

describe('where the tag is read', () => {
  it('is said when the metadata serves no tags, and when it does again', async () => {
    const agent = start();
    agent.machine.imds.tags = false;
    await agent.pass(10 * SECOND);
    agent.machine.imds.tags = true;
    await agent.pass(11 * MINUTE);
    assert.deepEqual(
      agent.said.filter((line) => line.startsWith('tag.source')),
      [
        'tag.source: instance metadata serves no tags: reading the tag by ec2:DescribeTags instead',
        'tag.source: instance metadata serves tags again: the EC2 API is no longer asked',
      ],
    );
    assert.ok(agent.attempts.includes('ec2:DescribeTags ok'));
  });
});

describe('what an earlier process left', () => {
  it('is gone on with, and what is new is kept with how long the host has been up', async () => {
    const agent = start({
      kept: (instanceId) => ({
        instanceId,
        savedAt: START,
        uptime: 77,
        memory: { signalledAt: START - MINUTE, signals: [{ source: 'manual' }] },
      }),
    });
    agent.host.manual = { source: 'manual' };
    await agent.pass(20 * SECOND);
    const { memory, uptime, awake, own } = agent.host.saved.at(-1) ?? {};
    assert.equal(memory?.signalledAt, START - MINUTE, 'an operator’s limit would begin anew');
    assert.equal(uptime, 77);
    assert.equal(awake, 66);
    assert.equal(own?.[0]?.containerInstanceArn, agent.machine.ecsAgent.containerInstance?.arn);
  });
});

it('an event that an earlier process has begun a drain for is one still, though the host’s clock was set back', async () => {
  const notBefore = START + 90 * 24 * 60 * MINUTE;
  const signalsOf = async (eventId: (id: string) => string) => {
    let id = '';
    const scheduled = () =>
      ({ source: 'scheduled', code: 'instance-stop', eventId: eventId(id), notBefore }) as const;
    const agent = start({
      flags: ['--signals', 'scheduled'],
      kept: (instanceId) => ({
        instanceId,
        savedAt: START,
        uptime: 77,
        memory: { signalledAt: START - MINUTE, signals: [{ source: 'manual' }, scheduled()] },
      }),
    });
    id = agent.fleet.scheduleEvent(agent.machine, { code: 'instance-stop', notBefore });
    await agent.pass(20 * SECOND);
    return agent.host.report?.signals;
  };
  assert.deepEqual(await signalsOf((id) => id), ['scheduled'], 'its drain would be cancelled by a restart');
  assert.deepEqual(await signalsOf(() => 'another'), []);
});

it('the first heartbeat of many that are throttled waits, by when metadata last said that the group keeps the instance: others need theirs to live', async () => {
  const agent = start({
    flags: ['--signals', 'lifecycle'],
    fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 3_600 }] },
  });
  agent.fleet.runTask(agent.machine, { runsForMs: 600_000 });
  await agent.pass(20 * SECOND);
  addFault(agent.fleet.world, {
    match: { api: 'autoscaling:DescribeLifecycleHooks' },
    fault: { what: 'throttle' },
    forMs: 20 * SECOND,
  });
  agent.fleet.scaleIn(agent.machine);
  const isBeaten = () => agent.attempts.includes('autoscaling:RecordLifecycleActionHeartbeat ok');
  await agent.pass(90 * SECOND);
  assert.equal(isBeaten(), false, 'a fleet’s first heartbeats come all at once');
  await agent.pass(3 * MINUTE);
  assert.equal(isBeaten(), true, 'an outage that begins now would end its tasks');
});

it('a host that was never in the cluster that its ECS agent is configured for is let go: it would be held, and paid for, until its hook times out', async () => {
  const agent = start({
    configuredCluster: 'web',
    machine: { ecsAgentAfter: 'never' },
    fleet: { hooks: [{ name: 'drain', heartbeatTimeout: 3_600 }] },
  });
  await agent.pass(20 * SECOND);
  agent.fleet.scaleIn(agent.machine);
  await agent.pass(3 * MINUTE);
  assert.ok(agent.attempts.includes('autoscaling:CompleteLifecycleAction ok'), agent.attempts.join());
});

describe('a silent ECS agent’s last word', () => {
  /** How many seconds after the signal an instance that is empty is let go, if its ECS agent has fallen silent. */
  const heldFor = async (
    before: (agent: ReturnType<typeof start>) => Promise<void>,
    options: Options = {},
  ) => {
    const agent = start({ configuredCluster: 'web', ...options });
    await before(agent);
    addFault(agent.fleet.world, {
      match: { service: 'introspection' },
      fault: { what: 'refuse' },
      forMs: 60 * MINUTE,
    });
    agent.host.manual = { source: 'manual' };
    const { machine } = agent;
    const { containerInstance } = machine.ecsAgent;
    let seconds = 0;
    for (; seconds < 100 && containerInstance?.status !== 'INACTIVE'; seconds++) await agent.pass(SECOND);
    return seconds;
  };
  const cancelled = async (agent: ReturnType<typeof start>) => {
    agent.host.manual = { source: 'manual' };
    agent.fleet.runTask(agent.machine, { runsForMs: 12 * SECOND });
    await agent.pass(10 * SECOND);
    agent.host.manual = undefined;
    await agent.pass(10 * SECOND);
  };
  it('holds it for seconds where nothing told of a task', async () =>
    assert.ok((await heldFor((agent) => agent.pass(20 * SECOND))) < 30));
  it('holds it for longer after another drain: that may have been told of a task which this one’s looks do not show', async () =>
    assert.ok((await heldFor(cancelled)) > 45));
  it('holds it for longer after a restart in a drain, whose process may have been told', async () => {
    const kept = (instanceId: string): State => ({
      instanceId,
      savedAt: START,
      uptime: 77,
      memory: { signalledAt: START - MINUTE, signals: [{ source: 'manual' }] },
    });
    assert.ok((await heldFor(async () => {}, { kept })) > 45);
  });
});

describe('a host whose ECS agent is silent', () => {
  for (const [what, options, expected] of [
    [
      'is found in the cluster that its ECS agent is configured for',
      { configuredCluster: 'web' },
      'INACTIVE',
    ],
    [
      'is found in the cluster of the option',
      { flags: ['--cluster', 'web'], configuredCluster: 'no' },
      'INACTIVE',
    ],
    ['is not looked for in a cluster that nobody named', {}, 'ACTIVE'],
  ] as const)
    it(what, async () => {
      const agent = start(options);
      addFault(agent.fleet.world, {
        match: { service: 'introspection' },
        fault: { what: 'refuse' },
        forMs: 60 * MINUTE,
      });
      agent.host.manual = { source: 'manual' };
      await agent.pass(80 * SECOND);
      assert.equal(agent.machine.ecsAgent.containerInstance?.status, expected);
    });
});

it('a request to drain is looked for on this instance, beside the state of another that an image may hold', async () => {
  const agent = start({ kept: () => ({ instanceId: 'i-other', savedAt: START, memory: {} }) });
  await agent.pass(5 * SECOND);
  assert.deepEqual(agent.host.askedOn, { instanceId: agent.machine.id, stateOf: 'i-other' });
});

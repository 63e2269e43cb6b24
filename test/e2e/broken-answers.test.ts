import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { describe } from 'node:test';
import type { FaultKind, FaultPlan } from '../../src/sandbox/faults.ts';
import type { FleetOptions } from '../../src/sandbox/fleet.ts';
import { openPort, type Port } from '../../src/sandbox/wire/port.ts';
import { isMutating } from '../promises/calls.ts';
import type { Request } from '../promises/entry.ts';
import { type Agent, type Scene, scenario, waitUntil } from './scenario.ts';

/** Longer than two answers that never come, which take 10 s each. */
const fleet: FleetOptions = { hooks: [{ name: 'drain', heartbeatTimeout: 120 }] };
const OTHER_INSTANCE = 'i-0badc0ffee0ddf00d';
/** As the unit starts it, except that nothing is interpreted: that would take this host's time. */
const UNIT_NODE_ARGS = ['--max-semi-space-size=1', '--max-old-space-size=128'];
/**
 * Below the unit's MemoryMax of 268 MB, in MB of 1,000,000 bytes. A drain without a fault takes about 75. Most are taken
 * by the SDK where it keeps 10 MB for the name of a role, and asks for the credentials under that name.
 */
const PEAK_MB = 240;

/** Everything that can become of an answer on its way. */
const broken: Readonly<Record<string, FaultKind>> = {
  'an error of the server': { what: '5xx' },
  'reset before the body': { what: 'reset' },
  'reset in the middle of the body': { what: 'reset-mid-body' },
  'a stall for ever': { what: 'stall' },
  'HTML instead of what was asked for': { what: 'html' },
  'nothing, and HTTP 200': { what: 'empty' },
  'bytes without sense': { what: 'garbage' },
  'half of the body': { what: 'truncated' },
  'a body of 10 MB': { what: 'huge', bytes: 10_000_000 },
  'a redirect': { what: 'redirect' },
  'a byte every 300 ms': { what: 'drip', ms: 300 },
};

describe('what answers is broken', { concurrency: 2 }, () => {
  describe('answers that break on their way', { concurrency: 10 }, () => {
    for (const [name, fault] of Object.entries(broken)) {
      scenario(`${name} from every AWS API`, { fleet, except: late(fault) }, (scene) =>
        drainThrough(scene, [
          { match: { service: 'ecs' }, fault },
          { match: { service: 'autoscaling' }, fault },
        ]),
      );

      scenario(`${name} from metadata and the ECS agent`, { fleet }, (scene) =>
        drainThrough(scene, [
          { match: { service: 'imds' }, fault },
          { match: { service: 'introspection' }, fault, count: 3 },
        ]),
      );

      scenario(`${name} where credentials were asked for`, { fleet }, (scene) =>
        drainThrough(scene, [{ match: { service: 'imds', path: 'security-credentials' }, fault }]),
      );

      scenario(`${name} from metadata: never taken for a signal`, { fleet }, async (scene) => {
        const machine = scene.fleet.addInstance();
        const running = await scene.agent(machine);
        await running.says('agent.watching');
        const planned = scene.fault({ match: { service: 'imds' }, fault, count: Infinity });
        await waitUntil(() => planned.hits > 0, 'a broken answer');
        await scene.polls(machine, 2);
        scene.lift(planned);
        await scene.polls(machine, 2);
        assert.deepEqual(scene.requests(), []);
        assert.deepEqual(running.lines('drain.signalled'), []);
      });
    }

    scenario('connections to every AWS API refused, until they are not', { fleet }, async (scene) => {
      const { fleet, agent, happens, requests, sandbox } = scene;
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const door = await createDoor(Number(new URL(sandbox.apiUrl).port));
      try {
        const running = await agent(machine, {
          env: { AWS_ENDPOINT_URL: `http://127.0.0.1:${door.number}` },
        });
        fleet.scaleIn(machine);
        const { msg } = await running.says('call.failed');
        assert.match(msg, /ECONNREFUSED/);
        assert.deepEqual(requests(), []);
        await door.set(true);
        await running.says('call.recovered');
        fleet.endTask(task);
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      } finally {
        void door.release();
      }
    });

    scenario('metadata refuses connections in the middle of a drain', { fleet }, async (scene) => {
      const { fleet, agent, happens, sandbox } = scene;
      const machine = fleet.addInstance();
      const task = fleet.runTask(machine);
      const running = await agent(machine);
      fleet.scaleIn(machine);
      await running.says('drain.progress');
      machine.imds.started = false;
      await sandbox.settled();
      await running.says('signals.unknown');
      fleet.endTask(task);
      await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
    });
  });

  describe('metadata that serves the id of another instance', { concurrency: 4 }, () => {
    scenario(
      'after the start: it changes nothing, says so at once, and goes on when the id is right again',
      {
        fleet,
        except: { L1: 'it must not act under another name', L2: 'it must not act under another name' },
      },
      async ({ fleet, agent, polls, requests, happens }) => {
        const machine = fleet.addInstance();
        const running = await agent(machine);
        await running.says('agent.watching');
        machine.imds.claimsInstanceId = OTHER_INSTANCE;
        fleet.scaleIn(machine);
        const said = await running.says('identity.changed');
        assert.equal(said.level, 'error');
        await polls(machine, 5);
        assert.deepEqual(requests().filter(mutates), []);
        assert.equal(machine.ecsAgent.containerInstance?.status, 'ACTIVE');
        machine.imds.claimsInstanceId = undefined;
        await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
      },
    );

    scenario(
      'while a drain waits for its last task: nothing is released',
      {
        fleet,
        except: { L1: 'it must not act under another name', L2: 'it must not act under another name' },
      },
      async ({ fleet, agent, polls, requests, happens }) => {
        const machine = fleet.addInstance();
        const task = fleet.runTask(machine);
        const running = await agent(machine);
        fleet.scaleIn(machine);
        await happens('container-instance', { to: 'DRAINING' });
        machine.imds.claimsInstanceId = OTHER_INSTANCE;
        await running.says('identity.changed');
        const before = requests().filter(mutates).length;
        fleet.endTask(task);
        await happens('task', { to: 'STOPPED' });
        await polls(machine, 5);
        assert.equal(requests().filter(mutates).length, before);
        assert.equal(machine.ecsAgent.containerInstance?.status, 'DRAINING');
      },
    );
  });
});

/** What drips on in the end is an answer to whoever keeps the log: that the agent could not wait for it is not told. */
function late({ what }: FaultKind): Readonly<Record<string, string>> {
  return what === 'drip' ? { L1: 'no answer arrived in time' } : {};
}

const mutates = (request: { readonly api: string }): boolean => isMutating(request as Request);

/**
 * A drain that begins while these faults last, each until it has hit twice unless it is counted: it must end as any
 * other, in bounded memory.
 */
async function drainThrough(
  { fleet, agent, happens, fault, lift }: Scene,
  plans: readonly FaultPlan[],
): Promise<void> {
  const machine = fleet.addInstance();
  const task = fleet.runTask(machine);
  const running = await agent(machine, { nodeArgs: UNIT_NODE_ARGS });
  await running.says('agent.watching');
  const faults = plans.map((plan) => fault({ count: Infinity, ...plan }));
  fleet.scaleIn(machine);
  const lasting = faults.filter(({ left }) => left === Infinity);
  await waitUntil(() => lasting.every(({ hits }) => hits > 1), 'two broken answers of each kind');
  for (const one of lasting) lift(one);
  await waitUntil(() => faults.every(({ hits }) => hits > 0), 'every fault to hit');
  fleet.endTask(task);
  await happens('lifecycle-action-ended', { by: 'call', result: 'CONTINUE' });
  const peak = peakMegabytes(running);
  assert.ok(peak < PEAK_MB, `it took ${peak.toFixed(0)} MB: beyond 268 the unit has it killed`);
  await happens('machine-terminated', { instanceId: machine.id });
  assert.equal(task.stopCode, 'EssentialContainerExited');
  assert.deepEqual(fleet.world.interruptions, []);
}

/** The most memory that a process has ever had, where the system tells. */
function peakMegabytes({ pid }: Agent): number {
  if (process.platform !== 'linux') return 0;
  const kib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  return (kib * 1024) / 1_000_000;
}

/** A port of its own that refuses connections until it is opened, and then leads to another one. */
async function createDoor(to: number): Promise<Port> {
  const port = await openPort('127.0.0.1', () =>
    createServer((inner) => {
      const outer = connect(to, '127.0.0.1');
      inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
      outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
      inner.pipe(outer).pipe(inner);
    }),
  );
  await port.set(false);
  return port;
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { addFault } from '../../src/sandbox/faults.ts';
import { createFleet, type Fleet } from '../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import type { MachineOptions } from '../../src/sandbox/world/machines.ts';
import type { Machine } from '../../src/sandbox/world/state.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import type { BootedHost } from './booted-host.ts';

/** A simulated AWS with one instance, which the booted host takes itself for. */
export type Cloud = {
  readonly fleet: Fleet;
  readonly sandbox: Sandbox;
  readonly machine: Machine;
  /** The first event that fits, of those that were and those that come. */
  happened(what: string, fits: (event: TimelineEvent) => boolean): Promise<TimelineEvent>;
};

export type CloudOptions = {
  readonly instance?: Partial<MachineOptions>;
  /** The group's terminating hooks; one named `drain` unless told. */
  readonly hooks?: string[];
  /** Further lines of agent.conf. */
  readonly conf?: readonly string[];
  /** APIs that a policy forbids, by their IAM names. */
  readonly forbidden?: readonly string[];
};

const instanceId = 'i-0123456789abcdef0';

/**
 * Starts the agent on the host against a fresh AWS, with no memory of an earlier one, and stops it after `body`.
 * `body` gets the journal's position at that start.
 */
export async function inCloud(
  host: BootedHost,
  { instance = {}, hooks = ['drain'], conf = [], forbidden = [] }: CloudOptions,
  body: (cloud: Cloud, since: number) => Promise<void>,
): Promise<void> {
  const fleet = createFleet({ clock: systemClock, hooks: hooks.map((name) => ({ name })) });
  const machine = fleet.addInstance({ instanceId, ...instance });
  for (const api of forbidden) {
    addFault(fleet.world, {
      match: { api },
      fault: { what: 'error', name: 'AccessDeniedException', status: 400, message: 'not you' },
      forMs: 600_000,
    });
  }
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  try {
    const environment = Object.entries(sandbox.environment(machine.id)).map(
      ([name, value]) => `${name}=${value}`,
    );
    const lines = [...environment, 'ECS_DRAIN_POLL_INTERVAL=1s', ...conf];
    await writeFile(join(host.root, 'etc/ecs-drain-agent/agent.conf'), `${lines.join('\n')}\n`);
    const since = host.journal.now();
    await host.sh(
      'systemctl restart ecs-drain-agent || { journalctl -u ecs-drain-agent -n 20 -o cat; false; }',
    );
    await body(
      { fleet, sandbox, machine, happened: (what, fits) => happened(fleet, sandbox, what, fits) },
      since,
    );
  } finally {
    await host.attempt('systemctl stop ecs-drain-agent; rm -rf /var/lib/private/ecs-drain-agent/*');
    await sandbox.close();
  }
}

/** How long something that should happen may take before it counts as not happening, in ms. */
const patience = 90_000;

function happened(
  { world }: Fleet,
  { timeline }: Sandbox,
  what: string,
  fits: (event: TimelineEvent) => boolean,
): Promise<TimelineEvent> {
  return new Promise((resolve, reject) => {
    const already = timeline.find(fits);
    if (already !== undefined) {
      resolve(already);
      return;
    }
    const timer = setTimeout(() => {
      stop();
      const last = timeline.slice(-15).map((event) => JSON.stringify(event));
      reject(
        new Error(`waited ${patience / 1000} s for ${what}. The last that happened:\n${last.join('\n')}`),
      );
    }, patience);
    const stop = world.onEvent((event) => {
      if (!fits(event)) return;
      clearTimeout(timer);
      stop();
      resolve(event);
    });
  });
}

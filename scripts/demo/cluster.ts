import type { Clock } from '../../src/base/clock.ts';
import {
  createFleet,
  type Fleet,
  type Machine,
  type Service,
  type Task,
  type TimelineEvent,
} from '../../src/sandbox/index.ts';

export const TAG_KEY = 'ecs-drain-agent:terminate';

/** Three instances in a group with a hook; a service, a daemon, and a batch task on the first of them. */
export type DemoCluster = {
  readonly fleet: Fleet;
  readonly machines: readonly Machine[];
  /** The one that the group will take: the oldest. */
  readonly chosen: Machine;
  readonly batch: Task;
  readonly site: Service;
  readonly history: readonly TimelineEvent[];
  /** `A`, `B` or `C`. */
  nameOf(instanceId: string): string;
};

const BATCH_MS = 24_000;

export function createCluster(clock: Clock): DemoCluster {
  const history: TimelineEvent[] = [];
  const fleet = createFleet({
    clock,
    clusterName: 'shop',
    groupOptions: { name: 'shop-group' },
    hooks: [{ name: 'drain', heartbeatTimeout: 30 }],
    timings: {
      pending: 2_000,
      exitAfterSigterm: 2_000,
      agentReportLag: 300,
      deprovisioning: 300,
      terminatingToWait: 700,
    },
    onEvent: (event) => history.push(event),
  });
  const machines = ['A', 'B', 'C'].map(() => fleet.addInstance());
  const [chosen] = machines;
  if (!chosen) throw new Error('no instance');
  const site = fleet.addService({ name: 'web', desiredCount: 3 });
  fleet.addService({ name: 'log-router', strategy: 'DAEMON' });
  const batch = fleet.runTask(chosen, { family: 'nightly-report', runsForMs: BATCH_MS });
  return {
    fleet,
    machines,
    chosen,
    batch,
    site,
    history,
    nameOf: (instanceId) => 'ABC'[machines.findIndex(({ id }) => id === instanceId)] ?? '?',
  };
}

/** `web` of `service:web`. */
export const shortGroup = (group: string) => group.slice(group.indexOf(':') + 1);

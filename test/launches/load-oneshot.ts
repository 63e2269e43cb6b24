import type * as DemandQueue from '../../src/oneshot/aws/demand-queue.ts';
import type * as Group from '../../src/oneshot/aws/group.ts';
import type * as Subnets from '../../src/oneshot/aws/subnets.ts';
import type * as Tasks from '../../src/oneshot/aws/tasks.ts';
import type * as Keys from '../../src/oneshot/keys.ts';
import type * as LaunchLoop from '../../src/oneshot/launch-loop.ts';
import type { Edit } from '../simulation/edit-by-name.ts';
import { loaderOf } from '../support/load-copy.ts';
import type { Program } from './simulate.ts';

/** One deliberate bug of the launcher. */
export type Bug = {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** What it breaks. */
  readonly property: string;
};

/** Loads the launcher as it ships, or with one deliberate bug. */
export async function loadOneshot(bug?: Bug): Promise<Program> {
  const load = loaderOf(new URL('../../src/oneshot/', import.meta.url), bug?.name, bug?.edits);
  const [
    { createGroup },
    { createDemandQueue },
    { createTasks },
    { createZonesOf },
    { keyNames },
    { startLaunch },
  ] = await Promise.all([
    load<typeof Group>('aws/group.ts'),
    load<typeof DemandQueue>('aws/demand-queue.ts'),
    load<typeof Tasks>('aws/tasks.ts'),
    load<typeof Subnets>('aws/subnets.ts'),
    load<typeof Keys>('keys.ts'),
    load<typeof LaunchLoop>('launch-loop.ts'),
  ]);
  return { createGroup, createDemandQueue, createTasks, createZonesOf, keyNames, startLaunch };
}

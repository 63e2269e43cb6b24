/**
 * How far the group has come with taking an instance out of service. `begun`: no hook waits yet; behind a load balancer that can
 * last an hour. `retained`: a hook was abandoned, and the group keeps the instance until somebody terminates it again. `over`:
 * the group is done with it.
 */
export type Leaving = {
  /** `root-volume`: an instance refresh exchanges the root volume, and the same instance returns to service. */
  readonly aim: 'termination' | 'root-volume';
  readonly stage: 'begun' | 'waiting' | 'proceeding' | 'retained' | 'over';
};

/**
 * What a lifecycle state means for a drain; undefined where the group keeps the instance. The states of a warm pool have the
 * same hooks as the others (Auto Scaling user guide, "Lifecycle hooks with warm pools").
 */
export function leaving(state: string): Leaving | undefined {
  const [, what, stage = ''] = LEAVING.exec(state) ?? [];
  if (what === undefined) return undefined;
  if (what === 'Terminated') return { aim: 'termination', stage: 'over' };
  const aim = what === 'Terminating' ? 'termination' : 'root-volume';
  return { aim, stage: STAGES.get(stage) ?? 'begun' };
}

/** `RootVolumeReplaced` is not among them: the new root volume is there, and the instance is about to be in service. */
const LEAVING = /^(?:Warmed:)?(Terminating|Terminated|ReplacingRootVolume)(?::(.*))?$/;
const STAGES: ReadonlyMap<string, Leaving['stage']> = new Map([
  ['Wait', 'waiting'],
  ['Proceed', 'proceeding'],
  ['Retained', 'retained'],
]);

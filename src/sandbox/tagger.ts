import type { Fleet } from './fleet.ts';

/** Puts the terminate tag on an instance when its group's hook begins to wait. Returns the way to stop. */
export function attachTagger(fleet: Fleet, options: { tagKey?: string; hook?: string } = {}): () => void {
  const { tagKey = 'ecs-drain-agent:terminate', hook } = options;
  return fleet.world.onLifecycleEvent(({ time, detail }) => {
    if (hook !== undefined && detail.LifecycleHookName !== hook) return;
    const machine = fleet.world.machines.get(detail.EC2InstanceId);
    if (machine) fleet.putTag(machine, tagKey, `hook=${detail.LifecycleHookName} time=${time}`);
  });
}

import { DEFAULT_TAG_KEY } from '../config/names.ts';
import { formatTagValue } from '../signals/tag-value.ts';
import type { Fleet } from './fleet.ts';

/** Puts the terminate tag on an instance when its group's hook begins to wait. Returns the way to stop. */
export function attachTagger(fleet: Fleet, options: { tagKey?: string; hook?: string } = {}): () => void {
  const { tagKey = DEFAULT_TAG_KEY, hook } = options;
  return fleet.world.onLifecycleEvent(({ time, detail }) => {
    if (hook !== undefined && detail.LifecycleHookName !== hook) return;
    // One that stays keeps its tags.
    if (detail.Destination !== 'EC2') return;
    const machine = fleet.world.machines.get(detail.EC2InstanceId);
    if (machine) fleet.putTag(machine, tagKey, formatTagValue({ hook: detail.LifecycleHookName, time }));
  });
}

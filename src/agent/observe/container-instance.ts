import { known, type Reading, unknown } from '../../base/reading.ts';
import type { ContainerInstance, DrainState, EcsView } from '../model.ts';

/** What a view of ECS says about the container instance, unless that may be older than what the agent has done. */
export function containerInstanceIn(
  { unsureBefore, pretended, memory }: DrainState,
  view: Reading<EcsView>,
  askedAt: number,
): Reading<ContainerInstance> {
  if (view.kind === 'unknown') return view;
  const { containerInstance } = view.value;
  // StopTask before a Spot interruption does not wait for DRAINING that is under way. All else does.
  const isStillActive =
    unsureBefore === Infinity &&
    containerInstance.kind === 'registered' &&
    containerInstance.status === 'ACTIVE' &&
    containerInstance.arn === memory.drainingSetOn;
  if (askedAt < unsureBefore && !isStillActive) return unknown('its state was being set');
  if (containerInstance.kind !== 'registered') return known(containerInstance);
  if (pretended.includes('deregister')) return known({ kind: 'deregistered', arn: containerInstance.arn });
  return known(
    pretended.includes('set-draining') ? { ...containerInstance, status: 'DRAINING' } : containerInstance,
  );
}

import { known, type Reading, unknown } from '../../base/reading.ts';
import type { ContainerInstance, DrainState, EcsView } from '../model.ts';

/** What a view of ECS says about the container instance, unless that may be older than what the agent has done. */
export function containerInstanceIn(
  { unsureBefore, pretended }: DrainState,
  view: Reading<EcsView>,
  askedAt: number,
): Reading<ContainerInstance> {
  if (view.kind === 'unknown') return view;
  // While the call is under way nothing else that rests on it can begin, but for StopTask before a Spot interruption.
  if (askedAt < unsureBefore && unsureBefore < Infinity) return unknown('its state was being set');
  const { containerInstance } = view.value;
  if (containerInstance.kind !== 'registered') return known(containerInstance);
  if (pretended.includes('deregister')) return known({ kind: 'deregistered', arn: containerInstance.arn });
  return known(
    pretended.includes('set-draining') ? { ...containerInstance, status: 'DRAINING' } : containerInstance,
  );
}

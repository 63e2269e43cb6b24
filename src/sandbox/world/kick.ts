import { after } from './emit.ts';
import type { Cluster, Service, WorldState } from './state.ts';

/** Something changed that a service may have to answer: it takes a look, shortly. */
export function kickService(world: WorldState, service: Service): void {
  if (service.pass?.run || service.status === 'INACTIVE') return;
  service.pass = after(world, world.options.timings.scheduler, () => {
    service.pass = undefined;
    service.look();
  });
}

export function kickServices(world: WorldState, cluster: Cluster): void {
  for (const service of cluster.services.values()) kickService(world, service);
}

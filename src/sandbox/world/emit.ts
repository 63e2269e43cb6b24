import type { WorldState } from './state.ts';
import type { WorldEvent } from './timeline.ts';

/** Tells whoever listens. Takes a function, so that a simulation that does not listen makes no objects. */
export function emit(world: WorldState, describe: () => WorldEvent): void {
  if (world.listeners.length === 0) return;
  const event = { at: world.now, ...describe() };
  for (const listener of world.listeners) listener(event);
}

/** Plans something `delayMs` from now. */
export function after(world: WorldState, delayMs: number, run: () => void) {
  return world.queue.schedule(world.now + delayMs, run);
}

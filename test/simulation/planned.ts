import type { FaultKind } from '../../src/sandbox/index.ts';
import type { Disturbance } from '../promises/entry.ts';
import type { Happening } from './plan.ts';
import { NEIGHBOUR_ID } from './stage.ts';

/** What a happening is to the promises, beside what the World tells of it itself. Undefined: nothing. */
export function disturbanceOf(happening: Happening): Disturbance | undefined {
  switch (happening.what) {
    // The World tells of these, and the drain is what comes of them.
    case 'tag':
    case 'untag':
    case 'scale-in':
    case 'replace-root-volume':
    case 'spot':
    case 'rebalance':
    case 'event-scheduled':
    case 'event-unscheduled':
    case 'launch-hook':
    case 'manual-drain':
    case 'manual-cancel':
      return undefined;
    case 'claims-neighbour':
      return { what: 'identity', claims: NEIGHBOUR_ID };
    case 'claims-itself':
      return { what: 'identity', claims: undefined };
    case 'metadata-tags':
      return { what: 'tags-served', to: happening.to };
    case 'clock-jump':
      return { what: 'clock-set', byMs: happening.ms };
    case 'disk':
      return { what: 'disk' };
    case 'hibernation':
      return { what: 'hibernation', forMs: happening.forMs };
    case 'reboot':
      return { what: 'reboot', downMs: happening.downMs };
    // To the agent it is a reboot that takes long.
    case 'stop':
      return { what: 'reboot', downMs: happening.forMs + happening.ecsAgentAfter };
    case 'ecs-agent':
      return { what: 'ecs-agent' };
    case 'other-drains':
      return { what: 'others', did: 'drain' };
    case 'other-completes':
      return { what: 'others', did: 'complete' };
    case 'ec2-terminates':
      return { what: 'others', did: 'terminate' };
    default:
      return { what: 'others', did: 'something' };
  }
}

/** For how long, in ms, a fault that hits a request keeps the agent from asking again. */
export function restsFor(fault: FaultKind): number {
  if (fault.what === 'delay' || fault.what === 'stall' || fault.what === 'drip') return 10_000;
  // What is forbidden is tried once a minute.
  return fault.what === 'error' && fault.name === 'AccessDeniedException' ? 60_000 : 0;
}

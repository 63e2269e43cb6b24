import { isDate } from 'node:util/types';
import type { WrongAnswer } from './faults.ts';
import type { WorldInput, WorldOperation, WorldOutput } from './world/handlers.ts';
import type { Machine } from './world/state.ts';
import type { Caller, World } from './world/world.ts';

/** Answers a call as a service does that lags behind, forgets something, or is mistaken. What the call does is done. */
export function answerWrongly<O extends WorldOperation>(
  world: World,
  operation: O,
  input: WorldInput<O>,
  caller: Caller,
  fault: WrongAnswer,
): WorldOutput<O> {
  switch (fault.what) {
    case 'stale':
      return world.call(operation, input, caller, { staleMs: fault.ms });
    case 'unfiltered':
      return world.call(operation, unfiltered(input), caller);
    case 'omits':
      return without(world.call(operation, input, caller), fault.nth);
    case 'misnames':
      return misnamed(world, world.call(operation, input, caller), caller.instanceId);
  }
}

export function isWrongAnswer(fault: { readonly what: string }): fault is WrongAnswer {
  return ['stale', 'unfiltered', 'omits', 'misnames'].includes(fault.what);
}

function unfiltered<I>(input: I): I {
  const { filter: _, Filters: __, ...rest } = input as { filter?: unknown; Filters?: unknown };
  return rest as I;
}

/** Members without which an answer is another one, and as right as any. */
const OPTIONAL = new Set(['nextToken', 'NextToken', 'failures', 'InstanceLifecyclePolicy']);

/** A copy without one member: of the answer itself, or of what its lists hold. */
function without<T>(answer: T, nth: number): T {
  const copy = structuredClone(answer) as Record<string, unknown>;
  const members: (readonly [Record<string, unknown>, string])[] = [];
  for (const [name, value] of Object.entries(copy)) {
    if (!OPTIONAL.has(name)) members.push([copy, name]);
    const items = Array.isArray(value) ? value : [value];
    for (const item of items) {
      if (typeof item !== 'object' || item === null) continue;
      for (const member of Object.keys(item))
        if (!OPTIONAL.has(member)) members.push([item as Record<string, unknown>, member]);
    }
  }
  const chosen = members[nth % members.length];
  if (chosen) delete chosen[0][chosen[1]];
  return copy as T;
}

/** A copy in which everything that names the caller's instance names another one of the account. */
function misnamed<T>(world: World, answer: T, instanceId: string | undefined): T {
  const own = instanceId === undefined ? undefined : world.machines.get(instanceId);
  const other = [...world.machines.values()].find((one) => one !== own);
  if (!own || !other) return answer;
  const names = new Map(namesOf(own).map((name, index) => [name, namesOf(other)[index]]));
  const rename = (value: unknown): unknown => {
    if (typeof value === 'string') return names.get(value) ?? value;
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== 'object' || value === null || isDate(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rename(member)]));
  };
  return rename(answer) as T;
}

const namesOf = ({ id, ecsAgent }: Machine) => [
  id,
  ecsAgent.containerInstance?.arn ?? `${id} is not registered`,
];

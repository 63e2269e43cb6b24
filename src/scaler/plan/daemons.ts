import { satisfies } from './constraint.ts';
import type { DaemonService, FreshInstance, Resources } from './model.ts';

/** A new instance without what daemon services take of it that may have a task there. */
export function withoutDaemons(fresh: FreshInstance, daemons: readonly DaemonService[]): FreshInstance {
  const there = daemonsOn(fresh.attributes, daemons, true);
  return {
    ...fresh,
    total: less(fresh.total, there),
    portsInUse: [...new Set([...fresh.portsInUse, ...there.flatMap(({ ports }) => ports)])],
  };
}

/** What is free without what these take. */
export function less(free: Resources, daemons: readonly DaemonService[]): Resources {
  const left = (name: keyof Resources) =>
    daemons.reduce((rest, needs) => Math.max(0, rest - needs[name]), free[name]);
  return {
    cpu: left('cpu'),
    memory: left('memory'),
    gpu: left('gpu'),
    networkInterfaces: left('networkInterfaces'),
  };
}

/** The daemon services whose constraints an instance with these attributes satisfies, or may satisfy. */
export function daemonsOn(
  attributes: Readonly<Record<string, string>>,
  daemons: readonly DaemonService[],
  mayHaveMore = false,
): readonly DaemonService[] {
  return daemons.filter(({ constraints }) =>
    constraints.every(
      (one) => one.kind !== 'member-of' || satisfies(one.expression, attributes, mayHaveMore) !== 'no',
    ),
  );
}

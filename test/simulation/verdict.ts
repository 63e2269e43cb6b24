export type Property =
  | 'S1'
  | 'S2'
  | 'S3'
  | 'S4'
  | 'S5'
  | 'S6'
  | 'L1'
  | 'L2'
  | 'L3'
  | 'L4'
  | 'Q1'
  | 'Q2'
  | 'X1';

/** A promise that was broken. `at` is in ms since the Unix epoch. X1: the agent ended by itself. */
export type Violation = { readonly property: Property; readonly at: number; readonly what: string };

/** Keeps count of what was checked, and the first violation. */
export type Verdict = {
  check(property: Property, holds: boolean, what: () => string): void;
  violate(property: Property, what: string): void;
  /** Counts a check under a name of its own. */
  count(name: string): void;
  violation(): Violation | undefined;
  readonly checks: ReadonlyMap<string, number>;
};

export function createVerdict(now: () => number): Verdict {
  const checks = new Map<string, number>();
  let found: Violation | undefined;
  const count = (name: string) => void checks.set(name, (checks.get(name) ?? 0) + 1);
  const violate = (property: Property, what: string) => {
    found ??= { property, at: now(), what };
  };
  return {
    check: (property, holds, what) => {
      count(property);
      if (!holds) violate(property, what());
    },
    violate,
    count,
    violation: () => found,
    checks,
  };
}

/**
 * A promise, by its short name in docs/guarantees.md. X1: the agent ended by itself, or had an error of its own. X2: its report is of another
 * drain. X3: something was begun after it was told to end. X4: its state file cannot be relied on. X5: the operator's hooks of a drain
 * were left out.
 */
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
  | 'L5'
  | 'Q1'
  | 'Q2'
  | 'dry run'
  | 'X1'
  | 'X2'
  | 'X3'
  | 'X4'
  | 'X5';

/** A promise that was broken, and what that costs. `at` is in ms since the Unix epoch. */
export type Violation = { readonly property: Property; readonly at: number; readonly what: string };

/** Keeps count of what was checked, and each violation once. */
export type Verdict = {
  check(property: Property, holds: boolean, what: () => string): void;
  violate(property: Property, what: string): void;
  /** Counts a check under a name of its own. */
  count(name: string): void;
  readonly violations: readonly Violation[];
  readonly checks: ReadonlyMap<string, number>;
};

/** @param now the time of the entry that is being looked at, in ms since the Unix epoch */
export function createVerdict(now: () => number): Verdict {
  const checks = new Map<string, number>();
  const violations: Violation[] = [];
  const count = (name: string) => void checks.set(name, (checks.get(name) ?? 0) + 1);
  const violate = (property: Property, what: string) => {
    if (!violations.some((one) => one.property === property && one.what === what))
      violations.push({ property, at: now(), what });
  };
  return {
    check: (property, holds, what) => {
      count(property);
      if (!holds) violate(property, what());
    },
    violate,
    count,
    violations,
    checks,
  };
}

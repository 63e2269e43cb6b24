import { generators } from './generate-trace.ts';
import { MINUTE, type Placement, type PolicyName, type Scenario, SECOND, VCPU } from './model.ts';

export type Choice = {
  /** Files; those of the generators come with them. */
  readonly traces: readonly string[];
  readonly generated: boolean;
  readonly bootsMs: readonly number[];
  readonly vcpus: number;
  readonly seed: number;
};

/** The boot time for which all columns are shown, and for which placements are compared. */
export const USUAL_BOOT_MS = 3 * MINUTE;
export const BOOTS_MS = [60 * SECOND, USUAL_BOOT_MS, 5 * MINUTE];

export const POLICIES: readonly PolicyName[] = [
  'seed-blind',
  'seed-chosen',
  'managed',
  'managed-eager',
  'scaler',
];

/** What is compared beside binpack. */
const PLACED: readonly (readonly [PolicyName, Placement])[] = [
  ['managed', 'random'],
  ['scaler', 'random'],
  ['managed', 'lifetime-rough'],
  ['scaler', 'lifetime-rough'],
  ['scaler', 'lifetime-exact'],
];

/** How long the scaler keeps what is empty, beside its default. */
const EMPTY_FOR_MS = [3 * MINUTE, 20 * MINUTE];

export function scenariosOf({ traces, generated, bootsMs, vcpus, seed }: Choice): readonly Scenario[] {
  const all = [...traces, ...(generated ? Object.keys(generators) : [])];
  return all.flatMap((trace) => {
    const usual: Omit<Scenario, 'policy'> = {
      trace,
      placement: 'binpack',
      bootMs: USUAL_BOOT_MS,
      instanceCpu: vcpus * VCPU,
      seed,
      emptyForMs: undefined,
    };
    const compared = bootsMs.flatMap((bootMs) =>
      POLICIES.map((policy): Scenario => ({ ...usual, policy, bootMs })),
    );
    if (!bootsMs.includes(USUAL_BOOT_MS)) return compared;
    return [
      ...compared,
      ...PLACED.map(([policy, placement]): Scenario => ({ ...usual, policy, placement })),
      ...EMPTY_FOR_MS.map((emptyForMs): Scenario => ({ ...usual, policy: 'scaler', emptyForMs })),
    ];
  });
}

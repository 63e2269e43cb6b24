/**
 * What one source said when it was last asked. `unknown` means that it did not answer, or not intelligibly:
 * it never stands for "no", and no irreversible action rests on it, but for the exceptions that docs/guarantees.md names (S5).
 */
export type Reading<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'unknown'; readonly cause: string };

export const known = <T>(value: T): Reading<T> => ({ kind: 'known', value });

export const unknown = (cause: string): Reading<never> => ({ kind: 'unknown', cause });

/** The value of a known reading, else undefined. */
export const ifKnown = <T>(reading: Reading<T>): T | undefined =>
  reading.kind === 'known' ? reading.value : undefined;

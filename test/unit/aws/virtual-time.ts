import { settled, type VirtualClock } from '../../support/virtual-clock.ts';

/** Lets virtual time pass until the promise is settled, and gives what came of it. */
export async function pass<T>(
  clock: VirtualClock,
  promise: Promise<T>,
): Promise<{ value: T } | { error: Error & { [field: string]: unknown } }> {
  let outcome: { value: T } | { error: Error & { [field: string]: unknown } } | undefined;
  promise.then(
    (value) => {
      outcome = { value };
    },
    (error) => {
      outcome = { error };
    },
  );
  for (;;) {
    await settled();
    if (outcome) return outcome;
    if (!clock.step()) throw new Error('nobody sleeps, and it is not settled: it would wait for ever');
  }
}

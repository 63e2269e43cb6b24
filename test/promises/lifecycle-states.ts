/** What the states of an instance in its group mean (Auto Scaling API reference, `LifecycleState`). */

/** The group terminates the instance, in its warm pool or out of it. */
export const isTermination = (state: string): boolean => /^(Warmed:)?Terminat/.test(state);

/** An instance refresh is about to exchange the root volume of an instance that stays. */
export const isReplacement = (state: string | undefined): boolean =>
  state?.startsWith('ReplacingRootVolume') ?? false;

/** The group takes the instance out of service. */
export const leaves = (state: string): boolean => isTermination(state) || isReplacement(state);

/** It takes the instance out of service, and no hook waits yet. */
export const begins = (state: string): boolean => /(Terminating|ReplacingRootVolume)$/.test(state);

/** The terminating hooks wait. */
export const waits = (state: string | undefined): boolean =>
  state !== undefined && leaves(state) && state.endsWith(':Wait');

export const isRetained = (state: string | undefined): boolean =>
  state?.endsWith('Terminating:Retained') ?? false;

/** Target lifecycle states, in metadata, of an instance that the group takes out of service. */
export const GOING: ReadonlySet<string> = new Set(['Terminated', 'Warmed:Terminated', 'ReplacingRootVolume']);

import type { Reading } from '../base/reading.ts';

/** One reason to drain this instance. */
export type Signal =
  | TagSignal
  | { readonly source: 'lifecycle' }
  | {
      readonly source: 'spot';
      /** `terminate`, `stop` or `hibernate`. */
      readonly action: string;
      /** When the interruption comes, in ms since the Unix epoch. */
      readonly interruptionAt: number;
    }
  | { readonly source: 'rebalance'; readonly noticeAt: number }
  | {
      readonly source: 'scheduled';
      /** As EC2 names it, e.g. `instance-retirement`. */
      readonly code: string;
      readonly eventId: string;
      /** When it comes at the earliest, in ms since the Unix epoch. */
      readonly notBefore: number;
    }
  | { readonly source: 'manual' };

export type TagSignal = {
  readonly source: 'tag';
  readonly value: string;
  /** The lifecycle hook that the value names. */
  readonly hook?: string | undefined;
  /** When the lifecycle event happened, as the value says; ms since the Unix epoch. */
  readonly eventAt?: number | undefined;
};

/** What can have a signal. */
export type SignalSource = Signal['source'];

/** Reads one signal: known undefined means that there is none. */
export type ReadSignal = () => Promise<Reading<Signal | undefined>>;

/** One source of signals, and how it is read. */
export type SignalReader = { readonly source: SignalSource; readonly read: ReadSignal };

/** The sources that do not answer, and why: any of them may have a signal. */
export type SilentSources = Readonly<Partial<Record<SignalSource, string>>>;

/** EC2 user guide, "Spot instance interruption notices": the notice comes so long before the interruption, in ms. */
export const SPOT_NOTICE_MS = 120_000;

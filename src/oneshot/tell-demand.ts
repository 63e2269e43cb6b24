import { isRefusal } from '../aws/errors.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/text.ts';
import { lacksRoom } from './launch/decide.ts';
import type { Launch, Needs, Told } from './launch/model.ts';

/** How often a demand queue is told, in ms: whoever reads it forgets what is not repeated. */
const EVERY_MS = 10_000;
/** … and after a refusal, which a policy can lift while the launch waits. */
const AFTER_REFUSAL_MS = 60_000;

export type TellerPorts = {
  /** @param since since when there is no room, in ms since the Unix epoch */
  readonly send: (needs: Needs, since: number) => Promise<void>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onTold: (told: Told) => void;
};

/** Says what a launch needs for as long as it waits for room. */
export type Teller = {
  update(launch: Launch): void;
  /** The launch has ended. */
  end(): void;
};

/** Beside the launch and never in its way: whatever becomes of a message, the launch goes on. */
export function createTeller({ send, clock, random, onTold }: TellerPorts): Teller {
  let latest: Launch | undefined;
  let isTelling = false;
  const over = new AbortController();

  async function tell(): Promise<void> {
    while (latest?.phase.kind === 'starting' && !over.signal.aborted) {
      const { phase, needs } = latest;
      let rest = EVERY_MS;
      try {
        // A try that failed for another reason does not end the wait for room, nor begin it anew.
        if (lacksRoom(latest) && needs) {
          await send(needs, phase.waitingSince ?? clock.now());
          onTold({ trouble: undefined });
        }
      } catch (error) {
        if (isRefusal(error)) rest = AFTER_REFUSAL_MS;
        onTold({ trouble: messageOf(error) });
      }
      await clock.sleep(rest * (0.9 + 0.1 * random()), { signal: over.signal });
    }
  }

  return {
    update: (launch) => {
      latest = launch;
      if (isTelling || !lacksRoom(launch)) return;
      isTelling = true;
      void tell();
    },
    end: () => over.abort(),
  };
}

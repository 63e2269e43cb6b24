import type { Clock } from '../base/clock.ts';
import { removeIfPossible, replaceFile } from '../base/files.ts';
import type { Log } from '../log/log.ts';

export type TextFilePorts = {
  /** Ends in `.prom`, as node_exporter's textfile collector wants it. */
  readonly path: string;
  readonly text: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
};

/** As often as Prometheus commonly scrapes. */
export const WRITE_MS = 15_000;

/** Replaces the file as a whole every 15 s, until `stop` aborts: then it is removed, as nobody is there to keep it. */
export async function keepFile({ path, text, clock, log, stop }: TextFilePorts): Promise<void> {
  let saidFailed = false;
  while (!stop.aborted) {
    try {
      // The collector runs as another user, and reads nothing while it is written: its name ends in .prom only then.
      replaceFile(path, text(), { mode: 0o644, durable: false });
      saidFailed = false;
    } catch (error) {
      if (!saidFailed) {
        log(
          'metrics.unavailable',
          `the metrics cannot be written: ${(error as Error).message}; trying again every 15 s`,
        );
      }
      saidFailed = true;
    }
    await clock.sleep(WRITE_MS, { signal: stop });
  }
  removeIfPossible(path);
}

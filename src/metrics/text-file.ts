import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
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
      // Hidden from the collector, which reads every *.prom in the directory.
      const temporary = `${path}.new`;
      writeFileSync(temporary, text());
      // The collector runs as another user, whatever our umask.
      chmodSync(temporary, 0o644);
      renameSync(temporary, path);
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
  rmSync(path, { force: true });
}

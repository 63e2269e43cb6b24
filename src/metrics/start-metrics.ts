import type { Clock } from '../base/clock.ts';
import { version } from '../base/version.ts';
import type { Log } from '../log/log.ts';
import { emitEmf } from './emf.ts';
import { serveMetrics } from './endpoint.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { formatSamples } from './series.ts';
import { keepFile } from './text-file.ts';

export type MetricsPorts = {
  /** The address to serve metrics at; undefined: none. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  /** The file for node_exporter; undefined: none. */
  readonly file: string | undefined;
  /** The file for the CloudWatch agent, or `log`; undefined: none. */
  readonly emf?: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
};

/** Starts to record, and exposes what is recorded until `stop` aborts. A failure is logged and tried again. */
export function startMetrics({ listen, file, emf, clock, log, stop }: MetricsPorts): Recorder {
  const recorder = createRecorder(clock, {
    version,
    nodeVersion: process.version,
    memory: () => process.memoryUsage.rss(),
    cpu: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  });
  const text = () => formatSamples(recorder.samples());
  if (listen) void serveMetrics({ ...listen, text, clock, log, stop });
  if (file !== undefined) void keepFile({ path: file, text, clock, log, stop });
  if (emf !== undefined) void emitEmf({ recorder, target: emf, clock, log, stop });
  return recorder;
}

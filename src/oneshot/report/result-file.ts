import { isoTime } from '../../base/clock.ts';
import { replaceFile } from '../../base/files.ts';
import type { End } from '../launch/model.ts';

export type ResultContext = {
  readonly cluster: string;
  readonly key: string;
  /** In ms since the Unix epoch. */
  readonly beganAt: number;
  readonly endedAt: number;
};

/** How a launch has ended, for programs. Times are ISO 8601 in UTC; what is not known is null. */
export function resultOf(
  { code, source, kind, reason, task }: End,
  { cluster, key, beganAt, endedAt }: ResultContext,
): object {
  return {
    exit_code: code,
    source,
    kind,
    reason,
    cluster,
    key,
    task_arn: task?.arn ?? null,
    task_definition: task?.taskDefinitionArn ?? null,
    container_instance_arn: task?.containerInstanceArn ?? null,
    began_at: isoTime(beganAt),
    started_at: time(task?.startedAt),
    stopped_at: time(task?.stoppedAt),
    ended_at: isoTime(endedAt),
    stop_code: task?.stopCode ?? null,
    stopped_reason: task?.stoppedReason ?? null,
    containers: (task?.containers ?? []).map(({ name, exitCode, reason: why }) => ({
      name,
      exit_code: exitCode ?? null,
      reason: why ?? null,
    })),
  };
}

/** Replaces the file as a whole; others may read it. Throws where it cannot be written. */
export function writeResult(path: string, result: object): void {
  replaceFile(path, `${JSON.stringify(result, null, 2)}\n`, { mode: 0o644 });
}

const time = (at: number | undefined) => (at === undefined ? null : isoTime(at));

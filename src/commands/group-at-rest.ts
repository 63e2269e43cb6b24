import { groupName } from '../agent/observe/group-in-metadata.ts';
import type { Report } from '../agent/report/report.ts';
import type { Imds } from '../aws/imds.ts';
import type { Clock } from '../base/clock.ts';

/** An instance joins or leaves a group by hand only. In ms. */
const AGAIN_MS = 600_000;
const UNKNOWN_AGAIN_MS = 30_000;

/**
 * Follows which group this instance is in by its metadata, which costs no request to AWS, until `stop` aborts. Returns the
 * same report with the group in it, while the agent watches: in a drain it asks the group itself.
 */
export function followGroup(imds: Imds, clock: Clock, stop: AbortSignal): (report: Report) => Report {
  let group: string | undefined;
  void follow();
  return (report) => (report.state === 'watching' && group !== undefined ? { group, ...report } : report);

  async function follow() {
    while (!stop.aborted) {
      const answer = await groupName(imds);
      if (answer.kind === 'known') group = answer.value;
      await clock.sleep(answer.kind === 'known' ? AGAIN_MS : UNKNOWN_AGAIN_MS, { signal: stop });
    }
  }
}

import type { DrainReport, Entry } from './entry.ts';
import { type Instance, isTakenForAnother } from './instance.ts';
import type { Verdict } from './verdict.ts';

/** What a report may be off by, in ms: it is rounded to seconds, and made a moment before it is read. */
const ROUNDED_MS = 2_000;

/** What the agent reports is of this drain. */
export function checkReport(
  instance: Instance,
  { at, waitedSeconds, lastTaskEndedAt }: DrainReport & { readonly at: number },
  verdict: Verdict,
): void {
  const { id, drainSince, setting, lieSince, stateIsWhole } = instance;
  // Under another's name there is no drain. What could not be written is not known after a restart.
  if (!stateIsWhole) return;
  if (drainSince === undefined || lieSince !== undefined || isTakenForAnother(instance)) return;
  const slack = ROUNDED_MS + setting.slack;
  verdict.check(
    'X2',
    lastTaskEndedAt === undefined || lastTaskEndedAt >= drainSince - slack,
    () =>
      `${id} reports that its last task ended ${Math.round((drainSince - (lastTaskEndedAt ?? 0)) / 1000)} s before this drain began: its operator is shown another drain`,
  );
  verdict.check(
    'X2',
    waitedSeconds === undefined || waitedSeconds * 1_000 <= at - drainSince + slack,
    () =>
      `${id} reports a wait of ${waitedSeconds} s in a drain of ${Math.round((at - drainSince) / 1000)} s: its operator is shown another drain`,
  );
}

/** The state file can be read again after a save, whether that succeeded or not. */
export function checkStateFile(
  { id }: Instance,
  entry: Extract<Entry, { kind: 'state' }>,
  verdict: Verdict,
): void {
  if (entry.change === 'saved')
    verdict.check(
      'X4',
      entry.onDisk === 'new',
      () => `${id} saved its state, and ${WHAT[entry.onDisk]}: the next process starts without it`,
    );
  if (entry.change === 'save-failed')
    verdict.check(
      'X4',
      entry.onDisk !== 'damaged',
      () =>
        `${id} could not save its state, and ${WHAT.damaged}: the next process starts without the old one`,
    );
}

const WHAT = { new: '', old: 'the file holds the state before', damaged: 'the file cannot be read' } as const;

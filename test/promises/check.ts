import { defaultSetting, type Entry, type Setting } from './entry.ts';
import { createHost, follow, type Host, instanceOf } from './host.ts';
import { hookTimedOut, keptTooLong, leftDraining, undidOthersDraining } from './liveness.ts';
import { notQuiet, tooMany } from './quiet.ts';
import { lostTask, unsafe } from './safety.ts';

/**
 * Watches what happens and says which of the promises S1 to S6, L1, L2, L4, Q1 and Q2 were broken, each with
 * its consequence. It knows the truth from the events and judges the agents by their requests alone.
 */
export type Checker = {
  /** The next entry; times never go back. */
  see(entry: Entry): void;
  /** The log ends here, at this time in ms since the Unix epoch. Returns what was broken, each once. */
  end(at: number): readonly string[];
};

export function createChecker(given: Partial<Setting> = {}): Checker {
  const setting: Setting = { ...defaultSetting, ...given };
  const hosts = new Map<string, Host>();
  const broken = new Set<string>();
  // A promise broken once on an instance would be reported with every later entry.
  const late = new Set<Host>();

  const hostOf = (id: string): Host => {
    const host = hosts.get(id) ?? createHost(id);
    hosts.set(id, host);
    return host;
  };
  const report = (violation: string | undefined) => {
    if (violation !== undefined) broken.add(violation);
  };
  const judgeLateness = (host: Host, at: number) => {
    const violation = late.has(host) ? undefined : keptTooLong(host, at, setting);
    if (violation) late.add(host);
    report(violation);
  };

  return {
    see: (entry) => {
      const id = instanceOf(entry);
      if (id === undefined) return;
      const host = hostOf(id);
      judgeLateness(host, entry.at);
      if (entry.kind === 'request') {
        for (const violation of unsafe(host, entry, setting)) report(violation);
        report(undidOthersDraining(host, entry));
        report(notQuiet(host, entry, setting));
        report(tooMany(host, entry, setting));
      } else if (entry.kind === 'event') {
        report(lostTask(host, entry.event, setting));
        report(hookTimedOut(host, entry.event, setting));
      }
      follow(host, entry, setting);
    },
    end: (at) => {
      for (const host of hosts.values()) {
        judgeLateness(host, at);
        report(leftDraining(host, at, setting));
      }
      return [...broken];
    },
  };
}

/** The same for a whole log. @param end when the log ends, in ms since the Unix epoch */
export function checkProperties(
  log: readonly Entry[],
  end: number,
  setting: Partial<Setting> = {},
): readonly string[] {
  const checker = createChecker(setting);
  for (const entry of log) checker.see(entry);
  return checker.end(end);
}

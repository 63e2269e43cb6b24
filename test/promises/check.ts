import { createChecker } from './checker.ts';
import type { Entry, Setting } from './entry.ts';

/**
 * Holds all promises against a whole log.
 *
 * @param end when the log ends, in ms since the Unix epoch
 * @returns what was broken, each once: its promise, what happened and what that costs
 */
export function checkPromises(
  log: readonly Entry[],
  end: number,
  setting: Partial<Setting> | ((instanceId: string) => Partial<Setting>) = {},
): readonly string[] {
  const checker = createChecker(setting);
  for (const entry of log) checker.see(entry);
  checker.time(end);
  return checker.violations.map(({ property, what }) => `${property}: ${what}`);
}

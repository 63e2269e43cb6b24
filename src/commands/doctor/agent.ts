import { statSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { oneLine } from '../../base/text.ts';
import { version } from '../../base/version.ts';
import { startTime } from '../../host/process.ts';
import type { Found } from '../find-agent.ts';
import { type Checks, fail, ok, skip, warn } from './check.ts';

/** The agent reads its configuration in its first moments: a file that is changed later than this, in ms, is not in effect. */
const READ_WITHIN_MS = 1_000;
const RESTART = 'systemctl restart ecs-drain-agent; that is safe at any time';

/**
 * What the agent that runs here says itself, and whether it runs with the configuration file as it is; nothing where none
 * runs, since a host can be checked before.
 */
export async function* checkAgent(found: Found, configFile: string): Checks {
  const name = 'agent';
  if (found.kind === 'unreadable') yield skip(name, found.why);
  if (found.kind !== 'running') return;
  const { state, summary, problems = [], version: running } = found.status;
  // The checks of instance metadata say it better.
  const told = state === 'starting' ? [] : problems;
  for (const { why, fix, since } of told)
    yield fail(name, `${oneLine(why)}${since ? `, since ${oneLine(since)}` : ''}`, oneLine(fix));
  if (told.length === 0) yield ok(name, `it runs, ${oneLine(summary)}`);
  if (running !== undefined && running !== version)
    yield warn(name, `version ${oneLine(running)} runs, and ${version} is installed`, RESTART);
  const startedAt = startTime(found.status, systemClock);
  const changedAt = statSync(configFile, { throwIfNoEntry: false })?.mtimeMs;
  if (startedAt !== undefined && changedAt !== undefined && changedAt > startedAt + READ_WITHIN_MS)
    yield warn(
      name,
      `${configFile} was changed after the agent was started: what it says now is not in effect`,
      RESTART,
    );
}

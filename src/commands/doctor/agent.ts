import { oneLine } from '../../base/text.ts';
import { version } from '../../base/version.ts';
import type { Found } from '../find-agent.ts';
import { type Checks, fail, ok, skip, warn } from './check.ts';

/** What the agent that runs here says itself; nothing where none runs, since a host can be checked before. */
export async function* checkAgent(found: Found): Checks {
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
    yield warn(
      name,
      `version ${oneLine(running)} runs, and ${version} is installed`,
      'systemctl restart ecs-drain-agent; that is safe at any time',
    );
}

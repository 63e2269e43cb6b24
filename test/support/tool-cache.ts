import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where tests keep the programs they install: outside the checkout, so that a fresh clone finds what an earlier one made. */
export const toolCache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'ecs-drain-agent');

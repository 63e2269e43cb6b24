import { type Parsed, parsed, wrong } from './parsed.ts';

/**
 * Which tasks are meant, in ECS's own words: all of a task definition's family, whatever its revision, all of a task
 * group, or all that were started with this `startedBy`. Always the whole name: a part of one could name a batch job.
 */
export type TaskPattern = { readonly by: (typeof FIELDS)[number]; readonly name: string };

const FIELDS = ['family', 'group', 'startedBy'] as const;

/** API reference, RegisterTaskDefinition: letters, digits, underscores and hyphens. */
const FAMILY = /^[A-Za-z0-9_-]{1,255}$/;
/** A group or a startedBy is any text of these lengths without a comma, which separates two patterns here. */
const NAME = /^[^,\s]{1,255}$/;
const REVISION = /^(?:family:)?[A-Za-z0-9_-]+:\d+$/;

export const TASK_PATTERNS_ALLOWED =
  'one or more of family:NAME, group:NAME, startedBy:TEXT, separated by commas, each name whole; or "none"';

/** Reads what `--ignore-tasks` takes. */
export function parseTaskPatterns(text: string): Parsed<readonly TaskPattern[]> {
  if (text === '' || text === 'none') return parsed([]);
  const patterns: TaskPattern[] = [];
  for (const part of text.split(',').map((one) => one.trim())) {
    const shown = JSON.stringify(part);
    const by = FIELDS.find((field) => part.startsWith(`${field}:`));
    if (!by) return wrong(`has ${shown}, which begins with none of family:, group: and startedBy:`);
    const name = part.slice(by.length + 1);
    if (/[*?]/.test(name))
      return wrong(`has ${shown}: there are no wildcards, so that no other task can match`);
    if (by !== 'startedBy' && REVISION.test(name))
      return wrong(
        `has ${shown}, which names a revision: leave it out, since the next one would no longer match`,
      );
    if (!(by === 'family' ? FAMILY : NAME).test(name))
      return wrong(`has ${shown}, which is not the name of a ${by}`);
    patterns.push({ by, name });
  }
  return parsed(patterns);
}

export const patternText = ({ by, name }: TaskPattern): string => `${by}:${name}`;

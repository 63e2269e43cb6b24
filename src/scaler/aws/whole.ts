import { AwsError } from '../../aws/errors.ts';

/** A cluster has at most 5,000 container instances (ECS service quotas), and some tasks on each. */
const MAX_PAGES = 1_000;

/** A whole list, page by page. A list that is cut off would show room and emptiness that are not there. */
export async function readAll<T>(
  operation: string,
  member: string,
  ask: (nextToken: string | undefined) => Promise<{
    readonly items: readonly T[] | undefined;
    readonly nextToken: string | undefined;
  }>,
): Promise<readonly T[]> {
  const all: T[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const { items, nextToken } = await ask(token);
    if (!Array.isArray(items)) throw incomplete(operation, `it has no ${member}`);
    all.push(...items);
    if (!nextToken) return all;
    if (nextToken === token) throw incomplete(operation, 'its pages lead back to themselves');
    token = nextToken;
  }
  throw incomplete(operation, `it has more than ${MAX_PAGES} pages`);
}

export function inBatches<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

export const incomplete = (operation: string, what: string) =>
  new AwsError(
    operation,
    'transient',
    'IncompleteAnswer',
    `calling ${operation}: the answer is incomplete: ${what}`,
  );

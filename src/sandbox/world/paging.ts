/** What a list is asked for, beside the members that only say which page of it. */
export type Asked = {
  readonly operation: string;
  readonly input: object;
  /** How many items fit a page. */
  readonly limit: number;
  readonly token: string | undefined;
  /** The service's error for a token that it did not give, or gave for another list. */
  readonly refuse: (token: string) => Error;
};

/**
 * One page of what has a serial number that only grows: nothing is lost or shown twice when items go between pages. A token is
 * good for the call and the parameters that it was given for, and for no others.
 */
export function page<T>(
  items: Iterable<T>,
  serialOf: (item: T) => number,
  asked: Asked,
): { items: T[]; nextToken: string | undefined } {
  const from = asked.token === undefined ? 0 : readToken(asked.token, asked);
  const found: T[] = [];
  for (const item of items) {
    const serial = serialOf(item);
    if (serial < from) continue;
    if (found.length === asked.limit) return { items: found, nextToken: tokenFor(serial, asked) };
    found.push(item);
  }
  return { items: found, nextToken: undefined };
}

/** The same for what has no such number: its place in the list counts. */
export function pageByPlace<T>(
  items: readonly T[],
  asked: Asked,
): { items: T[]; nextToken: string | undefined } {
  const placed = items.map((item, place) => ({ item, place }));
  const { items: found, nextToken } = page(placed, ({ place }) => place, asked);
  return { items: found.map(({ item }) => item), nextToken };
}

const tokenFor = (serial: number, asked: Asked) => `page-${serial.toString(36)}-${fingerprint(asked)}`;

function readToken(token: string, asked: Asked): number {
  const match = /^page-([0-9a-z]{1,10})-([0-9a-z]{1,7})$/.exec(token);
  if (!match?.[1] || match[2] !== fingerprint(asked)) throw asked.refuse(token);
  return Number.parseInt(match[1], 36);
}

const PAGE_MEMBERS = new Set(['maxResults', 'nextToken', 'MaxResults', 'MaxRecords', 'NextToken']);

/** Of the call and its parameters: 32 bits (FNV-1a), which is enough to tell what somebody mixes up. */
function fingerprint({ operation, input }: Asked): string {
  const members = Object.entries(input)
    .filter(([name, value]) => value !== undefined && !PAGE_MEMBERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  let hash = 0x811c9dc5;
  for (const character of `${operation} ${JSON.stringify(members)}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(36);
}

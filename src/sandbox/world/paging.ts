/** One page of what has a serial number that only grows: nothing is lost or shown twice when items go between pages. */
export function page<T>(
  items: Iterable<T>,
  serialOf: (item: T) => number,
  limit: number,
  token: string | undefined,
  refuse: () => Error,
): { items: T[]; nextToken: string | undefined } {
  const from = token === undefined ? 0 : readToken(token, refuse);
  const found: T[] = [];
  for (const item of items) {
    const serial = serialOf(item);
    if (serial < from) continue;
    if (found.length === limit) return { items: found, nextToken: `page-${serial.toString(36)}` };
    found.push(item);
  }
  return { items: found, nextToken: undefined };
}

function readToken(token: string, refuse: () => Error): number {
  const match = /^page-([0-9a-z]{1,10})$/.exec(token);
  if (!match?.[1]) throw refuse();
  return Number.parseInt(match[1], 36);
}

/** What something was, the latest last: each value from its time on, in ms since the Unix epoch. */
export type Past<T> = { readonly at: number; readonly value: T }[];

/** Notes what it is from now on. */
export function note<T>(past: Past<T>, at: number, value: T): void {
  past.push({ at, value });
}

/** What it was at a time; undefined where it was not there yet. */
export function valueAt<T>(past: Past<T>, time: number): T | undefined {
  for (let index = past.length - 1; index >= 0; index--) {
    const then = past[index];
    if (then && then.at <= time) return then.value;
  }
  return undefined;
}

/** What it is now it has been all along. */
export function predate<T>(past: Past<T>): void {
  const latest = past.at(-1);
  if (latest) past.splice(0, past.length, { at: Number.NEGATIVE_INFINITY, value: latest.value });
}

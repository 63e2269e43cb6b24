/** What has come so far, and a way to wait for more of it. */
export type Feed<T> = {
  readonly items: readonly T[];
  push(item: T): void;
  /** Nothing more will come: whoever still waits is told so. */
  end(why: string): void;
  /**
   * The first item for which `matches` is true: one that has come already, or the next to come.
   *
   * @param what for the failure: what was waited for
   * @param limitMs a wait that takes longer has failed
   */
  first<S extends T>(matches: (item: T) => item is S, what: string, limitMs?: number): Promise<S>;
  first(matches: (item: T) => boolean, what: string, limitMs?: number): Promise<T>;
};

/** Far beyond what anything here takes, on a busy machine too. */
const LIMIT_MS = 45_000;

export function createFeed<T>(): Feed<T> {
  const items: T[] = [];
  const waiting = new Set<{ look: (item: T) => void; fail: (why: string) => void }>();
  let ended: string | undefined;

  function first(matches: (item: T) => boolean, what: string, limitMs = LIMIT_MS): Promise<T> {
    const found = items.find(matches);
    if (found !== undefined) return Promise.resolve(found);
    if (ended !== undefined) return Promise.reject(new Error(`waited for ${what}: ${ended}`));
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        waiting.delete(waiter);
      };
      const fail = (why: string) => {
        settle();
        reject(new Error(`waited for ${what}: ${why}`));
      };
      const timer = setTimeout(() => fail(`it did not come in ${limitMs / 1000} s`), limitMs);
      const waiter = {
        look: (item: T) => {
          if (!matches(item)) return;
          settle();
          resolve(item);
        },
        fail,
      };
      waiting.add(waiter);
    });
  }

  return {
    items,
    push: (item) => {
      items.push(item);
      for (const { look } of [...waiting]) look(item);
    },
    end: (why) => {
      ended = why;
      for (const { fail } of [...waiting]) fail(why);
    },
    first: first as Feed<T>['first'],
  };
}

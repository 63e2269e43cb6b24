/** What is to happen, the earliest first, and at one time in the order in which it was added. */
export type EventQueue<T> = {
  readonly nextAt: number;
  add(at: number, event: T): void;
  take(): T;
};

type Entry<T> = { readonly at: number; readonly order: number; readonly event: T };

/** A binary heap. */
export function createEventQueue<T>(): EventQueue<T> {
  const heap: Entry<T>[] = [];
  let order = 0;
  return {
    get nextAt() {
      return heap[0]?.at ?? Infinity;
    },
    add: (at, event) => {
      heap.push({ at, order: order++, event });
      raise(heap);
    },
    take: () => {
      const first = heap[0];
      const last = heap.pop();
      if (!first || !last) throw new Error('Nothing is to happen any more.');
      if (heap.length > 0) {
        heap[0] = last;
        sink(heap);
      }
      return first.event;
    },
  };
}

const isBefore = (a: Entry<unknown>, b: Entry<unknown>) =>
  a.at < b.at || (a.at === b.at && a.order < b.order);

function raise(heap: Entry<unknown>[]): void {
  let index = heap.length - 1;
  const entry = heap[index] as Entry<unknown>;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above] as Entry<unknown>;
    if (isBefore(parent, entry)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = entry;
}

function sink(heap: Entry<unknown>[]): void {
  const entry = heap[0] as Entry<unknown>;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right && isBefore(right, heap[child] as Entry<unknown>)) child++;
    const smaller = heap[child] as Entry<unknown>;
    if (isBefore(entry, smaller)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = entry;
}

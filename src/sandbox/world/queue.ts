/** Something that is to happen at a time. Cancelling leaves it in the queue, empty. */
export type Scheduled = { readonly at: number; readonly order: number; run: (() => void) | undefined };

/** A time-ordered queue of what is to happen: a binary heap, first come first served within one instant. */
export type EventQueue = {
  schedule(at: number, run: () => void): Scheduled;
  /** The time in ms of the next thing to happen; undefined when nothing is planned. */
  nextAt(): number | undefined;
  /** Takes the next thing that is due at `now`. */
  takeDue(now: number): Scheduled | undefined;
  /** Told when something is planned that comes before all else: for whoever sleeps until the next. */
  onEarlier: (() => void) | undefined;
};

/** Takes a planned thing back. Does nothing when it has already happened. */
export function cancel(scheduled: Scheduled | undefined): undefined {
  if (scheduled) scheduled.run = undefined;
}

export function createEventQueue(): EventQueue {
  const heap: Scheduled[] = [];
  let order = 0;

  const dropCancelled = () => {
    while (heap[0] && heap[0].run === undefined) pop(heap);
    return heap[0];
  };

  const queue: EventQueue = {
    schedule: (at, run) => {
      const scheduled: Scheduled = { at, order: order++, run };
      push(heap, scheduled);
      if (queue.onEarlier && heap[0] === scheduled) queue.onEarlier();
      return scheduled;
    },
    nextAt: () => dropCancelled()?.at,
    takeDue: (now) => {
      const first = dropCancelled();
      if (!first || first.at > now) return undefined;
      pop(heap);
      return first;
    },
    onEarlier: undefined,
  };
  return queue;
}

function push(heap: Scheduled[], scheduled: Scheduled): void {
  let index = heap.length;
  heap.push(scheduled);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex] as Scheduled;
    if (isBefore(parent, scheduled)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = scheduled;
}

function pop(heap: Scheduled[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right && isBefore(right, heap[child] as Scheduled)) child++;
    const smaller = heap[child] as Scheduled;
    if (isBefore(last, smaller)) break;
    heap[index] = smaller;
    index = child;
  }
  heap[index] = last;
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

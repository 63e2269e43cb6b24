import type { Clock } from '../base/clock.ts';
import { firstVisibleAt, longPollOf } from './world/message-queues.ts';
import type { World } from './world/world.ts';

/**
 * Waits as SQS does before it answers a ReceiveMessage that long-polls: until a message is there, the wait is over, or the
 * caller has gone. For any other call it does nothing.
 */
export async function longPoll(
  world: World,
  clock: Clock,
  operation: string,
  input: unknown,
  signal?: AbortSignal,
): Promise<void> {
  if (operation !== 'sqs:ReceiveMessage') return;
  const poll = longPollOf(world, input as Parameters<typeof longPollOf>[1]);
  if (!poll) return;
  const { queue, ms } = poll;
  const until = clock.now() + ms;
  for (;;) {
    world.advance(clock.now());
    const next = firstVisibleAt(world, queue);
    if (next <= world.now || clock.now() >= until || signal?.aborted) return;
    const woken = new AbortController();
    const wake = () => woken.abort();
    queue.waiting.add(wake);
    signal?.addEventListener('abort', wake, { once: true });
    await clock.sleep(Math.min(until, next) - clock.now(), { signal: woken.signal });
    signal?.removeEventListener('abort', wake);
    queue.waiting.delete(wake);
  }
}

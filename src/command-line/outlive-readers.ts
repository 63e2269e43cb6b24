/**
 * Lets a command go on to its own exit code where whoever reads its output has gone, as `| head` does, or the output cannot be
 * written: for ecs-oneshot any other exit code would pass for the container's. What is not written then is lost.
 *
 * The agent itself must not call it: it writes to its output by itself, which Node's stream would make non-blocking.
 */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr])
    if (stream.listenerCount('error') === 0) stream.on('error', () => {});
}

/**
 * Ends the process. What was written to a pipe goes out before that; a request that is still under way does not hold up the end.
 */
export async function exitWith(code: number): Promise<never> {
  const streams = [process.stdout, process.stderr];
  await Promise.all(streams.map((stream) => new Promise((done) => stream.write('', done))));
  process.exit(code);
}

import { pipeline, type Readable, Transform } from 'node:stream';

/** The largest answers, DescribeTasks of a hundred tasks with many containers, have well under 2 MB. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * Lets an answer with more than this many objects, lists or elements fail before it is parsed: eight megabytes of `{},`
 * would take more memory than the process is given.
 */
export const MAX_OPENINGS = 200_000;

/** Lets a client's call fail, with an error named `AnswerTooLarge`, at an answer that no service gives. */
export function limitAnswers(middlewareStack: MiddlewareStack): void {
  // The innermost step: before the SDK reads anything of the body.
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (response.body) response.body = limited(response.body);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'limitAnswers' },
  );
}

/** What is used of the SDK's own type, which depends on each service's inputs and outputs. */
export type MiddlewareStack = {
  add(
    middleware: (
      next: (args: unknown) => Promise<{ response: { body?: Readable } }>,
    ) => (args: unknown) => Promise<unknown>,
    options: { step: 'deserialize'; priority: 'low'; name: string },
  ): void;
};

function limited(body: Readable): Readable {
  let bytes = 0;
  let openings = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) return done(tooLarge(`is larger than ${MAX_ANSWER_BYTES} bytes`));
      for (const opening of OPENINGS) openings += count(chunk, opening, MAX_OPENINGS - openings);
      if (openings > MAX_OPENINGS) return done(tooLarge(`holds more than ${MAX_OPENINGS} objects`));
      done(undefined, chunk);
    },
  });
  // The SDK listens to the stream that it is given: nothing is left to be told here.
  pipeline(body, limit, () => {});
  return limit;
}

/** JSON's objects and lists, and XML's elements. */
const OPENINGS = ['{', '[', '<'].map((sign) => sign.charCodeAt(0));

/** How often `byte` is in `chunk`, counted no further than one above `most`. */
function count(chunk: Buffer, byte: number, most: number): number {
  let found = 0;
  for (let at = chunk.indexOf(byte); at >= 0 && found <= most; at = chunk.indexOf(byte, at + 1)) found++;
  return found;
}

const tooLarge = (how: string) => Object.assign(new Error(`the answer ${how}`), { name: 'AnswerTooLarge' });

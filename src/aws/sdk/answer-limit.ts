import { pipeline, type Readable, Transform } from 'node:stream';
import { countValues, MAX_VALUES } from '../../base/plausible.ts';

/** The largest answers, DescribeTasks of a hundred tasks with many containers, have well under 2 MB. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

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
  let values = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) return done(tooLarge(`is larger than ${MAX_ANSWER_BYTES} bytes`));
      values += countValues(chunk, MAX_VALUES - values);
      if (values > MAX_VALUES) return done(tooLarge(`holds more than ${MAX_VALUES} values`));
      done(undefined, chunk);
    },
  });
  // The SDK listens to the stream that it is given: nothing is left to be told here.
  pipeline(body, limit, () => {});
  return limit;
}

const tooLarge = (how: string) => Object.assign(new Error(`the answer ${how}`), { name: 'AnswerTooLarge' });

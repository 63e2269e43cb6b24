import { pipeline, type Readable, Transform } from 'node:stream';
import { countValues, MAX_VALUES } from '../../base/plausible.ts';

/** The largest answers, DescribeTasks of a hundred tasks with many containers, have well under 2 MB. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/**
 * Lets a client's call fail at an answer that no service gives: with an error named `AnswerTooLarge`, or `NotFromAws` where it
 * has no request id, neither in its headers, as every service of today has, nor in its body, as those that answer in XML have. An
 * answer can be without any member, and an empty one, or a page of a proxy, would else be the success of a heartbeat.
 */
export function limitAnswers(middlewareStack: MiddlewareStack): void {
  // The innermost step: before the SDK reads anything of the body.
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result;
      if (response.body)
        response.body = limited(
          response.body,
          REQUEST_ID_HEADERS.some((name) => response.headers[name]),
        );
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'limitAnswers' },
  );
}

/** What is used of the SDK's own type, which depends on each service's inputs and outputs. */
export type MiddlewareStack = {
  add(
    middleware: (
      next: (args: unknown) => Promise<{ response: Response }>,
    ) => (args: unknown) => Promise<unknown>,
    options: { step: 'deserialize'; priority: 'low'; name: string },
  ): void;
};

type Response = { readonly headers: Readonly<Record<string, string>>; body?: Readable };

/** Those in which the SDK looks for it. */
const REQUEST_ID_HEADERS = ['x-amzn-requestid', 'x-amzn-request-id', 'x-amz-request-id'];
/** The element is `RequestId` in Auto Scaling's answers, `requestId` in EC2's, and `RequestID` in its errors. */
const REQUEST_ID_TAG = 'requestid>';

function limited(body: Readable, isFromAws: boolean): Readable {
  let hasRequestId = isFromAws;
  let end = '';
  let bytes = 0;
  let values = 0;
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES) return done(tooLarge(`is larger than ${MAX_ANSWER_BYTES} bytes`));
      values += countValues(chunk, MAX_VALUES - values);
      if (values > MAX_VALUES) return done(tooLarge(`holds more than ${MAX_VALUES} values`));
      if (!hasRequestId) {
        const text = end + chunk.toString('latin1').toLowerCase();
        hasRequestId = text.includes(REQUEST_ID_TAG);
        end = text.slice(-REQUEST_ID_TAG.length);
      }
      done(undefined, chunk);
    },
    flush: (done) => done(hasRequestId ? null : notFromAws()),
  });
  // The SDK listens to the stream that it is given: nothing is left to be told here.
  pipeline(body, limit, () => {});
  return limit;
}

const notFromAws = () =>
  Object.assign(new Error('the answer has no request id: it is of a proxy or a firewall, not of AWS'), {
    name: 'NotFromAws',
  });

const tooLarge = (how: string) => Object.assign(new Error(`the answer ${how}`), { name: 'AnswerTooLarge' });

import type { TestEvent } from 'node:test/reporters';
import { END, END_OF_FILE, reported, send } from './messages.ts';

/** A reporter of node:test that ends the process at the first test that fails, or at the end of all. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === 'test:fail') {
      const { error } = data.details;
      if ('failureType' in error && error.failureType === 'subtestsFailed') continue;
      const cause = error.cause instanceof Error ? error.cause.message : String(error.cause ?? error.message);
      return send({ kind: 'failed', test: data.name, why: cause }, () => process.exit(1));
    }
    if (type !== 'test:pass') continue;
    if (data.name === END) return send({ kind: 'passed' }, () => process.exit(0));
    if (data.name.startsWith(END_OF_FILE)) reported.emit(data.name.slice(END_OF_FILE.length));
    send({ kind: 'progress' });
    yield '';
  }
}

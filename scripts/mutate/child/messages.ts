import { EventEmitter } from 'node:events';

/** What a process that runs tests says to the one that started it. */
export type Message =
  /** It is still at work. */
  | { readonly kind: 'progress' }
  /** What simulated drains were held against. */
  | { readonly kind: 'checked'; readonly promises: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly test: string;
      readonly why: string;
      /** Of a simulated drain. */
      readonly seed?: number | undefined;
    }
  | { readonly kind: 'passed' };

/** Names of tests that only mark how far it has come. */
export const END_OF_FILE = 'end of ';
export const END = 'end of all';

/** Within the process: the reporter has seen all tests of a file, by its name. */
export const reported = new EventEmitter<Record<string, []>>();

/** Sends a message, if anybody listens. */
export function send(message: Message, onSent?: () => void): void {
  if (process.send) process.send(message, undefined, undefined, onSent);
  else onSent?.();
}

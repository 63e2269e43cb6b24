import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import type { FaultKind } from '../faults.ts';

export type PlainAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** Puts an answer on the wire, whole. */
export function send(response: ServerResponse, answer: PlainAnswer): void {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(body.length) });
  response.end(body);
}

/**
 * Plays a fault that is about the wire, not about what the service says. `answer` makes the service act; it is called
 * only by the faults in which it has.
 */
export async function sendFaulty(
  request: IncomingMessage,
  response: ServerResponse,
  fault: FaultKind,
  clock: Clock,
  answer: () => PlainAnswer,
): Promise<void> {
  switch (fault.what) {
    case 'reset':
    case 'refuse':
      request.socket.resetAndDestroy();
      return;
    case 'act-then-lose-response':
      answer();
      request.socket.resetAndDestroy();
      return;
    case 'act-then-stall':
      answer();
      return;
    case 'stall':
      return;
    case 'redirect':
      send(response, { status: 302, headers: { location: fault.to ?? 'http://127.0.0.1:9/' }, body: '' });
      return;
    case 'garbage':
      send(response, { status: 200, headers: {}, body: garbage });
      return;
    case 'html':
      send(response, { status: 200, headers: { 'content-type': 'text/html' }, body: html });
      return;
    case 'empty':
      send(response, { status: 200, headers: {}, body: '' });
      return;
    case 'huge':
      await sendHuge(response, fault.bytes ?? 10_000_000);
      return;
    case 'truncated': {
      const whole = answer();
      send(response, { ...whole, body: whole.body.slice(0, whole.body.length >> 1) });
      return;
    }
    case 'reset-mid-body': {
      const { status, headers, body } = answer();
      response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body) + 1) });
      response.write(body, () => request.socket.resetAndDestroy());
      return;
    }
    case 'drip':
      await drip(response, answer(), fault.ms ?? 1000, clock);
      return;
    default:
      send(response, answer());
  }
}

/** What comes back where a service's answer was expected. */
export const garbage = '\u0000\u0001{]not an answer\u001b[31m';
/** Well-formed, as a captive portal's may be: an XML reader finds nothing wrong with it, and nothing in it. */
export const html =
  '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

async function sendHuge(response: ServerResponse, bytes: number): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': String(bytes) });
  const piece = Buffer.alloc(65_536, 'x');
  for (let left = bytes; left > 0 && !response.destroyed; left -= piece.length) {
    if (!response.write(left < piece.length ? piece.subarray(0, left) : piece))
      await new Promise<void>((resolve) => {
        const go = () => {
          response.off('drain', go);
          response.off('close', go);
          resolve();
        };
        response.on('drain', go);
        response.on('close', go);
      });
  }
  response.end();
}

async function drip(response: ServerResponse, answer: PlainAnswer, ms: number, clock: Clock): Promise<void> {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(body.length) });
  for (const byte of body) {
    if (response.destroyed) return;
    response.write(Buffer.of(byte));
    await clock.sleep(ms);
  }
  response.end();
}

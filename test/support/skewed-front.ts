import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** AWS takes a signature for so long, in ms. (IAM user guide, "Troubleshoot AWS Signature Version 4") */
const SIGNATURE_TTL_MS = 5 * 60_000;

/** HTTP in front of the sandbox's APIs, which does to a host whose clock is wrong what AWS does. */
export type SkewedFront = {
  readonly url: string;
  /** How far AWS's time is ahead of this host's clock, in ms. */
  aheadMs: number;
  /** How many requests were refused for their time. */
  refused(): number;
  close(): void;
};

export async function startSkewedFront(target: string, aheadMs: number): Promise<SkewedFront> {
  let refused = 0;
  const server = createServer(async (incoming, response) => {
    const body = await text(incoming);
    const now = Date.now() + front.aheadMs;
    const date = new Date(now).toUTCString();
    if (Math.abs(now - signedAt(String(incoming.headers['x-amz-date']))) > SIGNATURE_TTL_MS) {
      refused++;
      const isJson = incoming.headers['x-amz-target'] !== undefined;
      response.writeHead(isJson ? 400 : 403, { date, 'x-amzn-requestid': 'r' });
      response.end(isJson ? JSON.stringify(REFUSAL) : REFUSAL_XML);
      return;
    }
    const { method, url: path, headers } = incoming;
    const outgoing = send(target, { method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, date });
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    outgoing.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    aheadMs,
    refused: () => refused,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return front;
}

const REFUSAL = { __type: 'InvalidSignatureException', message: 'Signature expired' };
const REFUSAL_XML =
  '<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code><Message>Signature expired</Message></Error><RequestId>r</RequestId></ErrorResponse>';

/** `20261126T191131Z`, in ms since the Unix epoch. */
function signedAt(amzDate: string): number {
  return Date.parse(amzDate.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

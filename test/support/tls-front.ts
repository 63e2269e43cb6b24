import { request as send } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Certificate, makeCertificate } from './certificate.ts';

/** HTTPS in front of a server on loopback, with a certificate that nobody trusts unless told to. */
export type TlsFront = {
  readonly url: URL;
  readonly certificate: Certificate;
  close(): void;
};

/** @param name the host that the certificate is for @param directory where it is put */
export async function startTlsFront(target: string, name: string, directory: string): Promise<TlsFront> {
  const certificate = makeCertificate(directory, name, [`DNS:${name}`, 'IP:127.0.0.1']);
  const { key, cert } = certificate;
  const server = createServer({ key, cert }, (incoming, response) => {
    const { method, url = '/', headers } = incoming;
    const outgoing = send(target, { method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  // A handshake that the agent breaks off is what is tested.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`),
    certificate,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

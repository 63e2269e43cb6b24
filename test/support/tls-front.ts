import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request as send } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** HTTPS in front of a server on loopback, with a certificate that nobody trusts unless told to. */
export type TlsFront = {
  readonly url: URL;
  /** The file with its certificate, in PEM. */
  readonly certificate: string;
  close(): void;
};

/** Makes the certificate with openssl(1). @param name the host that it is for */
export async function startTlsFront(target: string, name: string, directory: string): Promise<TlsFront> {
  const key = join(directory, 'key.pem');
  const certificate = join(directory, 'certificate.pem');
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},IP:127.0.0.1`],
      ...['-keyout', key, '-out', certificate],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (incoming, response) => {
      const { method, url = '/', headers } = incoming;
      const outgoing = send(target, { method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      incoming.pipe(outgoing);
    },
  );
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

/** Undefined where certificates can be made here, else why not. */
export const cannotMakeCertificates =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not installed';

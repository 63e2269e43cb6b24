import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { listen } from '../../src/sandbox/wire/port.ts';
import { makeCertificate } from '../../test/support/certificate.ts';

export type AwsProxy = {
  readonly url: string;
  /** The file of the certificate by which it speaks as AWS. */
  readonly certificate: string;
};

/**
 * For an SDK that can be given no endpoint: a proxy that ends TLS in the place of AWS and leads on to loopback.
 *
 * @param servers the URL that stands for each host of AWS; every other host is refused
 */
export async function startAwsProxy(
  directory: string,
  servers: Readonly<Record<string, string>>,
): Promise<AwsProxy> {
  const names = Object.keys(servers).map((host) => `DNS:${host}`);
  const { path, cert, key } = makeCertificate(directory, 'bench', names);
  const secureContext = createSecureContext({ cert, key });

  const server = createServer((_request, response) => response.writeHead(403).end());
  server.on('connect', ({ url = '' }, socket: Duplex) => {
    const target = url.endsWith(':443') ? servers[url.slice(0, -':443'.length)] : undefined;
    if (target === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(target);
    const inner = connect(Number(port), hostname);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const outer = new TLSSocket(socket, { isServer: true, secureContext });
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    socket.on('error', () => inner.destroy());
  });
  await listen(server, '127.0.0.1', 0);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate: path };
}

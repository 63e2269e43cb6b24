import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A proxy on loopback that notes what it is asked for, and leads to one address whatever that is. */
export type RecordingProxy = {
  readonly port: number;
  /** What was asked for, in order: a URL, or HOST:PORT of a tunnel. */
  readonly seen: readonly string[];
  /** The `Proxy-Authorization` of each request. */
  readonly authorizations: readonly (string | undefined)[];
  close(): void;
};

type Options = {
  /** How many tunnels it refuses at first, each of which it resets a moment later: it is overloaded. */
  readonly resets?: number;
  /** Makes it an https:// proxy. */
  readonly certificate?: { readonly cert: Buffer; readonly key: Buffer };
};

/** @param target where everything leads; undefined refuses every tunnel */
export async function startProxy(
  target: URL | undefined,
  { resets = 0, certificate }: Options = {},
): Promise<RecordingProxy> {
  const seen: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const note = ({ url = '', headers }: IncomingMessage) => {
    seen.push(url);
    authorizations.push(headers['proxy-authorization']);
  };
  const server = certificate ? createTlsServer(certificate) : createServer();
  server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    note(incoming);
    if (!target) {
      response.writeHead(502).end();
      return;
    }
    const { method, headers } = incoming;
    const { pathname, search } = new URL(incoming.url ?? '', 'http://x');
    const outgoing = send(target, { method, path: pathname + search, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    note(incoming);
    socket.on('error', () => {});
    if (seen.length <= resets) {
      socket.write('HTTP/1.1 503 Service Unavailable\r\n\r\n', () => socket.resetAndDestroy());
      return;
    }
    if (!target) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const through = connect(Number(target.port), target.hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    through.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    authorizations,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

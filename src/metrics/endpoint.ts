import type { AddressInfo } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../log/log.ts';

// Not imported: an import reads every export, and one of them loads Node's whole fetch, about 13 MB.
const { createServer } = process.getBuiltinModule('node:http');

export type EndpointPorts = {
  /** A loopback address. */
  readonly host: string;
  readonly port: number;
  readonly text: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
};

const RETRY_MS = 60_000;
/** A client that sends nothing, or reads nothing, is disconnected after this, in ms. */
const CLIENT_MS = 10_000;
const MOST_CONNECTIONS = 8;

/** Serves `GET /metrics` until `stop` aborts. A port that is taken is tried again: no drain waits for it. */
export async function serveMetrics({ host, port, text, clock, log, stop }: EndpointPorts): Promise<void> {
  let saidFailed = false;
  while (!stop.aborted) {
    try {
      await serveOnce();
    } catch (error) {
      if (!saidFailed) {
        log(
          'metrics.unavailable',
          `no metrics at ${host}:${port}: ${(error as Error).message}; trying again every minute`,
        );
      }
      saidFailed = true;
      await clock.sleep(RETRY_MS, { signal: stop });
    }
  }

  async function serveOnce(): Promise<void> {
    const server = createServer(
      { requestTimeout: CLIENT_MS, headersTimeout: CLIENT_MS },
      (request, response) => {
        const path = request.url?.split('?')[0];
        const [status, body] =
          path !== '/metrics'
            ? [404, 'The metrics are at /metrics.\n']
            : request.method === 'GET' || request.method === 'HEAD'
              ? [200, text()]
              : [405, 'Only GET is allowed here.\n'];
        response.writeHead(status, {
          'content-type':
            status === 200 ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain; charset=utf-8',
          'content-length': Buffer.byteLength(body),
          ...(status === 405 && { allow: 'GET, HEAD' }),
          // Kept-alive connections would be the only thing that grows here.
          connection: 'close',
        });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
    );
    server.maxConnections = MOST_CONNECTIONS;
    server.timeout = CLIENT_MS;
    const close = () => {
      server.close();
      server.closeAllConnections();
    };
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.once('close', resolve);
        server.listen({ host, port, exclusive: true }, () => {
          const { address, port: chosen } = server.address() as AddressInfo;
          const shown = address.includes(':') ? `[${address}]` : address;
          log('metrics.ready', `metrics at http://${shown}:${chosen}/metrics`, { port: chosen });
          saidFailed = false;
        });
        stop.addEventListener('abort', close);
      });
    } finally {
      stop.removeEventListener('abort', close);
    }
  }
}

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a function answered to one invocation. */
export type Outcome =
  | { readonly kind: 'response'; readonly body: unknown }
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string };

export type RuntimeApi = {
  /** What the runtime finds in AWS_LAMBDA_RUNTIME_API: host and port. */
  readonly address: string;
  /** Queues an event and waits for the function's answer. */
  invoke(event: unknown): Promise<Outcome>;
  /** Resolves with the error of a function that failed before its first invocation. */
  readonly initError: Promise<Outcome>;
  /** Fails every invocation that still waits, as Lambda does when the runtime's process ends. */
  exited(): void;
  close(): void;
};

/** Serves Lambda's runtime interface, version 2018-06-01, on loopback. */
export async function startRuntimeApi(): Promise<RuntimeApi> {
  const waiting: Invocation[] = [];
  const running = new Map<string, Invocation>();
  let idle: ServerResponse | undefined;
  const init = Promise.withResolvers<Outcome>();

  const deliver = () => {
    if (idle === undefined) return;
    const next = waiting.shift();
    if (next === undefined) return;
    running.set(next.id, next);
    idle
      .writeHead(200, {
        'Content-Type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': next.id,
        'Lambda-Runtime-Deadline-Ms': String(Date.now() + 30_000),
        'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:us-west-2:123456789012:function:tagger',
        'Lambda-Runtime-Trace-Id': 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0',
      })
      .end(next.event);
    idle = undefined;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    if (request.method === 'GET' && path === `${ROOT}/invocation/next`) {
      idle = response;
      deliver();
      return;
    }
    const body = await text(request);
    if (request.method === 'POST' && path === `${ROOT}/init/error`) {
      init.resolve(errorOutcome(body));
    } else {
      const [, id = '', verb = ''] = path.match(/\/invocation\/([^/]+)\/(response|error)$/) ?? [];
      const invocation = running.get(id);
      if (request.method !== 'POST' || invocation === undefined) {
        response.writeHead(400).end();
        return;
      }
      running.delete(id);
      invocation.settle(
        verb === 'error'
          ? errorOutcome(body)
          : { kind: 'response', body: body === '' ? null : JSON.parse(body) },
      );
    }
    response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  // The function's process may wait for its next invocation for as long as a test takes.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    initError: init.promise,
    invoke: (event) =>
      new Promise((settle) => {
        waiting.push({ id: randomUUID(), event: JSON.stringify(event), settle });
        deliver();
      }),
    exited: () => {
      for (const { settle } of [...waiting, ...running.values()]) {
        settle({ kind: 'error', errorType: 'Runtime.ExitError', errorMessage: 'the runtime exited' });
      }
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const ROOT = '/2018-06-01/runtime';

type Invocation = {
  readonly id: string;
  readonly event: string;
  readonly settle: (outcome: Outcome) => void;
};

function errorOutcome(body: string): Outcome {
  const { errorType, errorMessage } = JSON.parse(body) as { errorType: string; errorMessage: string };
  return { kind: 'error', errorType, errorMessage };
}

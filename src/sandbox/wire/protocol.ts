import type { IncomingHttpHeaders } from 'node:http';
import type { ServiceError } from '../world/errors.ts';
import type { ServicePrefix } from '../world/sdks.ts';

export type ServiceName = ServicePrefix;

/** One request to the API port, as far as the protocols look at it. */
export type WireRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The part of the URL after the question mark. */
  readonly query: string;
};

export type WireResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** How one service puts calls and answers on the wire. */
export type Protocol = {
  readonly service: ServiceName;
  /** The call's name (`ListTasks`), and a way to read its input that throws the service's own error. */
  read(request: WireRequest): { action: string; input: () => unknown };
  answer(action: string, output: object, requestId: string): WireResponse;
  fail(
    error: Pick<ServiceError, 'name' | 'message' | 'resourceIds'>,
    status: number,
    requestId: string,
  ): WireResponse;
  /** The error for an action that the service does not have. */
  unknownAction(action: string): { name: string; message: string; status: number };
};

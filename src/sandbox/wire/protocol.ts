import type { IncomingHttpHeaders } from 'node:http';
import type { ServiceError } from '../world/errors.ts';
import { autoScalingQuery } from './auto-scaling-query.ts';
import { ec2Query } from './ec2-query.ts';
import { ecsJson } from './ecs-json.ts';

export type ServiceName = 'ec2' | 'ecs' | 'autoscaling';

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
  fail(error: Pick<ServiceError, 'name' | 'message'>, status: number, requestId: string): WireResponse;
  /** The error for an action that the service does not have. */
  unknownAction(action: string): { name: string; message: string; status: number };
};

/** The protocol that a request speaks; undefined when it is none that the sandbox knows. */
export function protocolOf(request: WireRequest): Protocol | undefined {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string')
    return target.startsWith('AmazonEC2ContainerServiceV20141113.') ? ecsJson : undefined;
  const params = new URLSearchParams(request.body || request.query);
  switch (params.get('Version')) {
    case '2016-11-15':
      return ec2Query;
    case '2011-01-01':
      return autoScalingQuery;
  }
  if (!params.has('Action')) return undefined;
  switch (credentialScope(request)?.service) {
    case 'ec2':
      return ec2Query;
    case 'autoscaling':
      return autoScalingQuery;
    default:
      return undefined;
  }
}

/** Who signed a request, and for what. The signature itself is not looked at. */
export function credentialScope(request: WireRequest): { accessKeyId: string; service: string } | undefined {
  const match = /Credential=([\w-]+)\/\d{8}\/[\w-]+\/([\w-]+)\/aws4_request/.exec(
    request.headers.authorization ?? '',
  );
  return match?.[1] && match[2] ? { accessKeyId: match[1], service: match[2] } : undefined;
}

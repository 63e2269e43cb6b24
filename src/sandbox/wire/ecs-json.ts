import { timeOfDate } from '../../base/clock.ts';
import { serviceError } from '../world/errors.ts';
import type { Protocol, ServiceName, WireResponse } from './protocol.ts';

/** AWS JSON 1.1, as ECS and CloudWatch Logs speak it. The call's name stands in a header, times are seconds. */
const json = (service: ServiceName): Protocol => ({
  service,
  read: (request) => {
    const target = String(request.headers['x-amz-target']);
    return {
      action: target.slice(target.indexOf('.') + 1),
      input: () => {
        const input = parse(request.body === '' ? '{}' : request.body);
        if (typeof input !== 'object' || input === null || Array.isArray(input))
          throw serviceError('SerializationException', 'Start of structure or map found where not expected.');
        return input;
      },
    };
  },
  answer: (_action, output, requestId) => respond(200, output, requestId),
  fail: ({ name, message, resourceIds }, status, requestId) =>
    respond(status, { __type: name, message, ...(resourceIds && { resourceIds }) }, requestId),
  unknownAction: () => ({
    name: 'UnknownOperationException',
    message: 'UnknownOperationException',
    status: 400,
  }),
});

export const ecsJson = json('ecs');
export const logsJson = json('logs');

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw serviceError('SerializationException', 'Unexpected token in the JSON text.');
  }
}

function respond(status: number, body: object, requestId: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
    body: JSON.stringify(withEpochSeconds(body)),
  };
}

/** Dates to seconds. Not by a JSON replacer: that would see them as text already. */
function withEpochSeconds(value: unknown): unknown {
  const time = timeOfDate(value);
  if (time !== undefined) return time / 1000;
  if (Array.isArray(value)) return value.map(withEpochSeconds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withEpochSeconds(one)]));
}

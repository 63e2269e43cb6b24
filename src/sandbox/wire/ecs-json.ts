import { timeOfDate } from '../../base/clock.ts';
import { serviceError } from '../world/errors.ts';
import type { Protocol, ServiceName, WireResponse } from './protocol.ts';

type Dialect = {
  readonly version: '1.0' | '1.1';
  /** What stands before the name of an error. */
  readonly errorPrefix: string;
  /** The name that an error had in the service's older Query protocol; absent: it never spoke that. */
  readonly queryName?: (name: string) => string;
};

/** AWS JSON: the call's name stands in a header, times are seconds. */
const json = (service: ServiceName, { version, errorPrefix, queryName }: Dialect): Protocol => {
  const respond = (status: number, body: object, requestId: string, headers: object = {}): WireResponse => ({
    status,
    headers: {
      'content-type': `application/x-amz-json-${version}`,
      'x-amzn-requestid': requestId,
      ...headers,
    },
    body: JSON.stringify(withEpochSeconds(body)),
  });
  return {
    service,
    read: (request) => {
      const target = String(request.headers['x-amz-target']);
      return {
        action: target.slice(target.indexOf('.') + 1),
        input: () => {
          const input = parse(request.body === '' ? '{}' : request.body);
          if (typeof input !== 'object' || input === null || Array.isArray(input))
            throw serviceError(
              'SerializationException',
              'Start of structure or map found where not expected.',
            );
          return input;
        },
      };
    },
    answer: (_action, output, requestId) => respond(200, output, requestId),
    fail: ({ name, message, resourceIds }, status, requestId) =>
      respond(
        status,
        { __type: `${errorPrefix}${name}`, message, ...(resourceIds && { resourceIds }) },
        requestId,
        queryName && { 'x-amzn-query-error': `${queryName(name)};${status >= 500 ? 'Receiver' : 'Sender'}` },
      ),
    unknownAction: () => ({
      name: 'UnknownOperationException',
      message: 'UnknownOperationException',
      status: 400,
    }),
  };
};

/** Those of SQS's errors that had another name before. (SQS API reference, of each action) */
const queryNames: Readonly<Record<string, string>> = {
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueNameExists: 'QueueAlreadyExists',
  MessageNotInflight: 'AWS.SimpleQueueService.MessageNotInflight',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
};

export const ecsJson = json('ecs', { version: '1.1', errorPrefix: '' });
export const logsJson = json('logs', { version: '1.1', errorPrefix: '' });
/** As in the API's model, which has taken over the codes of its older Query protocol. */
const metricQueryNames: Readonly<Record<string, string>> = {
  InternalServiceFault: 'InternalServiceError',
  InvalidParameterCombinationException: 'InvalidParameterCombination',
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
  ValidationException: 'ValidationError',
};

export const cloudwatchJson = json('cloudwatch', {
  version: '1.0',
  errorPrefix: 'com.amazonaws.cloudwatch#',
  queryName: (name) => metricQueryNames[name] ?? name,
});
export const sqsJson = json('sqs', {
  version: '1.0',
  errorPrefix: 'com.amazonaws.sqs#',
  queryName: (name) => queryNames[name] ?? name,
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw serviceError('SerializationException', 'Unexpected token in the JSON text.');
  }
}

/** Dates to seconds. Not by a JSON replacer: that would see them as text already. */
function withEpochSeconds(value: unknown): unknown {
  const time = timeOfDate(value);
  if (time !== undefined) return time / 1000;
  if (Array.isArray(value)) return value.map(withEpochSeconds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withEpochSeconds(one)]));
}

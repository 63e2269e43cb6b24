/** An error as the SDK throws it for an answer of the service: the code is its name. */
export type ServiceError = Error & {
  $fault: 'client' | 'server';
  $service: string;
  /** The tasks that a ConflictException of ECS is about. */
  resourceIds?: readonly string[];
  $metadata: { httpStatusCode: number; requestId: string; attempts: number; totalRetryDelay: number };
};

/** Makes the error that an AWS service answers with. */
export function serviceError(name: string, message: string, status = 400): ServiceError {
  const error = new Error(message) as ServiceError;
  error.name = name;
  error.$fault = status >= 500 ? 'server' : 'client';
  error.$service = 'sandbox';
  error.$metadata = { httpStatusCode: status, requestId: 'sandbox', attempts: 1, totalRetryDelay: 0 };
  return error;
}

export const validationError = (message: string) => serviceError('ValidationError', message);
export const invalidParameter = (message: string) => serviceError('InvalidParameterException', message);
export const clientException = (message: string) => serviceError('ClientException', message);

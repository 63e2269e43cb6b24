import type { Caller, CallOptions } from '../../../src/aws/call.ts';
import { AwsError } from '../../../src/aws/errors.ts';

/** Answers calls in their order with what a test says AWS answers, and notes what was asked. */
export function scriptCall(...answers: readonly (object | Error)[]) {
  const calls: [operation: string, input: object, options?: CallOptions][] = [];
  const left = [...answers];
  const call = async (operation: string, input: object, options?: CallOptions) => {
    calls.push(options === undefined ? [operation, input] : [operation, input, options]);
    const answer = left.shift();
    if (answer === undefined) throw new Error(`${operation} was called once too often`);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { call: call as unknown as Caller, calls };
}

/** AWS understood the call, and said no. */
export const rejected = (message: string) =>
  new AwsError('ecs:StopTask', 'rejected', 'InvalidParameterException', message);

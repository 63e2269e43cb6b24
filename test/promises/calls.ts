import type { Operation } from '../../src/aws/operations.ts';
import type { Request } from './entry.ts';

/** What the checks need to know of one AWS API. */
type Call =
  | { readonly changes: false }
  | {
      readonly changes: true;
      /** The member of its input that names what is changed. */
      readonly names: string;
      /** What must have answered before it may be called (S5). */
      readonly needs: readonly Operation[];
    };

const reads: Call = { changes: false };

/** Every API that an agent can call: what changes something, what it names, and what that must rest on. */
const CALLS: Readonly<Record<Operation, Call>> = {
  'ec2:DescribeTags': reads,
  'ecs:DescribeContainerInstances': reads,
  'ecs:ListContainerInstances': reads,
  'ecs:ListTasks': reads,
  'ecs:DescribeTasks': reads,
  'ecs:DescribeServices': reads,
  'ecs:GetTaskProtection': reads,
  'autoscaling:DescribeAutoScalingInstances': reads,
  'autoscaling:DescribeAutoScalingGroups': reads,
  'autoscaling:DescribeLifecycleHooks': reads,
  'ecs:UpdateContainerInstancesState': { changes: true, names: 'containerInstances', needs: [] },
  'ecs:DeregisterContainerInstance': {
    changes: true,
    names: 'containerInstance',
    needs: ['ecs:DescribeContainerInstances', 'ecs:ListTasks'],
  },
  'ecs:StopTask': { changes: true, names: 'task', needs: ['ecs:ListTasks'] },
  'autoscaling:RecordLifecycleActionHeartbeat': { changes: true, names: 'InstanceId', needs: [] },
  'autoscaling:CompleteLifecycleAction': {
    changes: true,
    names: 'InstanceId',
    needs: ['autoscaling:DescribeAutoScalingInstances'],
  },
  'autoscaling:TerminateInstanceInAutoScalingGroup': {
    changes: true,
    names: 'InstanceId',
    needs: ['autoscaling:DescribeAutoScalingInstances'],
  },
};

/** Undefined for an API that no agent has any business with. */
const callOf = (api: string): Call | undefined => (CALLS as Readonly<Record<string, Call>>)[api];

/** Whether a request changes something. An API that no agent knows counts as one that does. */
export const isMutating = ({ api }: Pick<Request, 'api'>): boolean => callOf(api)?.changes ?? true;

export function neededBefore(api: string): readonly string[] {
  const call = callOf(api);
  return call?.changes ? call.needs : [];
}

/** What a request changes: ids of instances, ARNs of container instances and tasks. */
export function namedIn({ api, input }: Pick<Request, 'api' | 'input'>): readonly string[] {
  const call = callOf(api);
  const value = call?.changes ? memberOf(input, call.names) : undefined;
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Which status of its container instance a request sets; undefined where it is about something else. */
export function statusSetBy({ api, input }: Pick<Request, 'api' | 'input'>): string | undefined {
  return api === 'ecs:UpdateContainerInstancesState' ? textIn(input, 'status') : undefined;
}

/** How a request lets an instance go, or keeps it out of its hook's hands; undefined where it does neither. */
export function releaseBy({
  api,
  input,
}: Pick<Request, 'api' | 'input'>): 'CONTINUE' | 'ABANDON' | 'terminate' | undefined {
  if (api === 'autoscaling:TerminateInstanceInAutoScalingGroup') return 'terminate';
  if (api !== 'autoscaling:CompleteLifecycleAction') return undefined;
  return textIn(input, 'LifecycleActionResult') === 'ABANDON' ? 'ABANDON' : 'CONTINUE';
}

/** Which task a StopTask is for, and why: one for another reason goes on beside it. */
export const stopIn = (input: unknown): string => `${textIn(input, 'task')} ${textIn(input, 'reason')}`;

/** A member of a request's input or answer, where it is a text. */
export function textIn(input: unknown, name: string): string | undefined {
  const value = memberOf(input, name);
  return typeof value === 'string' ? value : undefined;
}

export function memberOf(input: unknown, name: string): unknown {
  return typeof input === 'object' && input !== null ? (input as Record<string, unknown>)[name] : undefined;
}

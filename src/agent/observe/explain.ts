import type { Service } from '@aws-sdk/client-ecs';
import type { Caller } from '../../aws/call.ts';
import type { Task } from '../../aws/ecs.ts';
import { AwsError } from '../../aws/errors.ts';
import { type Clock, timeOfDate } from '../../base/clock.ts';
import type { Log } from '../../log/log.ts';
import { serviceName } from '../decide/services.ts';
import type { Explained, OnFault, ServiceState } from '../model.ts';

/** Makes one request about the tasks that a drain waits for. What it does not learn stays as it was. Never rejects. */
export type Explain = (cluster: string, tasks: readonly Task[]) => Promise<Explained>;

/** ECS DescribeServices takes this many services at a time, the oldest tasks' first. */
const MOST_SERVICES = 10;
/** ECS GetTaskProtection takes this many tasks at a time. */
const MOST_TASKS = 100;
const MOST_EVENTS = 20;
/** If a policy forbids such a request, it is not made again for this long, in ms: the drain does not depend on it. */
const FORBIDDEN_MS = 3_600_000;

type Question = 'ecs:DescribeServices' | 'ecs:GetTaskProtection';

/** @param call its failures are not reported: without an answer a drain is only explained less well */
export function createExplain(call: Caller, clock: Clock, log: Log, onFault: OnFault): Explain {
  const forbiddenUntil = new Map<Question, number>();
  let explained: Explained = { services: [], protectedTasks: [] };
  let turn: Question = 'ecs:GetTaskProtection';

  const ask: Record<Question, (cluster: string, tasks: readonly Task[]) => Promise<Explained>> = {
    'ecs:DescribeServices': async (cluster, tasks) => {
      const names = tasks.flatMap(({ group }) => serviceName(group) ?? []);
      const services = [...new Set(names)].slice(0, MOST_SERVICES);
      const answer = await call('ecs:DescribeServices', { cluster, services });
      return { ...explained, services: (answer.services ?? []).map(toState) };
    },
    'ecs:GetTaskProtection': async (cluster, tasks) => {
      const arns = tasks.map(({ arn }) => arn).slice(0, MOST_TASKS);
      const answer = await call('ecs:GetTaskProtection', { cluster, tasks: arns });
      const protectedTasks = (answer.protectedTasks ?? [])
        .filter(({ protectionEnabled }) => protectionEnabled)
        .map(({ taskArn, expirationDate }) => ({ arn: taskArn ?? '', until: timeOfDate(expirationDate) }));
      return { ...explained, protectedTasks };
    },
  };

  return async (cluster, tasks) => {
    const ofServices = tasks
      .filter(({ group }) => serviceName(group) !== undefined)
      .sort((a, b) => createdAtOf(a) - createdAtOf(b));
    if (ofServices.length === 0) return explained;
    const other: Question =
      turn === 'ecs:DescribeServices' ? 'ecs:GetTaskProtection' : 'ecs:DescribeServices';
    const question = [other, turn].find((one) => clock.monotonic() >= (forbiddenUntil.get(one) ?? -Infinity));
    if (question === undefined) return explained;
    turn = question;
    try {
      explained = await ask[question](cluster, ofServices);
    } catch (error) {
      if (!(error instanceof AwsError)) onFault(question, error);
      else if (error.kind === 'permission') {
        forbiddenUntil.set(question, clock.monotonic() + FORBIDDEN_MS);
        log(
          'drain.unexplained',
          `without the permission ${question} it can be told less well why a drain waits`,
          {
            iamAction: question,
          },
        );
      }
    }
    return explained;
  };
}

/** A task of which ECS does not say when it was created counts as the youngest. */
const createdAtOf = ({ createdAt = Infinity }: Task): number => createdAt;

function toState(service: Service): ServiceState {
  const { minimumHealthyPercent, maximumPercent } = service.deploymentConfiguration ?? {};
  return {
    name: service.serviceName ?? '',
    isDaemon: service.schedulingStrategy === 'DAEMON',
    desired: service.desiredCount ?? 0,
    running: service.runningCount ?? 0,
    pending: service.pendingCount ?? 0,
    minimumHealthyPercent,
    maximumPercent,
    events: (service.events ?? [])
      .slice(0, MOST_EVENTS)
      .map(({ createdAt, message }) => ({ at: timeOfDate(createdAt) ?? 0, message: message ?? '' })),
  };
}

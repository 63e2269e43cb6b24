import assert from 'node:assert/strict';
import type { Described, Ecs, Task } from '../../../../src/aws/ecs.ts';
import { AwsError, type AwsErrorKind } from '../../../../src/aws/errors.ts';

export const OWN = 'i-own';

export const ci = (id: string, cluster = 'web') =>
  `arn:aws:ecs:eu-west-1:111122223333:container-instance/${cluster}/${id}`;
export const taskArn = (id: string, cluster = 'web') =>
  // ECS takes no id of another length.
  `arn:aws:ecs:eu-west-1:111122223333:task/${cluster}/${id.padEnd(32, '-')}`;
export const registration = (id: string, cluster = 'web') => ({
  cluster,
  containerInstanceArn: ci(id, cluster),
});

export const task = (id: string, lastStatus = 'RUNNING', on: string | undefined = ci('a')): Task => ({
  arn: taskArn(id),
  group: 'family:batch',
  lastStatus,
  desiredStatus: 'RUNNING',
  containerInstanceArn: on,
});

export type Instance = {
  readonly status: string;
  readonly on?: string;
  readonly connected?: boolean;
  readonly count?: number;
  readonly registeredAt?: number | undefined;
  /** ECS lists it by the instance id. */
  readonly listed?: boolean;
};

/** What ECS would answer, by the ids of container instances; those that are not there are missing. */
export type EcsScene = {
  instances: Record<string, Instance>;
  /** Ids of container instances that ECS lists by the instance id and does not know yet when it is asked to describe them. */
  undescribed?: readonly string[];
  /** What ECS lists of tasks, whatever they are, and what it describes. */
  listed?: readonly string[];
  /** How many pages that takes; two unless told. */
  requests?: number;
  tasks?: readonly Task[];
  refuses?: Partial<Record<keyof Ecs, AwsErrorKind>>;
  /** Clusters in which ECS answers nothing else than that there is no such cluster. */
  noCluster?: readonly string[];
  /** Ids of container instances for which ECS refuses a whole description. */
  invalid?: readonly string[];
};

/** The id in an ARN, as it was given to `ci` or `taskArn`. */
export const short = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1).replace(/-+$/, '');

/** An ECS that answers from the scene, and notes what it was asked. */
export function fakeEcs(scene: EcsScene) {
  const asked: string[] = [];
  const answer = async <T>(call: keyof Ecs, cluster: string, what: string, value: () => T): Promise<T> => {
    asked.push(`${call} ${cluster} ${what}`.trim());
    const kind = scene.refuses?.[call];
    if (kind) throw new AwsError('ecs:ListTasks', kind, 'Refused', `${call} was refused`);
    if (scene.noCluster?.includes(cluster))
      throw new AwsError('ecs:ListTasks', 'rejected', 'ClusterNotFoundException', 'no such cluster');
    return value();
  };
  const described = (arn: string): Described => {
    const one = scene.instances[short(arn)];
    if (!one) return { kind: 'missing', arn };
    const { status, on = OWN, connected = true, count = 0, registeredAt } = one;
    return {
      kind: 'found',
      arn,
      status,
      ec2InstanceId: on,
      agentConnected: connected,
      registeredAt,
      taskCount: count,
    };
  };
  const never = async () => assert.fail('looking changes nothing');
  const ecs: Ecs = {
    find: (cluster) =>
      answer('find', cluster, '', () =>
        Object.entries(scene.instances)
          .filter(([, { status, listed }]) => listed ?? status !== 'INACTIVE')
          .map(([id]) => id)
          .concat(scene.undescribed ?? [])
          .map((id) => ci(id, cluster)),
      ),
    describe: (cluster, arns) =>
      answer('describe', cluster, arns.map(short).join(), () => {
        if (arns.some((arn) => scene.invalid?.includes(short(arn))))
          throw new AwsError('ecs:ListTasks', 'rejected', 'InvalidParameterException', 'Invalid identifier');
        return arns.map(described);
      }),
    listTasks: (cluster, arn) =>
      answer('listTasks', cluster, short(arn), () => ({
        arns: scene.listed ?? (scene.tasks ?? []).map((one) => one.arn),
        requests: scene.requests ?? 2,
      })),
    describeTasks: (cluster, arns) =>
      answer('describeTasks', cluster, arns.map(short).join(), () =>
        (scene.tasks ?? []).filter((one) => arns.includes(one.arn)),
      ),
    setStatus: never,
    deregister: never,
    stopTask: never,
  };
  return { ecs, asked };
}

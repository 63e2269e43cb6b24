/** The ARN of a container instance or of a task, taken apart. */
export type EcsArn = {
  readonly partition: string;
  readonly region: string;
  /** Twelve digits. */
  readonly account: string;
  readonly kind: 'container-instance' | 'task';
  /** Undefined in the old format, which names none. */
  readonly cluster: string | undefined;
  readonly id: string;
};

/** Partition, Region, account, kind, cluster and id (ECS developer guide, "Amazon Resource Names (ARNs)"). */
const ECS_ARN =
  /^arn:([a-z0-9-]{1,32}):ecs:([a-z0-9-]{1,40}):(\d{12}):(container-instance|task)\/(?:([A-Za-z0-9_-]{1,255})\/)?([A-Za-z0-9_-]{1,128})$/;

/** Takes the ARN of a container instance or of a task apart; undefined for any other text. */
export function parseEcsArn(text: string): EcsArn | undefined {
  const [whole, partition = '', region = '', account = '', kind, cluster, id = ''] = ECS_ARN.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return { partition, region, account, kind: kind as EcsArn['kind'], cluster, id };
}

const CLUSTER = /^(arn:[a-z0-9-]{1,32}:ecs:[a-z0-9-]{1,40}:\d{12}:cluster\/)?[A-Za-z0-9_-]{1,255}$/;

/** Whether a text can be the name of an ECS cluster, or its ARN (ECS API reference, CreateCluster). */
export const isCluster = (text: string): boolean => CLUSTER.test(text);

/**
 * What is wrong where a cluster's ARN names another Region than the one that is asked: there may be another cluster of that name, and
 * what is done would be done to that.
 */
export function otherRegion(cluster: string, region: string): string | undefined {
  const [, named] = /^arn:[^:]*:ecs:([^:]*):/.exec(cluster) ?? [];
  return named === undefined || named === region
    ? undefined
    : `--cluster: ${cluster} is in ${named}, and the Region is ${region}. Allowed: a cluster of the Region. Give --region ${named}, or another cluster.`;
}

/** The name of a cluster that is given by its name or its ARN. */
export const clusterName = (cluster: string): string => cluster.slice(cluster.lastIndexOf('/') + 1);

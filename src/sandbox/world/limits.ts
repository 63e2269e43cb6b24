/**
 * How often one account may call the APIs of one Region: `none` without a limit, `aws` as AWS publishes it, or the size
 * of each bucket that is to have a limit.
 */
export type Limits = 'none' | 'aws' | { readonly [name in BucketName]?: BucketSize };

/** A token bucket: a request takes a token, and `perSecond` tokens come back, up to `burst`. Whole numbers. */
export type BucketSize = { readonly burst: number; readonly perSecond: number };

export type BucketName = keyof typeof awsLimits;

/**
 * What AWS allows an account in each Region. (ECS API reference, "Request throttling"; EC2 developer guide, "Request
 * throttling".) The size of Auto Scaling's is not published: this is a guess, at EC2's.
 */
export const awsLimits = {
  'ecs-cluster-read': { burst: 100, perSecond: 20 },
  'ecs-cluster-modify': { burst: 100, perSecond: 40 },
  'ecs-service-read': { burst: 100, perSecond: 20 },
  'ecs-task-protection': { burst: 200, perSecond: 80 },
  'ecs-task-definitions': { burst: 20, perSecond: 1 },
  'ec2-describe-tags': { burst: 100, perSecond: 20 },
  'logs-get-events': { burst: 10, perSecond: 10 },
  'auto-scaling': { burst: 100, perSecond: 20 },
} as const satisfies Record<string, BucketSize>;

export const bucketNames = Object.keys(awsLimits) as BucketName[];

/** What is left of the account's limits, shared by all who call. */
export type RequestLimits = {
  /** Takes a request's token at `now` (ms since the Unix epoch); false where there is none: the request is throttled. */
  take(api: string, now: number): boolean;
};

export function createRequestLimits(limits: Limits): RequestLimits {
  if (limits === 'none') return { take: () => true };
  const sizes = limits === 'aws' ? awsLimits : limits;
  const buckets = new Map<BucketName, Bucket>();
  for (const name of bucketNames) {
    const size = sizes[name];
    if (size) buckets.set(name, createBucket(size));
  }
  return {
    take: (api, now) => {
      const name = bucketOf(api);
      return (name && buckets.get(name)?.take(now)) ?? true;
    },
  };
}

/** The bucket from which a call takes its token; undefined where AWS publishes none, or nobody is held up by it. */
export function bucketOf(api: string): BucketName | undefined {
  return api.startsWith('autoscaling:') ? 'auto-scaling' : bucketsByCall[api];
}

const bucketsByCall: Readonly<Record<string, BucketName>> = {
  'ecs:DescribeContainerInstances': 'ecs-cluster-read',
  'ecs:ListContainerInstances': 'ecs-cluster-read',
  'ecs:DescribeTasks': 'ecs-cluster-read',
  'ecs:ListTasks': 'ecs-cluster-read',
  'ecs:UpdateContainerInstancesState': 'ecs-cluster-modify',
  'ecs:DeregisterContainerInstance': 'ecs-cluster-modify',
  'ecs:RunTask': 'ecs-cluster-modify',
  'ecs:StartTask': 'ecs-cluster-modify',
  'ecs:StopTask': 'ecs-cluster-modify',
  'ecs:DescribeServices': 'ecs-service-read',
  'ecs:ListServices': 'ecs-service-read',
  'ecs:GetTaskProtection': 'ecs-task-protection',
  'ecs:RegisterTaskDefinition': 'ecs-task-definitions',
  'ec2:DescribeTags': 'ec2-describe-tags',
  'logs:GetLogEvents': 'logs-get-events',
};

type Bucket = { take(now: number): boolean };

/** Counts in thousandths of a token, since that is what comes back in a millisecond: no sum is ever rounded. */
function createBucket({ burst, perSecond }: BucketSize): Bucket {
  const full = burst * TOKEN;
  let level = full;
  let filledAt = 0;
  return {
    take: (now) => {
      level = Math.min(full, level + Math.max(0, now - filledAt) * perSecond);
      filledAt = Math.max(filledAt, now);
      if (level < TOKEN) return false;
      level -= TOKEN;
      return true;
    },
  };
}

const TOKEN = 1_000;

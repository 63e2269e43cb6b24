import { awsLimits, type BucketName, type BucketSize, bucketNames, type Limits } from './world/limits.ts';

/**
 * Limits as people write them: `none`, `aws`, or the sizes of some buckets, `auto-scaling=50/10` (50 at once, 10 a
 * second), separated by commas; `aws` among them stands for all the others. Undefined where it is none of these.
 */
export function parseLimits(text: string): Limits | undefined {
  if (text === 'none' || text === 'aws') return text;
  const sizes: { [name in BucketName]?: BucketSize } = {};
  const parts = text.split(',');
  if (parts.includes('aws')) Object.assign(sizes, awsLimits);
  for (const part of parts) {
    if (part === 'aws') continue;
    const [, name, burst, perSecond] = /^([a-z0-9-]+)=(\d{1,6})\/(\d{1,6})$/.exec(part) ?? [];
    if (name === undefined || !isBucketName(name)) return undefined;
    sizes[name] = { burst: Number(burst), perSecond: Number(perSecond) };
  }
  return sizes;
}

const isBucketName = (name: string): name is BucketName => bucketNames.some((one) => one === name);

import { isCluster } from '../base/arn.ts';
import { readTextFile } from '../base/files.ts';

/** The ECS agent's own configuration on a container instance; root writes it, in an image or in user data. */
const ECS_CONFIG = '/etc/ecs/ecs.config';
const MOST_BYTES = 256 * 1024;

/**
 * The cluster that the host's ECS agent is configured for; undefined where that cannot be told. Read anew each time, since
 * user data may write the file after the agent has started. Never throws.
 */
export function configuredCluster(path = ECS_CONFIG): string | undefined {
  try {
    return clusterIn(readTextFile(path, MOST_BYTES));
  } catch {
    // It may hold a registry's password, and be for root alone.
    return undefined;
  }
}

/** `ECS_CLUSTER` in a file of lines NAME=value, with or without quotes; the last one counts. */
export function clusterIn(text: string): string | undefined {
  const lines = text.matchAll(
    /^[ \t]*(?:export[ \t]+)?ECS_CLUSTER=(?:"([^"\n]*)"|'([^'\n]*)'|([^\s"']*))[ \t\r]*$/gm,
  );
  const [, double, single, bare] = [...lines].at(-1) ?? [];
  const cluster = double ?? single ?? bare;
  return cluster !== undefined && isCluster(cluster) ? cluster : undefined;
}

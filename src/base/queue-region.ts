/**
 * The Region in a queue's URL, which need not be the cluster's; undefined where the URL names none. (SQS endpoints, the
 * older ones and those of a VPC too)
 */
export function queueRegion(url: string): string | undefined {
  const { hostname } = new URL(url);
  const [, of, before] =
    /(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?(?:amazonaws|api\.amazonwebservices)\.|^([a-z0-9-]+)\.queue\.amazonaws\./.exec(
      hostname,
    ) ?? [];
  return of ?? before;
}

import { autoScalingQuery } from './auto-scaling-query.ts';
import { ec2Query } from './ec2-query.ts';
import { cloudwatchJson, ecsJson, logsJson, sqsJson } from './ecs-json.ts';
import type { Protocol, WireRequest } from './protocol.ts';

/** The protocol that a request speaks; undefined when it is none that the sandbox knows. */
export function protocolOf(request: WireRequest): Protocol | undefined {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    if (target.startsWith('AmazonEC2ContainerServiceV20141113.')) return ecsJson;
    if (target.startsWith('AmazonSQS.')) return sqsJson;
    if (target.startsWith('GraniteServiceVersion20100801.')) return cloudwatchJson;
    return target.startsWith('Logs_20140328.') ? logsJson : undefined;
  }
  const params = new URLSearchParams(request.body || request.query);
  switch (params.get('Version')) {
    case '2016-11-15':
      return ec2Query;
    case '2011-01-01':
      return autoScalingQuery;
  }
  if (!params.has('Action')) return undefined;
  switch (credentialScope(request)?.service) {
    case 'ec2':
      return ec2Query;
    case 'autoscaling':
      return autoScalingQuery;
    default:
      return undefined;
  }
}

/** Who signed a request, and for what. The signature itself is not looked at. */
export function credentialScope(request: WireRequest): { accessKeyId: string; service: string } | undefined {
  const match = /Credential=([\w-]+)\/\d{8}\/[\w-]+\/([\w-]+)\/aws4_request/.exec(
    request.headers.authorization ?? '',
  );
  return match?.[1] && match[2] ? { accessKeyId: match[1], service: match[2] } : undefined;
}

import type { Protocol, WireResponse } from './protocol.ts';
import { decodeQuery, encodeMembers } from './query.ts';
import { element, escapeXml } from './xml.ts';

/** EC2 Auto Scaling: AWS Query, answers in XML. */
export const autoScalingQuery: Protocol = {
  service: 'autoscaling',
  read: (request) => {
    const params = new URLSearchParams(request.body || request.query);
    return { action: params.get('Action') ?? '', input: () => decodeQuery(params) };
  },
  answer: (action, output, requestId) => {
    const members = encodeMembers(output, (_parent, member) => member, 'member');
    const result = returnsNothing.has(action) ? '' : element(`${action}Result`, members);
    const metadata = element('ResponseMetadata', element('RequestId', requestId));
    return respond(200, element(`${action}Response`, result + metadata, namespace), requestId);
  },
  fail: ({ name, message }, status, requestId) => {
    const error =
      element('Type', status >= 500 ? 'Receiver' : 'Sender') +
      element('Code', escapeXml(name)) +
      element('Message', escapeXml(message));
    const xml = element('Error', error) + element('RequestId', requestId);
    return respond(status, element('ErrorResponse', xml, namespace), requestId);
  },
  unknownAction: (action) => ({
    name: 'InvalidAction',
    message: `Could not find operation ${action} for version 2011-01-01`,
    status: 400,
  }),
};

const namespace = ' xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"';

/** Calls whose output has no shape at all, so that not even an empty result stands in the answer. */
const returnsNothing = new Set(['CreateAutoScalingGroup', 'UpdateAutoScalingGroup', 'SetDesiredCapacity']);

function respond(status: number, body: string, requestId: string): WireResponse {
  return { status, headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, body };
}

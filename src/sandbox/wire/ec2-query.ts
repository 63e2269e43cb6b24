import type { Protocol, WireResponse } from './protocol.ts';
import { decodeQuery, encodeMembers, type QueryValue } from './query.ts';
import { element, escapeXml } from './xml.ts';

/** EC2: its own kind of Query, answers in XML with names of their own. */
export const ec2Query: Protocol = {
  service: 'ec2',
  read: (request) => {
    const params = new URLSearchParams(request.body || request.query);
    return { action: params.get('Action') ?? '', input: () => withListNames(decodeQuery(params)) };
  },
  answer: (action, output, requestId) => {
    const members = encodeMembers(output, elementName, 'item');
    const content = element('requestId', requestId) + (members || element('return', 'true'));
    return respond(200, element(`${action}Response`, content, namespace), requestId);
  },
  fail: ({ name, message }, status, requestId) => {
    const error = element('Code', escapeXml(name)) + element('Message', escapeXml(message));
    const xml = element('Errors', element('Error', error)) + element('RequestID', requestId);
    return respond(status, element('Response', xml), requestId);
  },
  unknownAction: (action) => ({
    name: 'InvalidAction',
    message: `The action ${action} is not valid for this web service.`,
    status: 400,
  }),
};

const namespace = ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"';

/** In requests a list bears the name of one of its members. */
const listNames: Record<string, string> = {
  Filter: 'Filters',
  InstanceId: 'InstanceIds',
  InstanceType: 'InstanceTypes',
  LaunchTemplateVersion: 'Versions',
  ResourceId: 'Resources',
  SubnetId: 'SubnetIds',
  Tag: 'Tags',
  Value: 'Values',
};

function withListNames(input: { [name: string]: QueryValue }): { [name: string]: QueryValue } {
  const renamed: { [name: string]: QueryValue } = {};
  for (const [name, value] of Object.entries(input)) {
    const listName = Array.isArray(value) ? listNames[name] : undefined;
    renamed[listName ?? name] = Array.isArray(value) ? value.map(withListNamesInside) : value;
  }
  return renamed;
}

function withListNamesInside(value: QueryValue): QueryValue {
  return typeof value === 'object' && !Array.isArray(value) ? withListNames(value) : value;
}

/** In answers a list is called a set, and a few things bear other names than in the SDK. */
const elementNames: Record<string, string> = {
  'Instances.State': 'instanceState',
  Groups: 'groupSet',
  InstanceTypes: 'instanceTypeSet',
  LaunchTemplateVersions: 'launchTemplateVersionSet',

  Instances: 'instancesSet',
  Reservations: 'reservationSet',
  Subnets: 'subnetSet',
  Tags: 'tagSet',
  TerminatingInstances: 'instancesSet',
};

function elementName(parent: string, member: string): string {
  return (
    elementNames[`${parent}.${member}`] ??
    elementNames[member] ??
    member.charAt(0).toLowerCase() + member.slice(1)
  );
}

function respond(status: number, body: string, requestId: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/xml;charset=UTF-8', 'x-amzn-requestid': requestId },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
  };
}

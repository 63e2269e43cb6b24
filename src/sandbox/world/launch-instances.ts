import type * as AutoScaling from '@aws-sdk/client-auto-scaling';
import { serviceError, validationError } from './errors.ts';
import { takesLaunchInstances } from './launch-templates.ts';
import type { Group } from './state.ts';

type Answer = Omit<AutoScaling.LaunchInstancesCommandOutput, '$metadata'>;

/**
 * LaunchInstances: adds to what the group wants, never beyond its maximum, and answers with the instances or why a zone
 * had none. A client token that has been used is answered with the same again. (Auto Scaling user guide, "Launch
 * instances synchronously")
 */
export function launchInstances(group: Group, input: AutoScaling.LaunchInstancesCommandInput): Answer {
  const { ClientToken: token, ...parameters } = input;
  const asked = JSON.stringify(parameters);
  const used = token === undefined ? undefined : group.launchTokens.get(token);
  if (used && used.parameters !== asked)
    throw serviceError(
      'IdempotentParameterMismatch',
      'The parameters do not match those of the request that had this client token.',
    );
  const answer = used?.answer ?? launch(group, input);
  if (token !== undefined) group.launchTokens.set(token, { parameters: asked, answer });
  return answer as Answer;
}

function launch(
  group: Group,
  {
    RequestedCapacity: count = 0,
    AvailabilityZones: zones = [],
    ClientToken,
  }: AutoScaling.LaunchInstancesCommandInput,
): Answer {
  const { launch: launchOne } = group;
  if (!launchOne || !takesLaunchInstances(group.spec))
    throw validationError(
      'LaunchInstances needs a group with a launch template that launches On-Demand or Spot instances, and not both.',
    );
  if (count < 1 || count > 100) throw validationError('RequestedCapacity must be between 1 and 100.');
  if (zones.length > 1) throw validationError('Exactly one Availability Zone is allowed.');
  if (group.desired + count > group.maxSize)
    throw validationError(
      `The desired capacity of ${group.desired + count} would be above the max value ${group.maxSize}.`,
    );
  const zone = zones[0] ?? group.zones[0] ?? '';
  if (!group.zones.includes(zone))
    throw validationError(`The group ${group.name} has no Availability Zone ${zone}.`);
  const answer = { AutoScalingGroupName: group.name, ...(ClientToken && { ClientToken }) };
  const launchError = group.launchErrors.get(zone);
  if (launchError !== undefined) {
    const [code = '', message = ''] = launchError.split(': ', 2);
    return {
      ...answer,
      Instances: [],
      Errors: [{ AvailabilityZone: zone, ErrorCode: code, ErrorMessage: message }],
    };
  }
  const ids = Array.from({ length: count }, () => {
    group.desired++;
    return launchOne(zone).id;
  });
  return {
    ...answer,
    Instances: [{ AvailabilityZone: zone, MarketType: 'OnDemand', InstanceIds: ids }],
    Errors: [],
  };
}

import type * as Ec2 from '@aws-sdk/client-ec2';
import { isInstanceId } from '../../aws/instance-id.ts';
import { dateAt } from '../../base/clock.ts';
import { after, emit } from './emit.ts';
import { serviceError } from './errors.ts';
import { launchTemplates } from './launch-templates.ts';
import { terminateMachine } from './machine-end.ts';
import type { Handlers } from './operations.ts';
import { type Asked, pageByPlace } from './paging.ts';
import { note, valueAt } from './past.ts';
import type { Machine, MachineState, WorldState } from './state.ts';
import { subnets } from './subnets.ts';

/** The EC2 API, as far as it concerns instances and their tags. */
export const ec2 = {
  ...launchTemplates,
  ...subnets,
  'ec2:CreateTags': (world, input) => {
    const machines = resources(world, input.Resources, 'resourceIdSet');
    const tags = input.Tags ?? [];
    if (tags.length === 0) throw missingParameter('Tag');
    for (const machine of machines) checkTags(machine, tags);
    for (const { Key = '', Value = '' } of tags)
      for (const machine of machines) putTag(world, machine, Key, Value);
    return {};
  },
  'ec2:DeleteTags': (world, input) => {
    for (const machine of resources(world, input.Resources, 'resourceIdSet')) {
      for (const tag of input.Tags ?? [...machine.tags.keys()].map((Key): Ec2.Tag => ({ Key }))) {
        const key = tag.Key ?? '';
        const value = machine.tags.get(key);
        // What AWS put on is not the user's to take away.
        if (key.startsWith('aws:')) continue;
        if (value === undefined || (tag.Value !== undefined && tag.Value !== value)) continue;
        removeTag(world, machine, key);
      }
    }
    return {};
  },
  'ec2:DescribeTags': (world, input) => {
    const matches = (input.Filters ?? []).map(tagFilter);
    const asked = listing('ec2:DescribeTags', input);
    const found: Ec2.TagDescription[] = [];
    for (const machine of world.machines.values()) {
      for (const [key, value] of tagsSeen(world, machine)) {
        const tag: Ec2.TagDescription = {
          Key: key,
          Value: value,
          ResourceId: machine.id,
          ResourceType: 'instance',
        };
        if (matches.every((match) => match(tag))) found.push(tag);
      }
    }
    const { items, nextToken } = pageByPlace(found, asked);
    return { Tags: items, ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
  },
  'ec2:DescribeInstances': (world, input) => {
    const isNamed = (input.InstanceIds?.length ?? 0) > 0;
    if (isNamed && input.MaxResults !== undefined)
      throw serviceError(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    const named = isNamed
      ? new Set(resources(world, input.InstanceIds, 'InstanceId'))
      : world.machines.values();
    const matches = (input.Filters ?? []).map(instanceFilter);
    const found = [...named].filter((machine) => matches.every((match) => match(machine)));
    const { items, nextToken } = pageByPlace(found, listing('ec2:DescribeInstances', input));
    return {
      Reservations: items.map((machine) => ({
        ReservationId: machine.id.replace(/^i-/, 'r-'),
        OwnerId: world.options.accountId,
        Groups: [],
        Instances: [describe(machine)],
      })),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
  'ec2:TerminateInstances': (world, input) => {
    const machines = [...new Set(resources(world, input.InstanceIds, 'InstanceId'))];
    return {
      TerminatingInstances: machines.map((machine) => {
        const before = machine.state;
        terminateMachine(world, machine, 'ec2:TerminateInstances was called');
        return {
          InstanceId: machine.id,
          PreviousState: stateOf(before),
          CurrentState: stateOf(machine.state),
        };
      }),
    };
  },
} satisfies Handlers<'ec2'>;

/** Puts a tag on an instance. Metadata shows it when it has heard of it. */
export function putTag(world: WorldState, machine: Machine, key: string, value: string): void {
  const shown = valueShown(machine, key);
  machine.tags.set(key, value);
  note<ReadonlyMap<string, string>>(machine.pastTags, world.now, new Map(machine.tags));
  const { tagAdditionShown } = world.options.timings;
  const later = tagAdditionShown > 0 ? { showsLater: true as const } : {};
  emit(world, () => ({ type: 'tag-put', instanceId: machine.id, key, value, ...later }));
  showLater(world, machine, key, shown, tagAdditionShown);
}

/** Takes a tag off an instance. Metadata goes on showing it until it has heard of that. */
export function removeTag(world: WorldState, machine: Machine, key: string): void {
  if (!machine.tags.has(key)) return;
  const shown = valueShown(machine, key);
  machine.tags.delete(key);
  note<ReadonlyMap<string, string>>(machine.pastTags, world.now, new Map(machine.tags));
  emit(world, () => ({ type: 'tag-removed', instanceId: machine.id, key }));
  showLater(world, machine, key, shown, world.options.timings.tagRemovalShown);
}

/** What metadata shows of a tag where it serves tags. */
function valueShown({ imds, tags }: Machine, key: string): string | undefined {
  const lagging = imds.laggingTags.get(key);
  return lagging ? lagging.value : tags.get(key);
}

function showLater(
  world: WorldState,
  machine: Machine,
  key: string,
  shown: string | undefined,
  lagMs: number,
): void {
  const { laggingTags } = machine.imds;
  const show = () => {
    laggingTags.delete(key);
    const value = machine.tags.get(key);
    emit(world, () => ({ type: 'tag-shown', instanceId: machine.id, key, value }));
  };
  if (lagMs === 0) {
    show();
    return;
  }
  const lagging = { value: shown };
  laggingTags.set(key, lagging);
  after(world, lagMs, () => {
    // Unless it was changed once more meanwhile.
    if (laggingTags.get(key) === lagging) show();
  });
}

/** A machine's tags in the call that the EC2 API answers, which can be of a while ago. */
function tagsSeen(world: WorldState, machine: Machine): ReadonlyMap<string, string> {
  return world.asOf >= world.now ? machine.tags : (valueAt(machine.pastTags, world.asOf) ?? noTags);
}

const noTags: ReadonlyMap<string, string> = new Map();

/** Nothing is forbidden here: so a dry run would always succeed, and EC2 says that with an error. */
export function refuseDryRun(_operation: string, input: { DryRun?: boolean | undefined }): void {
  if (input.DryRun)
    throw serviceError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
}

const USER_TAGS = 50;

/** What EC2 takes for a tag (EC2 user guide, "Tag restrictions"), and where metadata serves the tags (IMDS has paths). */
function checkTags(machine: Machine, tags: readonly Ec2.Tag[]): void {
  const refuse = (message: string) => serviceError('InvalidParameterValue', message);
  for (const { Key: key = '', Value: value = '' } of tags) {
    if (key === '') throw refuse('Tag key cannot be empty.');
    if (key.length > 127)
      throw refuse(`Tag key exceeds the maximum length of 127 characters: ${key.slice(0, 20)}…`);
    if (value.length > 256) throw refuse('Tag value exceeds the maximum length of 256 characters.');
    if (key.toLowerCase().startsWith('aws:'))
      throw refuse('Tag keys starting with aws: are reserved for internal use');
    const isName = /^[0-9a-zA-Z\-_+=,.@:]{1,255}$/.test(key) && !['.', '..', '_index'].includes(key);
    if (machine.imds.tags && !isName)
      throw refuse(
        `'${key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')`,
      );
  }
  const keys = new Set([...machine.tags.keys(), ...tags.map(({ Key = '' }) => Key)]);
  const users = [...keys].filter((key) => !key.startsWith('aws:'));
  if (users.length > USER_TAGS)
    throw serviceError(
      'TagLimitExceeded',
      `The maximum number of tags for resource ${machine.id} has been reached.`,
    );
}

const missingParameter = (name: string) =>
  serviceError('MissingParameter', `The request must contain the parameter ${name}`);

/** The instances that a parameter names. */
function resources(world: WorldState, ids: string[] | undefined, parameter: string): Machine[] {
  if (!ids?.length) throw missingParameter(parameter);
  return ids.map((id) => {
    const machine = world.machines.get(id);
    if (machine) return machine;
    if (!isInstanceId(id)) throw serviceError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    throw serviceError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
  });
}

function tagFilter(filter: Ec2.Filter): (tag: Ec2.TagDescription) => boolean {
  const matches = anyOf(filter.Values);
  switch (filter.Name) {
    case 'resource-id':
      return (tag) => matches(tag.ResourceId ?? '');
    case 'resource-type':
      return (tag) => matches(tag.ResourceType ?? '');
    case 'key':
      return (tag) => matches(tag.Key ?? '');
    case 'value':
      return (tag) => matches(tag.Value ?? '');
    case 'tag':
      return () => false;
    default:
      return filterByTagKey(filter, (tag: Ec2.TagDescription, key) =>
        tag.Key === key ? tag.Value : undefined,
      );
  }
}

function instanceFilter(filter: Ec2.Filter): (machine: Machine) => boolean {
  const matches = anyOf(filter.Values);
  switch (filter.Name) {
    case 'instance-id':
      return (machine) => matches(machine.id);
    case 'instance-state-name':
      return (machine) => matches(machine.state);
    case 'tag-key':
      return (machine) => [...machine.tags.keys()].some(matches);
    default:
      return filterByTagKey(filter, (machine: Machine, key) => machine.tags.get(key));
  }
}

function filterByTagKey<T>(
  filter: Ec2.Filter,
  tagValue: (item: T, key: string) => string | undefined,
): (item: T) => boolean {
  const name = filter.Name ?? '';
  if (!name.startsWith('tag:'))
    throw serviceError('InvalidParameterValue', `The filter '${name}' is invalid`);
  const matches = anyOf(filter.Values);
  return (item) => {
    const value = tagValue(item, name.slice('tag:'.length));
    return value !== undefined && matches(value);
  };
}

/** EC2 filter values may hold `*` for any text and `?` for one character. */
function anyOf(values: string[] | undefined): (text: string) => boolean {
  const patterns = (values ?? []).map((value) => {
    if (!/[*?\\]/.test(value)) return value;
    const source = value.replace(/\\?[\s\S]/g, (piece) => {
      if (piece === '*') return '[\\s\\S]*';
      if (piece === '?') return '[\\s\\S]';
      const literal = piece.length === 2 ? piece.slice(1) : piece;
      return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    });
    return new RegExp(`^${source}$`);
  });
  return (text) =>
    patterns.some((pattern) => (typeof pattern === 'string' ? pattern === text : pattern.test(text)));
}

const MOST_ITEMS = 1000;

/** A list as an EC2 call asks for it: 5 to 1,000 items a page. */
function listing(
  operation: string,
  input: { MaxResults?: number | undefined; NextToken?: string | undefined },
): Asked {
  const { MaxResults, NextToken } = input;
  if (MaxResults !== undefined && (MaxResults < 5 || MaxResults > MOST_ITEMS))
    throw serviceError(
      'InvalidParameterValue',
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between 5 and ${MOST_ITEMS}.`,
    );
  return {
    operation,
    input,
    limit: MaxResults ?? MOST_ITEMS,
    token: NextToken || undefined,
    refuse: (token) => serviceError('InvalidNextToken', `The token '${token}' is invalid`),
  };
}

function describe(machine: Machine): Ec2.Instance {
  return {
    InstanceId: machine.id,
    ImageId: 'ami-0123456789abcdef0',
    State: stateOf(machine.hibernates || machine.isStopped ? 'stopped' : machine.state),
    InstanceType: machine.instanceType as Ec2._InstanceType,
    LaunchTime: dateAt(machine.launchedAt),
    Placement: { AvailabilityZone: machine.availabilityZone, GroupName: '', Tenancy: 'default' },
    PrivateIpAddress: machine.privateIp,
    MetadataOptions: {
      State: 'applied',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 2,
      HttpEndpoint: machine.imds.forbidden ? 'disabled' : 'enabled',
      InstanceMetadataTags: machine.imds.tags ? 'enabled' : 'disabled',
    },
    Tags: [...machine.tags].map(([Key, Value]) => ({ Key, Value })),
  };
}

function stateOf(name: MachineState | 'stopped'): Ec2.InstanceState {
  return { Code: stateCodes[name], Name: name };
}

const stateCodes: Record<MachineState | 'stopped', number> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopped: 80,
};

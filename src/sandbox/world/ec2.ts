import type * as Ec2 from '@aws-sdk/client-ec2';
import { isInstanceId } from '../../aws/instance-id.ts';
import { dateAt } from '../../base/clock.ts';
import { after, emit } from './emit.ts';
import { serviceError } from './errors.ts';
import { terminateMachine } from './machine-end.ts';
import type { Handlers } from './operations.ts';
import { page } from './paging.ts';
import { note, valueAt } from './past.ts';
import type { Machine, MachineState, WorldState } from './state.ts';

/** The EC2 API, as far as it concerns instances and their tags. */
export const ec2: Handlers<'ec2'> = {
  'ec2:CreateTags': (world, input) => {
    const machines = resources(world, input.Resources);
    for (const tag of input.Tags ?? []) {
      const key = tag.Key ?? '';
      if (key === '' || key.length > 127 || key.startsWith('aws:'))
        throw serviceError(
          'InvalidParameterValue',
          `Tag key "${key}" is not allowed: 1 to 127 characters, not beginning with aws:.`,
        );
      for (const machine of machines) putTag(world, machine, key, tag.Value ?? '');
    }
    return {};
  },
  'ec2:DeleteTags': (world, input) => {
    for (const machine of resources(world, input.Resources)) {
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
    const { limit, token } = paging(input, 1000);
    let index = 0;
    const found: { index: number; tag: Ec2.TagDescription }[] = [];
    for (const machine of world.machines.values()) {
      for (const [key, value] of tagsSeen(world, machine)) {
        const tag: Ec2.TagDescription = {
          Key: key,
          Value: value,
          ResourceId: machine.id,
          ResourceType: 'instance',
        };
        if (matches.every((match) => match(tag))) found.push({ index: index++, tag });
      }
    }
    const { items, nextToken } = page(found, (one) => one.index, limit, token, badToken);
    return {
      Tags: items.map((one) => one.tag),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
  'ec2:DescribeInstances': (world, input) => {
    const named = input.InstanceIds?.length
      ? resources(world, input.InstanceIds)
      : [...world.machines.values()];
    const matches = (input.Filters ?? []).map(instanceFilter);
    const { limit, token } = paging(input, 1000);
    const found = named.filter((machine) => matches.every((match) => match(machine)));
    const numbered = found.map((machine, index) => ({ machine, index }));
    const { items, nextToken } = page(numbered, (one) => one.index, limit, token, badToken);
    return {
      Reservations: items.map(({ machine }) => ({
        ReservationId: machine.id.replace(/^i-/, 'r-'),
        OwnerId: world.options.accountId,
        Groups: [],
        Instances: [describe(machine)],
      })),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
  'ec2:TerminateInstances': (world, input) => {
    const machines = resources(world, input.InstanceIds);
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
};

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

function resources(world: WorldState, ids: string[] | undefined): Machine[] {
  if (!ids?.length)
    throw serviceError('MissingParameter', 'The request must contain the parameter resourceIdSet');
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

function paging(
  input: { MaxResults?: number | undefined; NextToken?: string | undefined },
  most: number,
): { limit: number; token: string | undefined } {
  const { MaxResults, NextToken } = input;
  if (MaxResults !== undefined && (MaxResults < 5 || MaxResults > most))
    throw serviceError(
      'InvalidParameterValue',
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value between 5 and ${most}.`,
    );
  return { limit: MaxResults ?? most, token: NextToken || undefined };
}

const badToken = () => serviceError('InvalidNextToken', 'The token is invalid.');

function describe(machine: Machine): Ec2.Instance {
  return {
    InstanceId: machine.id,
    ImageId: 'ami-0123456789abcdef0',
    State: stateOf(machine.hibernates ? 'stopped' : machine.state),
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

import { clusterNamed } from './clusters.ts';
import { invalidParameter, serviceError } from './errors.ts';
import { idOf } from './ids.ts';
import type { Handlers } from './operations.ts';
import { note } from './past.ts';
import type { ContainerInstance, WorldState } from './state.ts';

/** The ECS calls about tags, as far as container instances have them. */
export const ecsTags = {
  'ecs:TagResource': (world, { resourceArn, tags }) => {
    const one = tagged(world, resourceArn);
    if (!tags?.length) throw invalidParameter('Tags cannot be empty.');
    const next = new Map(one.tags);
    for (const { key = '', value = '' } of tags) {
      if (!KEY.test(key) || !VALUE.test(value) || /^aws:/i.test(key))
        throw invalidParameter(
          "Tag keys have 1 to 128 characters and values up to 256: letters, numbers, spaces and + - = . _ : / @. Keys do not begin with 'aws:'.",
        );
      next.set(key, value);
    }
    if (next.size > MOST) throw invalidParameter(`Tags cannot be more than ${MOST}.`);
    setTags(world, one, next);
    return {};
  },
  'ecs:UntagResource': (world, { resourceArn, tagKeys }) => {
    const one = tagged(world, resourceArn);
    if (!tagKeys?.length) throw invalidParameter('Tag keys cannot be empty.');
    setTags(world, one, new Map([...one.tags].filter(([key]) => !tagKeys.includes(key))));
    return {};
  },
} satisfies Handlers<'ecs'>;

const MOST = 50;
const KEY = /^[\p{L}\p{N} +\-=._:/@]{1,128}$/u;
const VALUE = /^[\p{L}\p{N} +\-=._:/@]{0,256}$/u;

function setTags(world: WorldState, one: ContainerInstance, tags: ReadonlyMap<string, string>): void {
  one.tags = tags;
  note(one.pastTags, world.now, tags);
}

function tagged(world: WorldState, arn = ''): ContainerInstance {
  const [, name] = /^arn:[a-z0-9-]+:ecs:[a-z0-9-]+:\d{12}:container-instance\/([\w-]+)\/\w+$/.exec(arn) ?? [];
  if (name === undefined)
    throw invalidParameter(`Invalid resource ARN: ${arn}. The sandbox knows container instances'.`);
  const one = clusterNamed(world, name).containerInstances.get(idOf(arn));
  if (!one || one.status === 'INACTIVE')
    throw serviceError('ResourceNotFoundException', 'The specified resource is not available.');
  return one;
}

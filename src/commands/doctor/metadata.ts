import type { Caller } from '../../aws/call.ts';
import { describeTag } from '../../aws/ec2.ts';
import { type Identity, type Imds, readIdentity, readOtherRegion } from '../../aws/imds.ts';
import { isoTime, systemClock } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import { ifKnown } from '../../base/reading.ts';
import { oneLine } from '../../base/text.ts';
import { isMetadataTagKey, METADATA_TAG_KEY_CHARACTERS } from '../../config/names.ts';
import type { Config } from '../../config/options.ts';
import { readTargetState } from '../../signals/metadata.ts';
import { scheduledSignal } from '../../signals/scheduled.ts';
import { EC2_INTERVAL_MS } from '../../signals/tag.ts';
import { type Checks, fail, ok, skip, warn } from './check.ts';
import type { Permissions } from './permissions.ts';

/** Whether instance metadata answers, by version 2, and says who this instance is. */
export async function* checkMetadata(
  imds: Imds,
  endpoint: string,
  regionGiven: string | undefined,
): Checks<Identity | undefined> {
  const name = 'instance metadata';
  const identity = await readIdentity(imds, regionGiven);
  if (identity.kind === 'known') {
    const { instanceId, region } = identity.value;
    const elsewhere = regionGiven ? await readOtherRegion(imds, region) : undefined;
    yield elsewhere === undefined
      ? ok(name, `this is ${instanceId} in ${region}`)
      : fail(name, elsewhere, 'unset it, and restart the agent: it takes the Region of the instance');
    return identity.value;
  }
  yield fail(
    name,
    `${identity.cause} (asked at ${endpoint})`,
    'enable it on the instance (HttpEndpoint=enabled), and let the agent’s user reach 169.254.169.254',
  );
  return undefined;
}

/** Whether the terminate tag can be read, where it is a signal. */
export async function* checkTags(
  config: Config,
  { instanceId }: Identity,
  imds: Imds,
  permissions: Permissions,
): Checks {
  const name = 'instance tags';
  if (!config.signals.includes('tag')) {
    yield skip(name, 'the tag is none of the signals configured');
    return;
  }
  const ec2 = {
    operation: 'ec2:DescribeTags',
    resource: '*',
    ask: (call: Caller) => describeTag(call, instanceId, config.tagKey),
  } as const;
  if (config.tagSource === 'ec2') {
    yield skip(name, 'read by the EC2 API, as configured (--tag-source ec2)');
    yield (await permissions.ask(ec2)).check;
    return;
  }
  const keys = await imds.get('meta-data/tags/instance');
  const enable =
    `aws ec2 modify-instance-metadata-options --instance-id ${instanceId} --instance-metadata-tags enabled; ` +
    'in the launch template: MetadataOptions InstanceMetadataTags=enabled. EC2 then refuses tags whose keys hold a space or a slash';
  if (keys.kind === 'unknown') {
    yield fail(name, keys.cause, 'see instance metadata, above');
  } else if (keys.value !== undefined) {
    const isSet = keys.value.split('\n').some((key) => key.trim() === config.tagKey);
    yield ok(name, `instance metadata serves them; ${config.tagKey} is ${isSet ? 'set' : 'not set'}`);
  } else if (config.tagSource === 'imds') {
    yield fail(name, 'instance metadata serves no tags, so the tag is never seen', enable);
    yield* checkTagKeys(instanceId, permissions);
  } else {
    yield warn(
      name,
      `instance metadata serves no tags: the EC2 API is asked for the tag instead, at most once in ${formatDuration(EC2_INTERVAL_MS)}`,
      enable,
    );
    yield (await permissions.ask(ec2)).check;
    yield* checkTagKeys(instanceId, permissions);
  }
}

/** Tags that would keep EC2 from serving the instance's tags in metadata; nothing where they cannot be read. */
async function* checkTagKeys(instanceId: string, permissions: Permissions): Checks {
  const { value } = await permissions.ask({
    operation: 'ec2:DescribeTags',
    resource: '*',
    ask: (call) => call('ec2:DescribeTags', { Filters: [{ Name: 'resource-id', Values: [instanceId] }] }),
  });
  const keys = (value?.Tags ?? []).map(({ Key }) => Key ?? '').filter((key) => !isMetadataTagKey(key));
  if (keys.length === 0) return;
  yield warn(
    'tag keys',
    `EC2 refuses to serve tags in metadata while the instance has ${keys.slice(0, 5).map(quoted).join(', ')}`,
    `rename them in the launch template and the group first: metadata serves ${METADATA_TAG_KEY_CHARACTERS} only`,
  );
}

const quoted = (key: string) => JSON.stringify(oneLine(key));

/** Whether the group's wish to terminate this instance shows in its metadata, where it is a signal. */
export async function* checkLifecycleState(config: Config, imds: Imds, group: string): Checks {
  if (!config.signals.includes('lifecycle')) return;
  const name = 'target lifecycle state';
  const state = await readTargetState(imds);
  if (state.kind === 'unknown') yield fail(name, state.cause, 'see instance metadata, above');
  else if (state.value !== undefined) yield ok(name, `instance metadata says ${state.value}`);
  else
    yield warn(
      name,
      `instance metadata does not have it, though the instance is in group ${group}: the signal lifecycle will not come`,
      'rely on the terminate tag (docs/deploy.md sets up the function that puts it)',
    );
}

/** Whether EC2 has planned something that ends the tasks here, and whether the agent heeds it. */
export async function* checkScheduledEvents({ signals, scheduledAhead }: Config, imds: Imds): Checks {
  const name = 'scheduled events';
  const isHeeded = signals.includes('scheduled');
  const event = await scheduledSignal(imds, Infinity, systemClock.now)();
  if (event.kind === 'unknown') {
    if (isHeeded) yield fail(name, event.cause, 'see instance metadata, above');
    return;
  }
  if (event.value?.source !== 'scheduled') {
    if (isHeeded) yield ok(name, 'EC2 has scheduled none for this instance');
    return;
  }
  const { code, notBefore } = event.value;
  const what = `EC2 has scheduled ${code} for this instance, not before ${isoTime(notBefore)}`;
  yield isHeeded
    ? ok(name, `${what}; its drain begins ${formatDuration(scheduledAhead)} before`)
    : warn(
        name,
        `${what}, with the tasks that run here then`,
        'add the signal scheduled (ECS_DRAIN_SIGNALS), or let the group replace the instance before',
      );
}

/** Whether Spot can take this instance away; undefined where the metadata does not say. */
export async function isSpot(imds: Imds): Promise<boolean | undefined> {
  const kind = ifKnown(await imds.get('meta-data/instance-life-cycle'));
  return kind === undefined ? undefined : kind.trim() === 'spot';
}

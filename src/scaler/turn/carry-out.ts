import { createHash } from 'node:crypto';
import { AwsError } from '../../aws/errors.ts';
import { clip, oneLine } from '../../base/text.ts';
import { describeContainerInstances } from '../aws/container-instances.ts';
import { readGroup } from '../aws/group.ts';
import { inBatches } from '../aws/whole.ts';
import { CORDON_KEY, cordonText } from '../cordon-tag.ts';
import type { Action, ContainerInstance, Plan, Snapshot, Target } from '../plan/model.ts';
import { ATTEMPTS, type CarryOutPorts, failed, type Outcome } from './outcome.ts';
import { raiseDesired } from './raise.ts';
import { terminate } from './terminate.ts';

/** UpdateContainerInstancesState takes this many (ECS API reference). */
const UPDATE_LIMIT = 10;
/** LaunchInstances launches this many at a time (Auto Scaling API reference). */
const LAUNCH_LIMIT = 100;

/** Carries out a plan's actions. What fails holds up nothing else, and is decided anew in the next turn. */
export async function carryOut(
  { actions, reasons }: Plan,
  snapshot: Snapshot,
  ports: CarryOutPorts,
): Promise<readonly Outcome[]> {
  const of = <K extends Action['kind']>(kind: K) =>
    actions.filter((action): action is Action & { kind: K } => action.kind === kind);
  const launches = of('launch').flatMap((action) =>
    inBatches(Array.from({ length: action.count }), LAUNCH_LIMIT).map((part, index) => ({
      ...action,
      count: part.length,
      // The later ones come upon a desired capacity that the earlier ones have raised.
      desired: action.desired + index * LAUNCH_LIMIT,
    })),
  );
  const outcomes: Outcome[] = [];
  outcomes.push(...(await uncordon(of('uncordon'), snapshot, ports)));
  for (const [index, action] of launches.entries()) {
    const outcome = await launch(action, snapshot, ports);
    if (index === 0 && isNotTaken(outcome)) {
      // A size that could not be reached is still asked for: what it lacks is not asked for again.
      const failing = reasons.group.find(({ kind }) => kind === 'launches-fail');
      const missing = failing?.kind === 'launches-fail' ? failing.missing : 0;
      const count = launches.reduce((sum, one) => sum + one.count, -missing);
      const raised = await raiseDesired(ports.call, ports.group, snapshot.group.desired, count);
      outcomes.push(...launches.map((one) => ({ action: one, ...raised })));
      break;
    }
    outcomes.push(outcome);
  }
  outcomes.push(...(await terminate(of('terminate'), snapshot, ports)));
  outcomes.push(...(await cordon(of('cordon'), snapshot, ports)));
  return outcomes;
}

async function launch(
  action: Action & { kind: 'launch' },
  snapshot: Snapshot,
  ports: CarryOutPorts,
): Promise<Outcome> {
  const reasons: string[] = [];
  for (const zone of [action.zone, ...action.others]) {
    try {
      const { Instances: launched, Errors: errors } = await ports.call(
        'autoscaling:LaunchInstances',
        {
          AutoScalingGroupName: ports.group,
          RequestedCapacity: action.count,
          ClientToken: tokenOf(snapshot, action, zone),
          ...(zone !== undefined && { AvailabilityZones: [zone] }),
        },
        ATTEMPTS,
      );
      const instanceIds = (launched ?? []).flatMap(({ InstanceIds }) => InstanceIds ?? []);
      const [first] = errors ?? [];
      const error = oneLine(
        clip(first ? `${first.ErrorCode}: ${first.ErrorMessage}` : 'AWS does not say why', 200),
      );
      const lacking = action.count - instanceIds.length;
      if (lacking <= 0) return { action, kind: 'done', instanceIds };
      // They are asked for in the next turn.
      if (instanceIds.length > 0)
        return { action, kind: 'done', instanceIds, why: `${lacking} of them were not launched: ${error}` };
      reasons.push(`${zone ?? 'no zone'}: none was launched: ${error}`);
    } catch (error) {
      if (error instanceof AwsError && /^IdempotentParameterMismatch/.test(error.code))
        return { action, kind: 'not-any-more', why: 'another scaler has asked for instances' };
      return failed(action, error);
    }
  }
  return { action, kind: 'failed', why: reasons.join('; '), error: undefined };
}

/** Whether LaunchInstances has something against the group, and not against how many are wanted. */
const isNotTaken = (outcome: Outcome): boolean =>
  outcome.kind === 'failed' && outcome.error?.kind === 'rejected' && !/\bmax/i.test(outcome.error.message);

/** How long a request gets the answer that it got before, in ms: a zone that had no instance may have one then. */
const SAME_FOR_MS = 300_000;

/**
 * Two scalers that see the same group and come to the same launch it once. A group that wants as many as it once did, and has lost
 * some since, is not the same: without the ids of its instances AWS would answer with those of the earlier request.
 */
function tokenOf(
  { at, group }: Snapshot,
  { desired, count, zone: own }: Action & { kind: 'launch' },
  zone: string | undefined,
): string {
  const ids = group.instances.map(({ id }) => id).sort();
  // What is asked of a zone in place of another is not what is asked of it anyway.
  const zones = [own ?? null, zone ?? null];
  const seen = ['ecs-scaler', group.name, desired, count, ...zones, ids, Math.floor(at / SAME_FOR_MS)];
  return createHash('sha256').update(JSON.stringify(seen)).digest('hex').slice(0, 40);
}

/**
 * The tag with its end comes first: a scaler that is cut off then leaves nothing that is DRAINING without an end. They are looked at
 * once more before: ECS would move a service's task that has come since, and what somebody else drains by now is not the scaler's to lift.
 */
async function cordon(
  actions: readonly (Action & { kind: 'cordon' })[],
  { tasks }: Snapshot,
  ports: CarryOutPorts,
): Promise<readonly Outcome[]> {
  if (actions.length === 0) return [];
  const outcomes: Outcome[] = [];
  const tagged: (Action & { kind: 'cordon' })[] = [];
  let described: readonly ContainerInstance[];
  try {
    const arns = actions.map(({ instance }) => instance.arn);
    described = await describeContainerInstances(ports.call, ports.cluster, arns);
  } catch (error) {
    return actions.map((action) => failed(action, error));
  }
  for (const action of actions) {
    const one = described.find(({ arn }) => arn === action.instance.arn);
    const daemons = tasks.filter(
      (task) =>
        task.containerInstanceArn === one?.arn && task.kind === 'daemon' && task.lastStatus !== 'STOPPED',
    ).length;
    const why =
      one?.status !== 'ACTIVE'
        ? `it is ${one?.status ?? 'not registered'} now`
        : one.cordon?.kind === 'read'
          ? `${one.cordon.by} cordons it`
          : action.why.kind !== 'busy' && one.taskCount > daemons
            ? 'it has a task now'
            : undefined;
    if (why !== undefined) {
      outcomes.push({ action, kind: 'not-any-more', why });
      continue;
    }
    try {
      const value = cordonText(ports.config.name, action.since, action.until);
      const input = { resourceArn: action.instance.arn, tags: [{ key: CORDON_KEY, value }] };
      await ports.call('ecs:TagResource', input, ATTEMPTS);
      tagged.push(action);
    } catch (error) {
      outcomes.push(failed(action, error));
    }
  }
  return [...outcomes, ...(await setStatus(tagged, 'DRAINING', ports))];
}

/**
 * ACTIVE comes first: a scaler that is cut off then leaves a tag that says nothing any more. They are looked at once more before:
 * reading takes its time, and what is terminated by now, or drained by somebody else, must be given no task.
 */
async function uncordon(
  actions: readonly Uncordon[],
  snapshot: Snapshot,
  ports: CarryOutPorts,
): Promise<readonly Outcome[]> {
  if (actions.length === 0) return [];
  const outcomes: Outcome[] = [];
  const drained: Uncordon[] = [];
  const lifted: Uncordon[] = [];
  try {
    const arns = actions.map(({ instance }) => instance.arn);
    const described = await describeContainerInstances(ports.call, ports.cluster, arns);
    const group = await readGroup(ports.call, ports.group);
    for (const action of actions) {
      const { arn, instanceId } = action.instance;
      const before = snapshot.containerInstances.find((one) => one.arn === arn);
      const one = described.find((candidate) => candidate.arn === arn);
      const state = group?.instances.find(({ id }) => id === instanceId)?.state;
      const why = whyNotLifted(before, one, state);
      if (why !== undefined) outcomes.push({ action, kind: 'not-any-more', why });
      // What was ACTIVE, with the tag alone, has been drained by somebody else if it is DRAINING by now.
      else if (one?.status === 'DRAINING' && before?.status === 'DRAINING') drained.push(action);
      else lifted.push(action);
    }
  } catch (error) {
    return actions.map((action) => failed(action, error));
  }
  for (const outcome of await setStatus(drained, 'ACTIVE', ports)) {
    if (outcome.kind === 'done' && outcome.action.kind === 'uncordon') lifted.push(outcome.action);
    else outcomes.push(outcome);
  }
  for (const action of lifted) {
    try {
      const input = { resourceArn: action.instance.arn, tagKeys: [CORDON_KEY] };
      await ports.call('ecs:UntagResource', input, ATTEMPTS);
      outcomes.push({ action, kind: 'done' });
    } catch (error) {
      outcomes.push(failed(action, error));
    }
  }
  return outcomes;
}

type Uncordon = Action & { readonly kind: 'uncordon' };

function whyNotLifted(
  before: ContainerInstance | undefined,
  one: ContainerInstance | undefined,
  state: string | undefined,
): string | undefined {
  if (!one) return 'it is not registered now';
  if (state !== undefined && /^(Terminat|Detach)/.test(state)) return `it is ${state} now`;
  const [was, is] = [before?.cordon, one.cordon];
  // Whoever terminates an instance takes its tag away, too.
  if (was?.kind !== 'read' || is?.kind !== 'read') return 'its cordon has been lifted';
  return was.by === is.by && was.since === is.since ? undefined : 'it has been cordoned anew';
}

async function setStatus(
  actions: readonly (Action & { readonly instance: Target })[],
  status: 'ACTIVE' | 'DRAINING',
  { call, cluster }: CarryOutPorts,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const some of inBatches(actions, UPDATE_LIMIT)) {
    try {
      const containerInstances = some.map(({ instance }) => instance.arn);
      const { failures } = await call(
        'ecs:UpdateContainerInstancesState',
        { cluster, containerInstances, status },
        ATTEMPTS,
      );
      for (const action of some) {
        const failure = failures?.find(({ arn }) => arn === action.instance.arn);
        outcomes.push(
          failure
            ? { action, kind: 'not-any-more', why: `ECS says ${failure.reason} of it` }
            : { action, kind: 'done' },
        );
      }
    } catch (error) {
      outcomes.push(...some.map((action) => failed(action, error)));
    }
  }
  return outcomes;
}

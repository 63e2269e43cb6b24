import type { TimelineEvent } from '../../src/sandbox/index.ts';
import { isMutating } from './calls.ts';
import { defaultSetting, type Entry, type Request, type Setting } from './entry.ts';
import { follow, noteOurs } from './follow.ts';
import { createGroup, followGroup, type Group } from './group.ts';
import { createInstance, type Instance, ourEnd, waitingForUs } from './instance.ts';
import { isReplacement } from './lifecycle-states.ts';
import { checkTimeout, createLiveness, type Liveness } from './liveness.ts';
import { createOwners } from './owners.ts';
import { checkAskedOnce, checkQuiet, checkRate } from './quiet.ts';
import { checkInterruption, checkRelease, checkReleasedHooks, checkStopTask } from './release.ts';
import { checkReport, checkStateFile } from './reports.ts';
import {
  checkForce,
  checkGivingBack,
  checkHeartbeat,
  checkHook,
  checkIdentity,
  checkKnowledge,
  checkMayAct,
  checkNames,
  checkSignal,
  givesBack,
  namesOwn,
} from './safety.ts';
import { checkSpot } from './spot.ts';
import { createVerdict, type Verdict, type Violation } from './verdict.ts';

/**
 * Watches what happens and says which promises were broken, each with its consequence. It knows the truth from the
 * entries, judges the agents by their requests and by what becomes of their instances, and asks of each only what it
 * could know. Several agents in one World are judged at once, each by its own setting.
 */
export type Checker = {
  /** The next entry; times never go back. */
  see(entry: Entry): void;
  /** Time has passed, in ms since the Unix epoch. */
  time(at: number): void;
  /** What was broken so far, each once, in the order of time. */
  readonly violations: readonly Violation[];
  /** How often each promise was held against what happened. */
  readonly checks: ReadonlyMap<string, number>;
  /** What is true of an instance, and what is due on it; undefined for one of which nothing is known. */
  instance(id: string): Watched | undefined;
};

export type Watched = { readonly instance: Instance; readonly liveness: Liveness };

/** @param settingOf what the agent of an instance is told, by the instance's id; the same for all unless a function */
export function createChecker(
  settingOf: Partial<Setting> | ((instanceId: string) => Partial<Setting>) = {},
): Checker {
  let now = -Infinity;
  const verdict = createVerdict(() => now);
  const owners = createOwners();
  const instances = new Map<string, Watched>();
  const groups = new Map<string, Group>();
  /** Those that have, or had, an agent. */
  const judged: Watched[] = [];

  function watched(id: string): Watched {
    const known = instances.get(id);
    if (known) return known;
    const given = typeof settingOf === 'function' ? settingOf(id) : settingOf;
    const instance = createInstance(id, { ...defaultSetting, ...given });
    const made = { instance, liveness: createLiveness(instance, verdict) };
    instances.set(id, made);
    return made;
  }

  function seeGroup(event: TimelineEvent) {
    if (!('group' in event) || event.group === undefined) return;
    if (event.type === 'lifecycle-state') {
      watched(event.instanceId).instance.group = groupOf(event.group);
      return;
    }
    if (event.type !== 'hook-put' && event.type !== 'hook-deleted' && event.type !== 'retention') return;
    const group = groupOf(event.group);
    for (const { instance } of instances.values()) if (instance.group === group) noteOurs(instance, event.at);
    followGroup(group, event);
  }

  function groupOf(name: string): Group {
    const group = groups.get(name) ?? createGroup();
    groups.set(name, group);
    return group;
  }

  function time(at: number) {
    now = at;
    for (const { instance, liveness } of judged) {
      if (!instance.isAlive) continue;
      liveness.probe(at);
      checkSpot(instance, at, verdict);
    }
  }

  return {
    see: (entry) => {
      const id = instanceOf(entry);
      time(entry.at);
      if (entry.kind === 'event') {
        owners.see(entry.event);
        seeGroup(entry.event);
      }
      if (id === undefined) return;
      const one = watched(id);
      if (entry.kind === 'agent' && !judged.includes(one)) judged.push(one);
      if (entry.kind === 'request') checkRequest(one.instance, entry, owners, verdict);
      if (entry.kind === 'event') checkEvent(one, entry.event, verdict);
      if (entry.kind === 'report') checkReport(one.instance, entry, verdict);
      if (entry.kind === 'state') checkStateFile(one.instance, entry, verdict);
      if (entry.kind === 'agent' && entry.change === 'ended' && entry.by !== undefined)
        verdict.violate('X1', `the agent of ${id} ended by itself: ${textOf(entry.by)}`);
      follow(one.instance, entry);
    },
    time,
    violations: verdict.violations,
    checks: verdict.checks,
    instance: (id) => instances.get(id),
  };
}

/** Which instance an entry is about; undefined for those about none. */
function instanceOf(entry: Entry): string | undefined {
  if (entry.kind !== 'event') return entry.instanceId;
  const { event } = entry;
  if (event.type === 'task-interrupted') return event.interruption.instanceId;
  return 'instanceId' in event ? event.instanceId : undefined;
}

function checkRequest(
  instance: Instance,
  request: Request,
  owners: ReturnType<typeof createOwners>,
  verdict: Verdict,
): void {
  checkRate(instance, request, verdict);
  checkAskedOnce(instance, request, verdict);
  checkQuiet(instance, request, verdict);
  if (!isMutating(request)) return;
  checkForce(instance, request, verdict);
  checkNames(instance, request, owners, verdict);
  checkIdentity(instance, request, verdict);
  checkHook(instance, request, verdict);
  checkMayAct(instance, request, verdict);
  // S3 says whether it may name another's. If it may, what is true of this one says nothing of that.
  const isOwn = namesOwn(instance, request, owners);
  if (givesBack(request)) {
    if (isOwn) checkGivingBack(instance, request, verdict);
    return;
  }
  checkSignal(instance, request, verdict);
  checkKnowledge(instance, request, verdict);
  if (!isOwn) return;
  checkRelease(instance, request, verdict);
  if (request.api === 'ecs:StopTask') checkStopTask(instance, request, verdict);
  if (request.api === 'autoscaling:RecordLifecycleActionHeartbeat')
    checkHeartbeat(instance, request, verdict);
}

function checkEvent({ instance, liveness }: Watched, event: TimelineEvent, verdict: Verdict): void {
  switch (event.type) {
    case 'task-interrupted':
      checkInterruption(instance, event, verdict);
      return;
    case 'lifecycle-action-ended':
      checkTimeout(instance, event, verdict);
      return;
    case 'machine-shutting-down':
      checkReleasedHooks(instance, event.at, verdict);
      return;
    case 'container-instance':
      // What gets another root volume was to stay: somebody else has deregistered it.
      if (event.to === 'INACTIVE' && !waitingForUs(instance) && !isReplacement(instance.lifecycle))
        liveness.released(event.at);
      return;
    case 'lifecycle-state':
      // Where another owner's hook held it for longer, that one released it.
      if (event.to.endsWith(':Proceed') && ourEnd(instance)?.at === event.at) liveness.released(event.at);
  }
}

const textOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));

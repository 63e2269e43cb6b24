import type { TimelineEvent } from '../../src/sandbox/index.ts';
import type { Entry } from './entry.ts';
import { followAnswer, followHostRequest, followRefusal, followRequest } from './follow-requests.ts';
import { followSignals } from './follow-signals.ts';
import {
  type ContainerInstance,
  canTellSignals,
  containerInstanceOf,
  type EcsAgent,
  eventTimeIn,
  forgetTold,
  hookNamedIn,
  type Instance,
  isTakenForAnother,
  noteWait,
  oursOf,
  readsTagByApi,
  readTag,
} from './instance.ts';
import { begins, GOING, isReplacement, leaves, waits } from './lifecycle-states.ts';
import { createProcess } from './process.ts';
import { knownTasksLeft, mayBeUnknown } from './release.ts';

/** Brings the truth about an instance up to date with an entry about it. */
export function follow(instance: Instance, entry: Entry): void {
  switch (entry.kind) {
    case 'event':
      followEvent(instance, entry.event);
      return;
    case 'request':
      followRequest(instance, entry);
      return;
    case 'answer':
      followAnswer(instance, entry);
      return;
    case 'refusal':
      followRefusal(instance, entry);
      return;
    case 'operator-hooks':
      instance.stageRuns.set(entry.stage, { at: entry.at, endsAt: entry.at + entry.runMs });
      if (entry.stage === 'drained' && entry.counts) noteDrainedHooks(instance, entry.at, entry.runMs);
      return;
    case 'host-request':
      // As time passes it comes near by itself, which matters to who looks.
      if (entry.path?.endsWith('/maintenance/scheduled')) {
        noteScheduled(instance, entry.at);
        if (instance.process) instance.process.scheduledReadAt = entry.at;
      }
      followHostRequest(instance, entry);
      return;
    case 'agent':
      followAgent(instance, entry);
      return;
    case 'state':
      followState(instance, entry);
      return;
    case 'disturbance':
      followDisturbance(instance, entry);
      return;
    case 'manual':
      instance.disturbances.change(entry.at, true);
      followSignals(instance, entry.at, 'manual', entry.change === 'requested');
      return;
    case 'report':
      return;
  }
}

function noteDrainedHooks(instance: Instance, at: number, runMs: number): void {
  const hasTasks = !mayBeUnknown(instance, at) && knownTasksLeft(instance, at).length > 0;
  instance.drainedHooks = { at, endsAt: at + runMs, process: instance.process, hasTasks };
}

function followEvent(instance: Instance, event: TimelineEvent): void {
  const { at } = event;
  const { setting, disturbances } = instance;
  switch (event.type) {
    case 'task':
      followTask(instance, event);
      return;
    case 'task-containers': {
      const task = instance.tasks.get(event.taskArn);
      if (task) task.containersRun = event.to === 'running';
      if (task?.status === 'STOPPED' && event.to === 'exited') instance.lastExitAt = event.at;
      if (event.to === 'exited') instance.hostEmptyAt = at;
      return;
    }
    case 'task-lost':
      instance.tasksForgottenFrom = Math.min(
        instance.tasksForgottenFrom,
        event.as === 'forgotten' ? at : at + STOPPED_SHOWN_MS,
      );
      return;
    case 'task-asked-to-stop': {
      const task = instance.tasks.get(event.taskArn);
      if (task) task.askedAt ??= at;
      return;
    }
    case 'container-instance': {
      const arn = event.containerInstanceArn;
      Object.assign(registered(instance, arn, at), { status: event.to, since: at });
      if (event.to === 'ACTIVE') disturbances.change(at, false);
      instance.drainingBy = event.to === 'DRAINING' ? whoDrains(instance) : undefined;
      instance.drainingSince = at;
      return;
    }
    case 'agent-connected':
      Object.assign(registered(instance, event.containerInstanceArn, at), {
        agentConnected: event.to,
        connectedSince: at,
      });
      disturbances.change(at, false);
      return;
    case 'tag-put':
      if (event.key !== setting.tagKey) return;
      instance.tag = event.value;
      if (!event.showsLater) instance.tagShown = event.value;
      if (!event.showsLater || readsTagByApi(instance)) noteTag(instance, at, event.value);
      followSignals(instance, at);
      return;
    case 'tag-removed':
      if (event.key !== setting.tagKey) return;
      instance.tag = undefined;
      if (readsTagByApi(instance)) noteTag(instance, at, undefined);
      if (!instance.tellsOfTagShown) instance.tagShown = undefined;
      followSignals(instance, at);
      return;
    case 'tag-shown':
      if (event.key !== setting.tagKey) return;
      instance.tellsOfTagShown = true;
      instance.tagShown = event.value;
      noteTag(instance, at, event.value);
      followSignals(instance, at);
      // Where metadata serves it after all, the agent begins when it shows there.
      if (instance.isPastTag) instance.pastTagSince = at;
      return;
    case 'scale-in-chosen':
      followSignals(instance, at, 'lifecycle', true);
      return;
    case 'target-state':
      instance.tellsOfTarget = true;
      followSignals(instance, at, 'lifecycle', event.to !== undefined && GOING.has(event.to));
      return;
    case 'spot-interruption':
      instance.spot = { at: event.time, noticedAt: at, isChecked: false };
      followSignals(instance, at, 'spot', true);
      return;
    case 'spot-interruption-over':
      instance.spot = undefined;
      instance.spotWasTold = true;
      followSignals(instance, at, 'spot', false);
      return;
    case 'event-scheduled':
      instance.scheduledCode = event.code;
      instance.scheduledFor = event.notBefore;
      noteScheduled(instance, at);
      return;
    case 'event-unscheduled':
      instance.scheduledFor = undefined;
      followSignals(instance, at, 'scheduled', false);
      return;
    case 'rebalance-recommendation':
      followSignals(instance, at, 'rebalance', true);
      return;
    case 'lifecycle-state':
      if (isReplacement(instance.lifecycle) && !isReplacement(event.to)) instance.replacedAt = at;
      instance.lifecycle = event.to;
      if (isReplacement(event.to)) instance.wasReplacing = true;
      instance.lifecycleSince = at;
      if (leaves(event.to) || instance.tellsOfTarget) followSignals(instance, at);
      else followSignals(instance, at, 'lifecycle', false);
      if (!leaves(event.to)) forgetEnd(instance);
      disturbances.change(at, false);
      if (begins(event.to)) instance.terminatingSince = at;
      if (!waits(event.to)) return;
      // Where nobody saw the wait before it end, it may be the same one.
      instance.seemsToWaitSince = instance.isAlive ? at : Math.min(instance.seemsToWaitSince, at);
      instance.waitsSince = at;
      noteWait(instance, at);
      instance.ended.clear();
      instance.beats.clear();
      instance.lateHeartbeats = 0;
      instance.lateHeartbeatAt = Infinity;
      if (instance.process) instance.process.completedAt = Infinity;
      return;
    case 'heartbeat':
      instance.beats.set(event.hook, at);
      instance.rareBeats = Math.max(0, instance.rareBeats - 1);
      return;
    case 'lifecycle-action-ended':
      instance.ended.set(event.hook, event);
      return;
    case 'ecs-agent':
      followEcsAgent(instance.ecsAgent, event);
      return;
    case 'machine-shutting-down':
      instance.isGone = true;
      return;
    case 'machine-stopped':
      instance.rebootedAt = at;
      disturbances.trouble(at, at + event.forMs);
      return;
    case 'machine-rebooted':
      disturbances.trouble(at);
      return;
  }
}

/** The container instance of this ARN, noted now if it was not known. */
function registered({ containerInstances }: Instance, arn: string, at: number): ContainerInstance {
  const known = containerInstances.get(arn);
  if (known) return known;
  const cluster = /container-instance\/([^/]+)\//.exec(arn)?.[1];
  const made = {
    arn,
    cluster,
    registeredAt: at,
    status: 'REGISTERING',
    since: at,
    agentConnected: undefined,
    connectedSince: at,
  };
  containerInstances.set(arn, made);
  return made;
}

/** It is in service again: the next end is another one. */
function forgetEnd(instance: Instance): void {
  instance.waitsSince = undefined;
  instance.seemsToWaitSince = Infinity;
  instance.timesTerminated = 0;
  instance.wasReplacing = false;
  instance.releasedBy = undefined;
  instance.completedByOthers = false;
  instance.ended.clear();
}

/** One that was near stays so for who remembers it. */
function noteScheduled(instance: Instance, at: number): void {
  if (isNear(instance, at)) followSignals(instance, at, 'scheduled', true);
  else if (instance.signals.has('scheduled') && !wasTold(instance))
    followSignals(instance, at, 'scheduled', false);
}

/** Whether its agent has begun a drain. Whose clock was set back before it looked never hears of the event. */
function wasTold(instance: Instance): boolean {
  // It is read more rarely than the other signals.
  const readAt = instance.process?.scheduledReadAt ?? -Infinity;
  if (!instance.isAlive)
    return wasToldBefore(instance) && readAt >= (instance.signals.get('scheduled') ?? Infinity);
  const doing = instance.process?.doing?.();
  return doing !== 'watching' && doing !== 'starting';
}

/** Whether the last process was told of what asks for the instance, and the next one finds that in its state. */
function wasToldBefore({ process, signalledSince, stateLostAt }: Instance): boolean {
  const readAt = process?.signalsReadAt ?? -Infinity;
  return readAt >= signalledSince && readAt > stateLostAt;
}

/** The host's clock tells how near an event is. */
const isNear = ({ scheduledFor = Infinity, setting, clockAheadMs }: Instance, at: number): boolean =>
  scheduledFor - (at + clockAheadMs) <= setting.scheduledAhead;

/** What the tag's value says counts from when the agent can read it. */
function noteTag(instance: Instance, at: number, value: string | undefined): void {
  if (value === undefined) instance.taggedHookUntil = Math.min(instance.taggedHookUntil, at);
  if (value === undefined || !instance.setting.signals.includes('tag') || !canTellSignals(instance)) return;
  noteOurs(instance, at);
  const named = hookNamedIn(value);
  if (named === undefined) instance.taggedHookUntil = Math.min(instance.taggedHookUntil, at);
  else if (named !== instance.taggedHook || instance.taggedHookUntil <= at) {
    instance.taggedHookFrom = at;
    instance.taggedHookUntil = Infinity;
  }
  instance.taggedHook = named ?? instance.taggedHook;
  // What a tag said of this drain counts, though another has taken its place.
  instance.taggedEventAt = earliest(eventTimeIn(value), instance);
}

function followEcsAgent(ecsAgent: EcsAgent, { at, to }: Extract<TimelineEvent, { type: 'ecs-agent' }>): void {
  switch (to) {
    case 'up':
    case 'down':
      // Started anew, or told to, it tells of the present.
      ecsAgent.isFrozen = false;
      ecsAgent.isUp = to === 'up';
      return;
    case 'frozen':
      ecsAgent.isFrozen = true;
      return;
    case 'impostor':
    case 'impostor-gone':
      ecsAgent.isImpersonated = to === 'impostor';
      ecsAgent.impersonatedAt = at;
      return;
    case 'quick':
    case 'slow':
    case 'hangs':
      ecsAgent.isSlow = to !== 'quick';
      ecsAgent.isHanging = to === 'hangs';
  }
}

function followTask(instance: Instance, event: Extract<TimelineEvent, { type: 'task' }>): void {
  const { at, taskArn: arn, to } = event;
  instance.disturbances.change(at, false);
  const task = instance.tasks.get(arn);
  if (task) task.status = to;
  else
    instance.tasks.set(arn, {
      arn,
      group: event.group,
      placedAt: at,
      isIgnored: isIgnored(event, instance.setting.ignores),
      status: to,
      containersRun: undefined,
      askedAt: undefined,
      toldAt: Infinity,
      isCounted: false,
      leftOutOf: new Set(),
    });
  if (to === 'STOPPED') instance.lastStopAt = at;
  // Where nothing tells of containers, ECS is taken at its word.
  const isGone = to === 'DEPROVISIONING' || to === 'STOPPED';
  if (isGone && task?.containersRun === undefined) instance.hostEmptyAt = at;
}

function isIgnored(
  { group, family, startedBy }: Extract<TimelineEvent, { type: 'task' }>,
  ignores: readonly string[],
): boolean {
  return [`family:${family}`, `group:${group}`, `startedBy:${startedBy}`].some((one) =>
    ignores.includes(one),
  );
}

/** Others' changes come without a request of the agent. */
function whoDrains({ process }: Instance): 'agent' | 'other' {
  return process?.isSettingDraining ? 'agent' : 'other';
}

/** What was ours by the rules until now counts for a while: hooks are read once in ten minutes. */
export function noteOurs(instance: Instance, at: number): void {
  const ours = oursOf(instance);
  if (!ours) return;
  instance.formerHooks.delete(ours.name);
  instance.formerHooks.set(ours.name, at);
}

function followAgent(instance: Instance, entry: Extract<Entry, { kind: 'agent' }>): void {
  const { at } = entry;
  switch (entry.change) {
    case 'started':
      if (instance.downSince !== undefined) instance.downMs += at - instance.downSince;
      if (instance.stateLostAt > instance.signalledSince && !isNear(instance, at) && !wasToldBefore(instance))
        followSignals(instance, at, 'scheduled', false);
      instance.process = {
        ...createProcess(at, entry.doing, instance.clockAheadMs),
        isToldToGo: findsToldToGo(instance),
      };
      instance.downSince = undefined;
      instance.isAlive = true;
      instance.disturbances.up(at);
      return;
    case 'ended':
      // Killed between its note and its call, it cannot tell whose DRAINING it finds.
      if (instance.drainingNotedOn) instance.drainingRequestedOn.add(instance.drainingNotedOn);
      if ((instance.process?.signalsReadAt ?? -Infinity) >= instance.signalledSince)
        instance.wasSeenBefore = true;
      instance.isAlive = false;
      instance.restarts++;
      instance.downSince = at;
      if (at - (instance.process?.introspectionAnsweredAt ?? at) >= SAVED_MS) instance.couldSaveItself = true;
      if (at - instance.oursKnownAt < SAVED_MS) instance.isOursUnsaved = true;
      if (at - instance.retentionReadAt < SAVED_MS) instance.retentionReadAt = -Infinity;
      if (at - instance.toldOfReplacementAt < SAVED_MS) instance.toldOfReplacementAt = Infinity;
      for (const task of instance.tasks.values()) if (at - task.toldAt < SAVED_MS) task.toldAt = Infinity;
      // What could not be written dies with the process.
      if (!instance.stateIsWhole) loseState(instance, at);
      instance.disturbances.down(at);
      return;
    case 'stopping':
      if (instance.process) instance.process.stoppingAt = at;
  }
}

/** Whether the next process finds in its state that the group terminates the instance: one answer to the contrary takes that out of it. */
function findsToldToGo({ process, stateLostAt, lifecycleToldAt, downSince = Infinity }: Instance): boolean {
  const isKept = lifecycleToldAt > stateLostAt && downSince - lifecycleToldAt >= SAVED_MS;
  return isKept && process?.isToldToGo === true && process.toldOtherwiseSince === undefined;
}

/** ECS shows a task for so long, in ms, after it has called it STOPPED (ECS API reference, DescribeTasks: at least an hour). */
const STOPPED_SHOWN_MS = 3_600_000;

/** What a process was told so long before its end, in ms, has been saved. */
const SAVED_MS = 2_000;

function loseState(instance: Instance, at: number): void {
  forgetTold(instance);
  instance.mayList = false;
  instance.couldSaveItself = false;
  instance.stateWasLost = true;
  instance.stateLostAt = at;
  instance.toldOfReplacementAt = Infinity;
  // Of what earlier tags have said nothing is left.
  instance.taggedHook = hookNamedIn(readTag(instance));
}

function followState(instance: Instance, entry: Extract<Entry, { kind: 'state' }>): void {
  switch (entry.change) {
    case 'lost':
      loseState(instance, entry.at);
      instance.knowsRegistration = false;
      instance.keptRegistrations = [];
      instance.keptConfirmed = [];
      return;
    case 'removed':
      instance.stateIsWhole = false;
      instance.knowsRegistration = false;
      instance.keptRegistrations = [];
      instance.keptConfirmed = [];
      return;
    case 'saving':
      // Until it is written, a process that is killed leaves the note before it.
      if (entry.notesDraining) instance.drainingNotedOn = containerInstanceOf(instance)?.arn;
      return;
    case 'saved':
      if (!entry.notesDraining) instance.drainingNotedOn = undefined;
      // Under another's name it is discarded by the next process, which has its own.
      instance.stateIsWhole = !isTakenForAnother(instance);
      instance.keptRegistrations = entry.registrations;
      instance.keptConfirmed = entry.confirmed;
      // Something on the host may have lied about which it is.
      instance.knowsRegistration = entry.registrations.some((arn) => instance.containerInstances.has(arn));
      return;
    case 'save-failed':
      // Where there was room for an earlier one, there may be none for this.
      if (entry.onDisk !== 'new') instance.stateIsWhole = false;
  }
}

function followDisturbance(instance: Instance, entry: Extract<Entry, { kind: 'disturbance' }>): void {
  const { at } = entry;
  const { disturbances } = instance;
  if (entry.what === 'fault') {
    // What that source has said before counts on, as long as another one asks for the instance.
    if (entry.silences && instance.process?.isToldOfSpot && instance.signals.has('manual')) return;
    disturbances.trouble(at, at + entry.restsMs, entry.api);
    if (entry.during) disturbances.trouble(entry.during.from, entry.during.to, entry.api);
    return;
  }
  disturbances.change(at, true);
  switch (entry.what) {
    case 'identity':
      if (entry.claims !== undefined) instance.lieSince ??= at;
      else {
        if (instance.lieSince !== undefined) disturbances.trouble(instance.lieSince, at);
        instance.lieSince = undefined;
        if (instance.process) instance.process.toldOtherAt = undefined;
      }
      return;
    case 'tags-served':
      instance.tagsServed = entry.to;
      followSignals(instance, at);
      return;
    case 'clock-set':
      instance.clockAheadMs += entry.byMs;
      instance.clockSetAt = at;
      noteScheduled(instance, at);
      return;
    case 'disk':
      instance.stateIsWhole = false;
      disturbances.trouble(at);
      return;
    case 'ecs-agent':
      disturbances.trouble(at);
      return;
    case 'hibernation':
      instance.stoodStillFrom = at;
      instance.stoodStillUntil = at + entry.forMs;
      disturbances.trouble(at, at + entry.forMs);
      return;
    case 'reboot':
      instance.rebootedAt = at;
      disturbances.trouble(at, at + entry.downMs);
      return;
    case 'others':
      // Where it was DRAINING already, nothing has changed.
      if (entry.did === 'drain' && instance.drainingSince === at && instance.drainingBy)
        instance.drainingBy = 'other';
      if (entry.did === 'complete') instance.completedByOthers = true;
      if (entry.did === 'terminate') instance.terminatedByOthers = true;
  }
}

const earliest = (eventAt: number | undefined, { taggedEventAt, drainSince }: Instance) =>
  eventAt === undefined || (drainSince !== undefined && (taggedEventAt ?? eventAt) < eventAt)
    ? taggedEventAt
    : eventAt;

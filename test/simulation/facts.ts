import type { State } from '../../src/agent/state/state-file.ts';
import type { Operation } from '../../src/aws/operations.ts';
import type { HttpResponse } from '../../src/host/http.ts';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import type { Happening } from './plan.ts';
import type { Scene } from './scene.ts';
import { NEIGHBOUR_ID } from './stage.ts';

/** What has happened in a run, as far as promises depend on it. Times are in ms since the Unix epoch. */
export type Facts = {
  /** The agent's process. */
  restarts: number;
  bornAt: number;
  /** What it last said that it is doing. */
  report: () => string;
  /** Its requests within the last minute, by API. */
  sent: Map<string, number[]>;

  /** What this process has been told. */
  signalsReadAt: number;
  lifecycleKnown: string | undefined;
  lifecycleKnownAt: number;
  /** Whether it has got a whole list of tasks, and none since of which it read one page only, by desired status. */
  listed: { running: boolean; stopped: boolean };
  /** Since when metadata names another instance. */
  liedSince: number | undefined;
  /** Since when this process has been told so. */
  lieHeardAt: number | undefined;
  /** Metadata did so when this process asked who it is. */
  wasBornInLie: boolean;

  /** What it remembers. */
  stateIsWhole: boolean;
  stateWasLost: boolean;
  hasRegistration: boolean;

  /** The signal. */
  isSignalled: boolean;
  signalledSince: number;
  goneAt: number;
  drainSince: number | undefined;

  /** The container instance and its tasks. */
  agentSetDraining: boolean;
  drainingRequested: boolean;
  lastStopAt: number;
  hostEmptyAt: number;

  /** The group. */
  stateSince: number;
  /** When our lifecycle action ended; Infinity while it has not. */
  actionEndedAt: number;
  /** When AWS answered that we ended it. */
  completedAt: number;
  lateHeartbeats: number;

  /** Whether others completed our action, or somebody terminated the machine. */
  completedByOthers: boolean;
  terminatedOutside: boolean;
};

/** A fault that goes on for a time, whether anything asks or not. */
export type Outage = { readonly from: number; readonly to: number };

/** Keeps the facts up to date. */
export type Notes = {
  readonly facts: Facts;
  boot(): void;
  death(): void;
  stateLost(): void;
  saved(state: State): void;
  saving(state: State): void;
  call(operation: Operation, input: unknown): void;
  answer(operation: Operation, output: unknown, input: unknown): void;
  hostAnswer(url: string, response: HttpResponse): void;
  fault(fault: FaultKind, during: Outage | undefined): void;
  happening(happening: Happening): void;
  event(event: TimelineEvent): void;
  signals(): void;
};

export function createNotes({ stage: { machine, fleet }, truth, calm, now }: Scene): Notes {
  const facts: Facts = {
    restarts: 0,
    bornAt: -Infinity,
    report: () => 'starting',
    sent: new Map(),
    signalsReadAt: -Infinity,
    lifecycleKnown: undefined,
    lifecycleKnownAt: -Infinity,
    listed: { running: false, stopped: false },
    liedSince: undefined,
    lieHeardAt: undefined,
    wasBornInLie: false,
    stateIsWhole: true,
    stateWasLost: false,
    hasRegistration: false,
    isSignalled: false,
    signalledSince: -Infinity,
    goneAt: -Infinity,
    drainSince: undefined,
    agentSetDraining: false,
    drainingRequested: false,
    lastStopAt: -Infinity,
    hostEmptyAt: -Infinity,
    stateSince: -Infinity,
    actionEndedAt: Infinity,
    completedAt: Infinity,
    lateHeartbeats: 0,
    completedByOthers: false,
    terminatedOutside: false,
  };

  const unfinished = { running: false, stopped: false };

  function signals() {
    const signalled = truth.isSignalled();
    if (signalled === facts.isSignalled) return;
    facts.isSignalled = signalled;
    facts.signalledSince = now();
    calm.change(false);
    if (!signalled) facts.goneAt = now();
    // One that was away too briefly to be seen goes on with the same drain.
    else if (
      facts.drainSince === undefined ||
      (now() - facts.goneAt > 15_000 && calm.troubleAt() < facts.goneAt)
    )
      facts.drainSince = now();
  }

  function event(told: TimelineEvent) {
    if (!('instanceId' in told) || told.instanceId !== machine.id) return;
    switch (told.type) {
      case 'task':
        calm.change(false);
        if (told.to === 'STOPPED') facts.lastStopAt = told.at;
        if (told.to === 'DEPROVISIONING')
          facts.hostEmptyAt = told.at - fleet.world.options.timings.agentReportLag;
        return;
      case 'container-instance':
        if (told.to !== 'ACTIVE') return;
        calm.change(false);
        facts.agentSetDraining = false;
        return;
      case 'lifecycle-state':
        signals();
        calm.change(false);
        facts.stateSince = told.at;
        if (told.to === 'Terminating:Wait')
          Object.assign(facts, { actionEndedAt: Infinity, completedAt: Infinity, lateHeartbeats: 0 });
        return;
      case 'lifecycle-action-ended':
        if (told.hook === truth.ours()) facts.actionEndedAt = told.at;
        return;
    }
  }

  return {
    facts,
    signals,
    event,
    boot: () => {
      Object.assign(unfinished, { running: false, stopped: false });
      Object.assign(facts, {
        bornAt: now(),
        report: () => 'starting',
        sent: new Map(),
        signalsReadAt: -Infinity,
        lifecycleKnown: undefined,
        listed: { running: false, stopped: false },
        wasBornInLie: false,
        lieHeardAt: undefined,
        completedAt: Infinity,
      });
      calm.up();
    },
    death: () => {
      facts.restarts++;
      // What could not be written dies with the process.
      if (!facts.stateIsWhole) facts.stateWasLost = true;
      calm.down();
    },
    stateLost: () => {
      facts.stateWasLost = true;
      facts.hasRegistration = false;
    },
    saved: ({ registration }) => {
      facts.stateIsWhole = true;
      facts.hasRegistration = registration !== undefined;
    },
    saving: ({ memory }) => {
      // Killed from here on, it finds its note that DRAINING is its own, and cannot know that the call was never made.
      if (memory.drainingSetAt !== undefined) facts.drainingRequested = true;
    },
    call: (operation, input) => {
      if (!setsStatus(operation, input, 'DRAINING') || truth.containerInstance()?.status !== 'ACTIVE') return;
      facts.agentSetDraining = true;
      facts.stateWasLost = false;
    },
    answer: (operation, output, input) => {
      const { Tags, AutoScalingInstances, taskArns, nextToken } = output as Answer;
      if (operation === 'autoscaling:CompleteLifecycleAction' && facts.actionEndedAt <= now())
        facts.completedAt = now();
      if (operation === 'ec2:DescribeTags' && Tags) facts.signalsReadAt = now();
      if (operation === 'autoscaling:DescribeAutoScalingInstances' && AutoScalingInstances) {
        facts.lifecycleKnown = AutoScalingInstances[0]?.LifecycleState ?? 'none';
        facts.lifecycleKnownAt = now();
      }
      if (operation === 'ecs:ListTasks' && taskArns) {
        const { desiredStatus, nextToken: page } = input as { desiredStatus?: string; nextToken?: string };
        const list = desiredStatus === 'STOPPED' ? 'stopped' : 'running';
        // A page that names another one is not the list; the one before counts until it is begun once more.
        if (page === undefined && unfinished[list]) facts.listed[list] = false;
        unfinished[list] = nextToken !== undefined;
        if (nextToken === undefined) facts.listed[list] = true;
      }
    },
    hostAnswer: (url, { status, body }) => {
      if ((status !== 200 && status !== 404) || url.includes(':51678')) return;
      // It takes the first answer for the truth: who it is.
      if (facts.report() === 'starting' && facts.liedSince !== undefined) facts.wasBornInLie = true;
      facts.signalsReadAt = now();
      if (url.endsWith('/instance-id') && body === NEIGHBOUR_ID) facts.lieHeardAt ??= now();
    },
    fault: (fault, during) => {
      calm.trouble(lasting(fault));
      if (during) calm.outage(during.from, during.to);
    },
    happening: (happening) => {
      signals();
      calm.change();
      switch (happening.what) {
        case 'claims-neighbour':
          facts.liedSince = now();
          return;
        case 'claims-itself':
          if (facts.liedSince !== undefined) calm.outage(facts.liedSince, now());
          facts.liedSince = undefined;
          facts.lieHeardAt = undefined;
          return;
        case 'ecs-agent':
          calm.trouble();
          return;
        case 'disk':
          facts.stateIsWhole = false;
          calm.trouble();
          return;
        case 'reboot':
          calm.trouble(happening.downMs);
          return;
        case 'other-completes':
          facts.completedByOthers = true;
          return;
        case 'other-drains':
          facts.agentSetDraining = false;
          return;
        case 'ec2-terminates':
          facts.terminatedOutside = true;
          return;
      }
    },
  };
}

/** Whether a call sets the container instance's status to this. */
export function setsStatus(operation: Operation, input: unknown, status: 'ACTIVE' | 'DRAINING'): boolean {
  return (
    operation === 'ecs:UpdateContainerInstancesState' && (input as { status?: string }).status === status
  );
}

/** What any answer may hold of that which is noted here. */
type Answer = {
  readonly Tags?: unknown;
  readonly AutoScalingInstances?: readonly { readonly LifecycleState?: string }[];
  readonly taskArns?: unknown;
  readonly nextToken?: unknown;
};

/** For how long, in ms, a fault that hits a request keeps the agent from asking again. */
function lasting(fault: FaultKind): number {
  if (fault.what === 'delay' || fault.what === 'stall' || fault.what === 'drip') return 10_000;
  // What is forbidden is tried once a minute.
  return fault.what === 'error' && fault.name === 'AccessDeniedException' ? 60_000 : 0;
}

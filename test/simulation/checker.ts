import type { Report } from '../../src/agent/report/report.ts';
import type { State } from '../../src/agent/state/state-file.ts';
import type { Operation } from '../../src/aws/operations.ts';
import type { HttpResponse } from '../../src/host/http.ts';
import type { FaultKind, FaultMatch, TimelineEvent } from '../../src/sandbox/index.ts';
import { createChecker as createPromisesChecker } from '../promises/checker.ts';
import type { Entry, OnDisk } from '../promises/entry.ts';
import type { Violation } from '../promises/verdict.ts';
import { createEnding } from './ending.ts';
import type { Happening, Plan } from './plan.ts';
import { disturbanceOf, restsFor } from './planned.ts';
import { settingOf } from './settings.ts';
import { OWN_ID } from './stage.ts';

/** A fault that goes on for a time, whether anything asks or not. Times are in ms since the Unix epoch. */
export type Outage = { readonly from: number; readonly to: number };

/** Holds every promise against a run: each thing that happens in it becomes an entry of the promises' own checker. */
export type Checker = {
  onBoot(): void;
  onDeath(): void;
  onStateLost(): void;
  /** The agent has removed its state file. */
  onStateRemoved(): void;
  /** The agent is about to write its state file; it may be killed while it does. */
  onSaving(state: State): void;
  /** The state file was written. @param load reads what the next process would find */
  onSaved(state: State, load: () => State | undefined): void;
  /** … or could not be. */
  onSaveFailed(state: State, load: () => State | undefined): void;
  onCrash(error: unknown): void;
  /** It received SIGTERM. */
  onStopping(): void;
  /** What the agent says that it is doing. */
  onReport(report: () => Report): void;
  onCall(operation: Operation, input: unknown): void;
  onAnswer(operation: Operation, output: unknown, input: unknown): void;
  onHostAnswer(url: string, response: HttpResponse): void;
  onHostSilence(url: string): void;
  /** A call was refused, by AWS or for want of credentials. */
  onRefusal(operation: Operation, error: unknown): void;
  onFault(fault: FaultKind, match: FaultMatch, during: Outage | undefined): void;
  /** An operator's hook of a stage begins, and holds the instance for so many ms. */
  onOperatorHook(
    stage: string,
    run: { readonly ms: number; readonly pauseMs: number; readonly counts: boolean },
  ): void;
  onHappening(happening: Happening): void;
  onEvent(event: TimelineEvent): void;
  /** Time has passed, and the agent is alive. */
  onTime(): void;
  /** The first one. */
  violation(): Violation | undefined;
  /** Whether everything that could come has come. */
  isOver(): boolean;
  endState(): string;
  /** From the last task's end to the release, in ms; undefined where it was not measured. */
  releasedAfter(): number | undefined;
  readonly checks: ReadonlyMap<string, number>;
};

/**
 * @param now true time, in ms since the Unix epoch
 * @param isMoving whether a task on the instance is on its way to its end
 */
export function createChecker(plan: Plan, now: () => number, isMoving: () => boolean): Checker {
  const promises = createPromisesChecker(settingOf(plan));
  const ending = createEnding(plan, isMoving);
  const instanceId = OWN_ID;
  let report: (() => Report) | undefined;
  let reportAt = 0;
  /** How far the host's clock was ahead when it last looked, in ms: its report shows the time that it showed then. */
  let reportAheadMs = 0;
  let savedAt: number | undefined;
  let wasDamaged = false;
  const watched = () => promises.instance(instanceId);
  const doing = () => report?.().state ?? 'starting';

  function see(entry: Unstamped<Entry>) {
    promises.see({ ...entry, at: now() } as Entry);
  }

  /** What it reports is looked at now and then, and when it lets the instance go. */
  function readReport() {
    const { isAlive } = watched()?.instance ?? {};
    if (!report || !isAlive) return;
    reportAt = now() + READ_REPORT_MS;
    const { waitedSeconds, lastTaskEndedAt } = report();
    see({
      kind: 'report',
      instanceId,
      waitedSeconds,
      lastTaskEndedAt:
        lastTaskEndedAt === undefined ? undefined : Date.parse(lastTaskEndedAt) - reportAheadMs,
    });
  }

  function onDisk(state: State, load: () => State | undefined): OnDisk {
    try {
      const found = load();
      if (found?.savedAt === state.savedAt) return 'new';
      // A save in which the agent was killed may have got as far as the disk.
      return wasDamaged || found || savedAt === undefined ? 'old' : 'damaged';
    } catch {
      return wasDamaged ? 'old' : 'damaged';
    }
  }

  return {
    onBoot: () => {
      report = undefined;
      see({ kind: 'agent', instanceId, change: 'started', doing });
    },
    onDeath: () => see({ kind: 'agent', instanceId, change: 'ended' }),
    onStopping: () => see({ kind: 'agent', instanceId, change: 'stopping' }),
    onStateLost: () => {
      wasDamaged = true;
      see({ kind: 'state', instanceId, change: 'lost' });
    },
    onStateRemoved: () => {
      wasDamaged = true;
      see({ kind: 'state', instanceId, change: 'removed' });
    },
    onSaving: ({ memory }) =>
      see({
        kind: 'state',
        instanceId,
        change: 'saving',
        notesDraining: memory.drainingSetAt !== undefined,
      }),
    onSaved: (state, load) => {
      const found = onDisk(state, load);
      savedAt = state.savedAt;
      wasDamaged = false;
      const arnOf = ({ containerInstanceArn }: { containerInstanceArn: string }) => containerInstanceArn;
      const confirmed = (state.own ?? []).map(arnOf);
      const registrations = [...(state.heard ?? []).map(arnOf), ...confirmed];
      const notesDraining = state.memory.drainingSetAt !== undefined;
      see({
        kind: 'state',
        instanceId,
        change: 'saved',
        notesDraining,
        registrations,
        confirmed,
        onDisk: found,
      });
    },
    onSaveFailed: (state, load) => {
      const there = onDisk(state, load);
      // An earlier one of the same moment is not this one.
      const isThis = there === 'new' && JSON.stringify(load()?.memory) === JSON.stringify(state.memory);
      const found = there === 'new' && !isThis ? 'old' : there;
      if (found === 'new') savedAt = state.savedAt;
      see({ kind: 'state', instanceId, change: 'save-failed', onDisk: found });
    },
    onCrash: (error) => see({ kind: 'agent', instanceId, change: 'ended', by: error }),
    onReport: (next) => {
      reportAheadMs = watched()?.instance.clockAheadMs ?? 0;
      report = next;
    },
    onCall: (api, input) => see({ kind: 'request', instanceId, api, input }),
    onAnswer: (api, output, input) => see({ kind: 'answer', instanceId, api, input, output }),
    onRefusal: (api, error) => {
      if (error instanceof Error) see({ kind: 'refusal', instanceId, api, error: error.name });
      // Others were planned, or belong to a drain in which all is well.
      const isUnplanned = error instanceof Error && error.name === 'CredentialsProviderError';
      if (isUnplanned) see({ kind: 'disturbance', instanceId, what: 'fault', restsMs: 0 });
    },
    onHostSilence: (url) =>
      see({ kind: 'host-request', instanceId, to: hostOf(url), answered: false, path: url }),
    onHostAnswer: (url, { status, body }) => {
      const to = hostOf(url);
      const answered = status === 200 || status === 404;
      if (answered) see({ kind: 'host-request', instanceId, to, answered, path: url, body, status });
    },
    onFault: (fault, { service, api, path }, during) => {
      // 404 says that there is no notice.
      const silences =
        path === SPOT_PATH && !('status' in fault && fault.status === 404) ? 'spot' : undefined;
      const restsMs = restsFor(fault);
      see({ kind: 'disturbance', instanceId, what: 'fault', restsMs, during, api, silences });
      const isOfHost = service === 'introspection' || (service === undefined && api === undefined);
      if (isOfHost) see({ kind: 'host-request', instanceId, to: 'introspection', answered: false });
    },
    onOperatorHook: (stage, { ms, pauseMs, counts }) => {
      see({ kind: 'operator-hooks', instanceId, stage, runMs: ms, counts });
      see({ kind: 'disturbance', instanceId, what: 'fault', restsMs: ms + pauseMs });
    },
    onHappening: (happening) => {
      // What was not on the disk itself yet is lost, and may leave half a file.
      if (happening.what === 'reboot' || (happening.what === 'stop' && happening.losesPower))
        wasDamaged = true;
      if (happening.what === 'manual-drain' || happening.what === 'manual-cancel') {
        const change = happening.what === 'manual-drain' ? 'requested' : 'withdrawn';
        return see({ kind: 'manual', instanceId, change });
      }
      const disturbance = disturbanceOf(happening);
      if (disturbance) see({ kind: 'disturbance', instanceId, ...disturbance });
    },
    onEvent: (event) => {
      promises.see({ kind: 'event', at: event.at, event });
      if (event.type === 'lifecycle-action-ended' && event.instanceId === instanceId) readReport();
    },
    onTime: () => {
      promises.time(now());
      if (now() >= reportAt) readReport();
      const one = watched();
      if (one) ending.look(one, now());
    },
    violation: () => promises.violations[0],
    isOver: ending.isOver,
    endState: () => `${doing()}, ${watched()?.instance.lifecycle ?? 'no group'}`,
    releasedAfter: () => watched()?.liveness.releasedAfter(),
    checks: promises.checks,
  };
}

const SPOT_PATH = 'spot/instance-action';

const hostOf = (url: string) => (url.includes(':51678') ? 'introspection' : 'imds');

const READ_REPORT_MS = 60_000;

type Unstamped<T> = T extends unknown ? Omit<T, 'at'> : never;

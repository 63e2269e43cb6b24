import type { State } from '../../src/agent/state/state-file.ts';
import type { Input, Operation } from '../../src/aws/operations.ts';
import type { HttpResponse } from '../../src/host/http.ts';
import type { FaultKind } from '../../src/sandbox/faults.ts';
import type { TimelineEvent } from '../../src/sandbox/world/timeline.ts';
import { createNotes, type Outage } from './facts.ts';
import { createLiveness } from './liveness.ts';
import type { Happening, Plan } from './plan.ts';
import { createSafety } from './safety.ts';
import { createScene } from './scene.ts';
import type { Stage } from './stage.ts';
import type { Truth } from './truth.ts';
import { createVerdict, type Violation } from './verdict.ts';

/** Holds every promise of the agent against what it does and what becomes of it. Keeps the first violation. */
export type Checker = {
  onBoot(): void;
  onDeath(): void;
  onStateLost(): void;
  /** The state file holds this now. */
  onSaved(state: State): void;
  onCrash(error: unknown): void;
  /** What the agent says that it is doing. */
  onReport(report: () => { readonly state: string }): void;
  /** The agent is about to write its state file; it may be killed while it does. */
  onSaving(state: State): void;
  onCall<O extends Operation>(operation: O, input: Input<O>): void;
  onAnswer(operation: Operation, output: unknown, input: unknown): void;
  onHostAnswer(url: string, response: HttpResponse): void;
  onFault(fault: FaultKind, during: Outage | undefined): void;
  onHappening(happening: Happening): void;
  onEvent(event: TimelineEvent): void;
  /** Time has passed. */
  onTime(): void;
  violation(): Violation | undefined;
  /** Whether everything that could come has come. */
  isOver(): boolean;
  endState(): string;
  /** From the last task's end to the release, in ms; undefined where it was not measured. */
  releasedAfter(): number | undefined;
  readonly checks: ReadonlyMap<string, number>;
};

/** @param manual whether a request to drain lies on the host */
export function createChecker(
  plan: Plan,
  stage: Stage,
  truth: Truth,
  now: () => number,
  manual: () => boolean,
): Checker {
  const scene = createScene(plan, stage, truth, now);
  const notes = createNotes(scene);
  const { facts } = notes;
  const verdict = createVerdict(now);
  const safety = createSafety(scene, facts, verdict, manual);
  const liveness = createLiveness(scene, facts, verdict);
  const ownId = stage.machine.id;

  function onEvent(event: TimelineEvent) {
    notes.event(event);
    if (event.type === 'task-interrupted') safety.interruption(event.interruption.cause);
    if (!('instanceId' in event) || event.instanceId !== ownId) return;
    if (event.type === 'container-instance' && event.to === 'INACTIVE' && !truth.waitingForUs())
      liveness.released(event.at);
    if (
      event.type === 'lifecycle-state' &&
      event.to === 'Terminating:Proceed' &&
      event.from !== 'Terminating'
    )
      liveness.released(event.at);
    if (
      event.type === 'lifecycle-action-ended' &&
      event.by === 'heartbeat-timeout' &&
      event.hook === truth.ours()
    )
      liveness.timedOut(event.hook, event.at);
  }

  return {
    onBoot: notes.boot,
    onDeath: notes.death,
    onStateLost: notes.stateLost,
    onSaved: notes.saved,
    onCrash: (error) =>
      verdict.violate('X1', `the agent ended: ${error instanceof Error ? error.stack : error}`),
    onReport: (report) => {
      facts.report = () => report().state;
    },
    onSaving: notes.saving,
    onCall: (operation, input) => {
      notes.signals();
      safety.call(operation, input);
      notes.call(operation, input);
    },
    onAnswer: notes.answer,
    onHostAnswer: notes.hostAnswer,
    onFault: notes.fault,
    onHappening: notes.happening,
    onEvent,
    onTime: () => {
      notes.signals();
      liveness.probe();
    },
    violation: verdict.violation,
    isOver: liveness.isOver,
    endState: () => `${facts.report()}, ${truth.lifecycleState() ?? 'no group'}`,
    releasedAfter: liveness.releasedAfter,
    checks: verdict.checks,
  };
}

import { lookDelay } from '../../src/oneshot/launch/pace.ts';
import type { CallRecord, RunRecord } from './simulate.ts';

export type Violation = { readonly property: string; readonly what: string };

/**
 * What a launch promises, held against what was true in the simulated cluster:
 * - J1: the job of a key runs at most once.
 * - J2: no exit code 0 without the container's 0; and a code that is said to be the container's is.
 * - J3: nothing is left running after a cancel that reported success.
 * - J4: what a group wants is never lowered, and never above its maximum.
 * - J5: what says that nothing was started has started nothing.
 * - L2: where nothing goes wrong, no launch gives up for want of room while there is some.
 * - L1: every launch ends, and where nothing goes wrong soon after its task.
 */
export function violationsOf(run: RunRecord): readonly Violation[] {
  return [
    ...run.plan.jobs.flatMap((job) => {
      const { length } = run.tasksOf(job);
      return length > 1
        ? [{ property: 'J1', what: `the job of ${job.key} was started ${length} times` }]
        : [];
    }),
    ...run.calls.flatMap((call) => [...ofCall(call, run)]),
    ...ofGroup(run),
  ];
}

function ofGroup({ desired, fleet }: RunRecord): readonly Violation[] {
  return desired.flatMap(({ before, after }) => [
    ...(after < before ? [{ property: 'J4', what: `the group wanted ${before}, and then ${after}` }] : []),
    ...(after > fleet.group.maxSize
      ? [{ property: 'J4', what: `the group wanted ${after}, and its maximum is ${fleet.group.maxSize}` }]
      : []),
  ]);
}

function* ofCall(call: CallRecord, run: RunRecord): Generator<Violation> {
  const { end, job, plan, started, leftRunning } = call;
  const who = `the call at ${plan.at} ms for ${job.key}`;
  if (!end) {
    if (!call.isDead)
      yield { property: 'L1', what: `${who} has not ended${call.mistake ? `: ${call.mistake}` : ''}` };
    return;
  }
  const { code, source, kind } = end;
  const truth = run.tasksOf(job).find(({ arn }) => arn === end.task?.arn);
  if (code === 0 && kind !== 'detached' && truth?.exitCode !== 0)
    yield { property: 'J2', what: `${who} ended with 0, and its container with ${truth?.exitCode}` };
  if (source === 'container' && truth?.exitCode !== code)
    yield { property: 'J2', what: `${who} ended with ${code}, and its container with ${truth?.exitCode}` };
  if (kind === 'cancelled' && leftRunning.length > 0)
    yield { property: 'J3', what: `${who} said that it was cancelled, and its task runs on` };
  const saysNothing =
    end.task === undefined && ['no-room', 'refused', 'forbidden', 'conflict', 'cancelled'].includes(kind);
  if (saysNothing && started.length > 0)
    yield {
      property: 'J5',
      what: `${who} said that nothing was started (${kind}), and it had started a task`,
    };
  if (kind === 'no-room' && call.hadRoom && run.plan.faults.length === 0)
    yield { property: 'L2', what: `${who} gave up for want of room, and there had been room for a minute` };
  const { group } = run.plan;
  const phase = call.launch?.phase;
  const hasAsked = phase?.kind === 'starting' && (phase.growth?.launches ?? 0) > 0;
  const canGrow = group !== undefined && group.emptyUntil === 0 && run.fleet.group.desired < group.maxSize;
  if (
    kind === 'no-room' &&
    canGrow &&
    !hasAsked &&
    run.plan.faults.length === 0 &&
    plan.capacityTimeoutMs > 10_000
  )
    yield { property: 'L2', what: `${who} gave up for want of room, and had not asked its group for any` };
  const isAlone = run.plan.faults.length === 0 && job.calls.length === 1 && plan.landsLateAfter === undefined;
  if (isAlone && kind === 'exited' && call.endedAt !== undefined && truth?.stoppedAt !== undefined) {
    const late = call.endedAt - truth.stoppedAt;
    const ran = truth.stoppedAt - truth.createdAt;
    // Under the account's limits it asks more rarely, and a throttled request is sent again within a minute.
    const wasThrottled = run.fleet.world.requestLog.throttled.size > 0;
    const allowed = wasThrottled ? 125_000 : lookDelay(ran, () => 1) + 2_000;
    if (late > allowed) yield { property: 'L1', what: `${who} ended ${late} ms after its task` };
  }
}

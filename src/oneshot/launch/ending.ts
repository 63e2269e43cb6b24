import { oneLine } from '../../base/text.ts';
import { CANCELLED, EXIT } from '../exit-codes.ts';
import { failureKind, failureWords } from './failure-words.ts';
import type { Cancel, ContainerView, End, StopWhy, TaskView } from './model.ts';

export type EndingContext = {
  /** Whose exit code counts; undefined: that of the only container. */
  readonly container: string | undefined;
  /** Why this launcher has asked ECS to stop it, if it has. */
  readonly stopped: StopWhy | undefined;
  readonly cancel: Cancel | undefined;
};

/** Any other stop code has to do with the StopTask, even where the task's host was lost while it stopped. */
const ENDED_ITSELF = new Set(['EssentialContainerExited', 'TaskFailedToStart']);

/** How a launch ends whose task is STOPPED. */
export function endOf(task: TaskView, { container, stopped, cancel }: EndingContext): End {
  const own = pick(task.containers, container);
  const exitCode = readExitCode(own);
  // Asked to stop, it may have ended by itself a moment before: then that is how it ended.
  const byUs = stopped !== undefined && !ENDED_ITSELF.has(task.stopCode ?? '');
  if (byUs && stopped === 'no-room' && task.startedAt === undefined)
    return launcher('no-room', EXIT.noRoom, task, 'no instance had room for it in time, and it was stopped');
  if (byUs && stopped === 'timed-out')
    return launcher(
      'timed-out',
      EXIT.timedOut,
      task,
      `the time limit passed, and it was stopped${left(exitCode)}`,
    );
  if (byUs && cancel)
    return launcher(
      'cancelled',
      CANCELLED[cancel.signal],
      task,
      `cancelled by ${cancel.signal}, and the task was stopped${left(exitCode)}`,
    );
  if (own && exitCode !== undefined) {
    return {
      code: exitCode,
      source: 'container',
      kind: 'exited',
      reason: exitWords(task, own, exitCode),
      task,
    };
  }
  if (task.stopCode === 'TaskFailedToStart') return neverRan(task, own);
  return launcher(
    'no-exit-code',
    EXIT.noExitCode,
    task,
    `it ended without an exit code: ${cause(task, own)}`,
  );
}

function neverRan(task: TaskView, own: ContainerView | undefined): End {
  // ECS gives up on a task for which a capacity provider found no instance: it has never been on one.
  if (task.containerInstanceArn === undefined) {
    const reason = (task.stoppedReason ?? '').replace(/^TaskFailedToStart:\s*/, '');
    if (failureKind(reason) === 'misfit') {
      const why = `no instance of its capacity provider can take it: ${failureWords(oneLine(reason))}`;
      return launcher('failed-to-start', EXIT.notStarted, task, why);
    }
    return launcher('no-room', EXIT.noRoom, task, `ECS found no room for it: ${noRoomWords(reason)}`);
  }
  return launcher('failed-to-start', EXIT.notStarted, task, `it could not be started: ${cause(task, own)}`);
}

function noRoomWords(reason: string): string {
  const said = oneLine(reason) || 'ECS gives no reason';
  switch (said) {
    case 'EMPTY CAPACITY PROVIDER':
      return 'its capacity provider has no instance';
    case 'NO ACTIVE INSTANCES':
      return 'no instance of its capacity provider is ACTIVE in the cluster';
    case 'AGENT':
      return 'the ECS agent is not connected on any instance of its capacity provider';
    default:
      return failureKind(said) === 'room' ? `${failureWords(said)} (${said})` : said;
  }
}

const launcher = (kind: End['kind'], code: number, task: TaskView, reason: string): End => ({
  code,
  source: 'launcher',
  kind,
  reason,
  task,
});

const left = (exitCode: number | undefined) =>
  exitCode === undefined ? '' : `; its container exited with code ${exitCode}`;

function pick(containers: readonly ContainerView[], name: string | undefined): ContainerView | undefined {
  if (name !== undefined) return containers.find((one) => one.name === name);
  return containers.length === 1 ? containers[0] : undefined;
}

/** Undefined is never a success, nor is what no process can exit with. */
function readExitCode(own: ContainerView | undefined): number | undefined {
  const code = own?.exitCode;
  return code !== undefined && Number.isInteger(code) && code >= 0 && code <= 255 ? code : undefined;
}

function exitWords(task: TaskView, own: ContainerView, code: number): string {
  const others = task.containers.flatMap((one) => {
    const its = readExitCode(one);
    // Those that ECS stops because another has ended say nothing of why.
    const isTold = one !== own && its !== undefined && (isOutOfMemory(one) || ![0, 137, 143].includes(its));
    return isTold ? [`, and ${howWords(one, its)}`] : [];
  });
  const how = `${howWords(own, code)}${others.join('')}`;
  if (task.stopCode === undefined || task.stopCode === 'EssentialContainerExited') return how;
  return `${how}, since ${cause(task, undefined)}`;
}

const howWords = (one: ContainerView, code: number) =>
  isOutOfMemory(one)
    ? `${one.name} was killed because it used more memory than it may`
    : `${one.name} exited with code ${code}`;

const isOutOfMemory = ({ reason = '' }: ContainerView) => /OutOfMemory/i.test(reason);

/** Why a task has stopped, in words. (ECS developer guide, "Stopped tasks error messages") */
function cause({ stopCode, stoppedReason }: TaskView, own: ContainerView | undefined): string {
  const said = oneLine(own?.reason ?? stoppedReason ?? 'ECS gives no reason');
  switch (stopCode) {
    case 'SpotInterruption':
      return `its Spot instance was interrupted (${said})`;
    case 'TerminationNotice':
    case 'InfrastructureHealth':
      return `its host was lost (${said})`;
    case 'UserInitiated':
      return `somebody stopped it (${said})`;
    case 'ServiceSchedulerInitiated':
      return `the service scheduler stopped it (${said})`;
    default:
      return /^Host EC2/.test(said) ? `its host was lost (${said})` : said;
  }
}

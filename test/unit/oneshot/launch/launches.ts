import type { Launch, Outcome, Policy, TaskView } from '../../../../src/oneshot/launch/model.ts';
import { begin, settle } from '../../../../src/oneshot/launch/settle.ts';

/** The moment at which each of these launches begins, in ms since the Unix epoch. */
export const T0 = 1_000_000;
export const MINUTE = 60_000;

export const policy: Policy = {
  isKeyGiven: true,
  capacityTimeoutMs: 30 * MINUTE,
  timeoutMs: undefined,
  onTimeout: 'stop',
  group: undefined,
  asksGroup: true,
  waits: true,
  container: undefined,
  asked: {
    taskDefinition: 'job',
    command: ['rake'],
    environment: {},
    cpu: undefined,
    memory: undefined,
    taskRole: undefined,
    network: undefined,
  },
};

export const fresh: Policy = { ...policy, isKeyGiven: false };

export function taskView(change: Partial<TaskView> = {}): TaskView {
  return {
    arn: 'arn:aws:ecs:eu-west-1:111122223333:task/batch/0a1b',
    taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/job:7',
    lastStatus: 'PENDING',
    containerInstanceArn: 'arn:aws:ecs:eu-west-1:111122223333:container-instance/batch/c1',
    createdAt: T0,
    startedAt: undefined,
    stoppedAt: undefined,
    stopCode: undefined,
    stoppedReason: undefined,
    containers: [{ name: 'main', exitCode: undefined, reason: undefined }],
    overrides: {
      taskRoleArn: undefined,
      containers: [{ name: 'main', command: ['rake'], environment: {}, cpu: undefined, memory: undefined }],
    },
    subnet: undefined,
    ...change,
  };
}

export const exited = (exitCode: number | undefined, change: Partial<TaskView> = {}): TaskView =>
  taskView({
    lastStatus: 'STOPPED',
    stopCode: 'EssentialContainerExited',
    containers: [{ name: 'main', exitCode, reason: undefined }],
    ...change,
  });

export const defined: Outcome & { kind: 'defined' } = {
  kind: 'defined',
  definition: {
    containers: [
      {
        name: 'main',
        isEssential: true,
        log: { kind: 'elsewhere', why: '' },
        cpu: 256,
        memory: 512,
        softMemory: undefined,
        gpu: 0,
        ports: [],
      },
    ],
    cpu: undefined,
    memory: undefined,
    networkMode: 'bridge',
    constraints: [],
  },
};
export const noRoom: Outcome = {
  kind: 'start-answered',
  answer: { kind: 'no-room', missing: ['RESOURCE:CPU'], completed: true, except: [] },
};
export const unanswered: Outcome = {
  kind: 'start-answered',
  answer: { kind: 'unanswered', why: 'no answer in 10000 ms' },
};
export const started = (task = taskView()): Outcome => ({
  kind: 'start-answered',
  answer: { kind: 'started', task },
});
export const described = (task: TaskView | undefined): Outcome => ({ kind: 'described', task });

/** A launch after these outcomes, each a second after the one before. */
export function after(goes: Policy, ...outcomes: readonly Outcome[]): Launch {
  return outcomes.reduce(
    (launch, outcome, index) => settle(launch, goes, outcome, T0 + (index + 1) * 1_000, () => 0.5),
    begin(T0),
  );
}

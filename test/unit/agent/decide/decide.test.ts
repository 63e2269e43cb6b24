import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../../../src/agent/decide/decide.ts';
import { heartbeatInterval, heartbeatRetry } from '../../../../src/agent/decide/heartbeat.ts';
import type { Action, Observation, Policy } from '../../../../src/agent/model.ts';
import type { Hook } from '../../../../src/aws/auto-scaling.ts';
import type { Task } from '../../../../src/aws/ecs.ts';
import { known, unknown } from '../../../../src/base/reading.ts';
import {
  CI as arn,
  draining,
  HOUR,
  hook,
  inState,
  MINUTE,
  NOW,
  nothing,
  policy,
  SECOND,
  tag,
  taskOf,
  withTask,
} from './observations.ts';

const active = { ...draining, status: 'ACTIVE' } as const;
const deregistered = { kind: 'deregistered', arn } as const;
const otherHook: Hook = { name: 'backup', heartbeatTimeout: HOUR, globalTimeout: 48 * HOUR };
const managedHook: Hook = { ...hook, name: 'ecs-managed-draining-termination-hook' };

const task = taskOf('a');
/** Only the ECS agent on the host has listed it. */
const hostOnly: Task = { arn: `${arn}h`, group: 'family:x', lastStatus: 'RUNNING', desiredStatus: 'UNKNOWN' };
const monitor: Task = { ...task, arn: `${task.arn}m`, group: 'family:monitor', family: 'monitor' };
const ignoring = { ignoreTasks: [{ by: 'family', name: 'monitor' }] } as const;
/** The ECS agent says that it is of that family; ECS says nothing of it. */
const onHostOnly: Task = {
  arn: `${task.arn}h`,
  group: 'family:monitor',
  lastStatus: 'RUNNING',
  desiredStatus: 'UNKNOWN',
};
const stopping: Task = { ...task, arn: `${task.arn}b`, lastStatus: 'STOPPING', desiredStatus: 'STOPPED' };

/** With a fresh heartbeat. */
const drainingWithTask: Observation = {
  ...withTask,
  lastHeartbeat: { at: NOW - SECOND, outcome: 'recorded' },
};

const drained: Observation = {
  ...drainingWithTask,
  containerInstance: known(deregistered),
  tasks: known([]),
};

const watching: Observation = { ...nothing, signals: known([]) };

const completed = { hook: 'drain', result: 'CONTINUE', at: NOW - MINUTE, standing: 'answered' } as const;

const waitForTask: Action = { kind: 'wait', why: { for: 'tasks', tasks: [task], pastTimeout: false } };
const complete = (result: 'CONTINUE' | 'ABANDON', why: 'drained' | 'timeout' | 'hook-limit'): Action => ({
  kind: 'complete',
  group: 'web-asg',
  hook: 'drain',
  result,
  why,
});

type Row = {
  when: string;
  base?: Observation;
  seen?: Partial<Observation>;
  with?: Partial<Policy>;
  expect: Action;
};

function table(title: string, rows: readonly Row[]) {
  describe(title, () => {
    for (const row of rows) {
      it(row.when, () => {
        const observation = { ...(row.base ?? drainingWithTask), ...row.seen };
        assert.deepEqual(decide(observation, { ...policy, ...row.with }).action, row.expect);
      });
    }
  });
}

const withdrawn = { signals: known([]), lifecycle: inState('InService') } as const;
const UNHEARD: Action = {
  kind: 'wait',
  why: {
    for: 'group-state',
    cause: 'the signal is gone, and the group is asked whether it terminates the instance',
  },
};

table('without a signal', [
  { when: 'nothing was begun: watch', base: watching, expect: { kind: 'watch' } },
  {
    when: 'we had set DRAINING: give the instance back',
    seen: { ...withdrawn },
    expect: { kind: 'set-active', containerInstance: draining },
  },
  {
    when: 'the group replaces the root volume: give it back afterwards, or it is given tasks that end with the old one',
    seen: { ...withdrawn, lifecycle: inState('ReplacingRootVolume:Wait') },
    expect: {
      kind: 'wait',
      why: {
        for: 'group-state',
        cause: 'the signal is gone, and the instance is given back once its root volume has been replaced',
      },
    },
  },
  {
    when: 'the group was replacing the root volume, and does not answer: learn first whether it still does',
    seen: {
      signals: known([]),
      lifecycle: unknown('throttled'),
      memory: { drainingSetAt: NOW - MINUTE, isReplacing: true },
    },
    expect: { kind: 'wait', why: { for: 'group-state', cause: 'throttled' } },
  },
  {
    when: 'somebody else had set DRAINING: leave it so',
    seen: { ...withdrawn, memory: {} },
    expect: { kind: 'watch' },
  },
  {
    when: 'we had set DRAINING, and ECS calls it ACTIVE, which may be an old answer: give it back all the same',
    seen: { ...withdrawn, containerInstance: known(active) },
    expect: { kind: 'set-active', containerInstance: active },
  },
  {
    when: 'we had set DRAINING, and it registers anew: watch',
    seen: { ...withdrawn, containerInstance: known({ ...active, status: 'REGISTERING' }) },
    expect: { kind: 'watch' },
  },
  {
    when: 'we had set DRAINING, and it is deregistered: too late, watch',
    seen: { ...withdrawn, containerInstance: known(deregistered) },
    expect: { kind: 'watch' },
  },
  {
    when: 'we had set DRAINING, and ECS does not answer: learn its status first',
    seen: { ...withdrawn, containerInstance: unknown('throttled') },
    expect: { kind: 'wait', why: { for: 'container-instance', cause: 'throttled' } },
  },
  {
    when: 'the group itself terminates it: the drain goes on, or it is given tasks that end with it',
    seen: { signals: known([]) },
    expect: waitForTask,
  },
  {
    when: 'the group itself retains it, which nothing but its termination ends: let it go',
    base: drained,
    seen: { signals: known([]), lifecycle: inState('Terminating:Retained') },
    expect: { kind: 'terminate', why: 'drained' },
  },
  {
    when: 'only metadata had said that the group terminates it: hear the group itself first',
    seen: {
      signals: known([]),
      lifecycle: known({ kind: 'in-group', group: 'web-asg', state: 'Terminating', from: 'metadata' }),
    },
    expect: UNHEARD,
  },
  {
    when: 'its hook was last known to wait, and the group does not answer: hear the group first',
    seen: { signals: known([]), lifecycle: unknown('throttled') },
    expect: UNHEARD,
  },
  {
    when: 'no hook was known to wait, and the group does not answer: give the instance back',
    seen: {
      signals: known([]),
      lifecycle: unknown('denied'),
      memory: { signalledAt: NOW - MINUTE, drainingSetAt: NOW - MINUTE },
    },
    expect: { kind: 'set-active', containerInstance: draining },
  },
]);

table('with the signals unknown', [
  {
    when: 'nothing was begun: watch',
    base: watching,
    seen: { signals: unknown('IMDS is silent') },
    expect: { kind: 'watch' },
  },
  {
    when: 'our DRAINING is still to be given back: hold still',
    base: watching,
    seen: { signals: unknown('IMDS is silent'), memory: { drainingSetAt: NOW - MINUTE } },
    expect: { kind: 'wait', why: { for: 'signals', cause: 'IMDS is silent' } },
  },
  {
    when: 'a drain is on and the group has not decided: hold still',
    seen: { signals: unknown('IMDS is silent'), lifecycle: inState('InService'), tasks: known([]) },
    expect: { kind: 'wait', why: { for: 'signals', cause: 'IMDS is silent' } },
  },
  {
    when: 'the group has not been heard either: hold still',
    seen: { signals: unknown('IMDS is silent'), lifecycle: unknown('throttled'), tasks: known([]) },
    expect: { kind: 'wait', why: { for: 'signals', cause: 'IMDS is silent' } },
  },
  {
    when: 'only metadata has said that the group terminates the instance, and heartbeats that a hook waits: hold still',
    seen: {
      signals: unknown('IMDS is silent'),
      lifecycle: known({ kind: 'in-group', group: 'web-asg', state: 'Terminating:Wait', from: 'metadata' }),
      tasks: known([]),
    },
    expect: { kind: 'wait', why: { for: 'signals', cause: 'IMDS is silent' } },
  },
  {
    when: 'the group is terminating the instance: that is as good as a signal',
    base: drained,
    seen: { signals: unknown('IMDS is silent') },
    expect: complete('CONTINUE', 'drained'),
  },
]);

table('with an identity that changed', [
  {
    when: 'everything is refused',
    base: drained,
    seen: { identity: 'changed' },
    expect: { kind: 'refuse', why: 'identity-changed' },
  },
  {
    when: 'even giving the instance back',
    seen: { identity: 'changed', signals: known([]) },
    expect: { kind: 'refuse', why: 'identity-changed' },
  },
]);

table('with a signal', [
  {
    when: 'the container instance is ACTIVE: set it DRAINING',
    seen: { containerInstance: known(active) },
    expect: { kind: 'set-draining', containerInstance: active },
  },
  {
    when: 'it is ACTIVE without tasks: set it DRAINING all the same',
    seen: { containerInstance: known(active), tasks: known([]) },
    expect: { kind: 'set-draining', containerInstance: active },
  },
  {
    when: 'its status is unknown: wait',
    seen: { containerInstance: unknown('no answer'), tasks: known([]) },
    expect: { kind: 'wait', why: { for: 'container-instance', cause: 'no answer' } },
  },
  { when: 'a task is left: wait', expect: waitForTask },
  {
    when: 'a task that was asked to stop still runs: wait',
    seen: { tasks: known([stopping]) },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [stopping], pastTimeout: false } },
  },
  {
    when: 'the tasks are unknown: wait',
    seen: { tasks: unknown('no answer') },
    expect: { kind: 'wait', why: { for: 'task-list', cause: 'no answer' } },
  },
  {
    when: 'somebody else has set it DRAINING: drain on',
    seen: { memory: { signalledAt: NOW - MINUTE } },
    expect: waitForTask,
  },
  {
    when: 'no task is left: deregister',
    seen: { tasks: known([]) },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'deregistered, but a task still runs on the host: wait',
    seen: { containerInstance: known(deregistered) },
    expect: waitForTask,
  },
]);

table('in mode deregister', [
  {
    when: 'it is never set DRAINING, and a task is left: try to deregister',
    seen: { containerInstance: known(active) },
    with: { mode: 'deregister' },
    expect: { kind: 'deregister', containerInstance: active },
  },
  {
    when: 'no task is left: deregister',
    seen: { containerInstance: known(active), tasks: known([]) },
    with: { mode: 'deregister' },
    expect: { kind: 'deregister', containerInstance: active },
  },
  {
    when: 'the tasks are unknown: wait',
    seen: { containerInstance: known(active), tasks: unknown('no answer') },
    with: { mode: 'deregister' },
    expect: { kind: 'wait', why: { for: 'task-list', cause: 'no answer' } },
  },
  {
    when: 'deregistered, and a task is on its way down: wait',
    seen: { containerInstance: known(deregistered), tasks: known([stopping]) },
    with: { mode: 'deregister' },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [stopping], pastTimeout: false } },
  },
]);

table('with no task and no registration', [
  { when: 'our hook waits: complete it', base: drained, expect: complete('CONTINUE', 'drained') },
  {
    when: 'never registered, and our hook waits: complete it',
    base: drained,
    seen: { containerInstance: known({ kind: 'never-registered' }) },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'the hook of ECS managed draining waits beside ours: complete ours',
    base: drained,
    seen: { hooks: known([managedHook, hook]) },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'only the hook of ECS managed draining is there: complete nothing',
    base: drained,
    seen: { hooks: known([managedHook]) },
    expect: { kind: 'wait', why: { for: 'hook-choice', choice: { kind: 'none' } } },
  },
  {
    when: 'several hooks and no name: complete none',
    base: drained,
    seen: { hooks: known([hook, otherHook]), memory: { signalledAt: NOW - MINUTE } },
    expect: {
      kind: 'wait',
      why: { for: 'hook-choice', choice: { kind: 'ambiguous', names: ['drain', 'backup'] } },
    },
  },
  {
    when: 'several hooks, and the tag names ours',
    base: drained,
    seen: { hooks: known([otherHook, hook]), signals: known([{ ...tag, hook: 'drain' }]) },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'several hooks, and the option goes before the tag',
    base: drained,
    seen: { hooks: known([otherHook, hook]), signals: known([{ ...tag, hook: 'backup' }]) },
    with: { lifecycleHook: 'drain' },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'the tag names a hook that the group does not have: its only one stays ours',
    base: drained,
    seen: { signals: known([{ ...tag, hook: 'elsewhere' }]) },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'the option names a hook that the group does not have: complete none',
    base: drained,
    with: { lifecycleHook: 'elsewhere' },
    expect: {
      kind: 'wait',
      why: { for: 'hook-choice', choice: { kind: 'missing', wanted: 'elsewhere', names: ['drain'] } },
    },
  },
  {
    when: 'somebody adds a hook while ours waits: ours stays ours',
    base: drained,
    seen: { hooks: known([otherHook, hook]) },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'the tag names the hook of ECS managed draining: complete none',
    base: drained,
    seen: { hooks: known([managedHook]), signals: known([{ ...tag, hook: managedHook.name }]) },
    expect: {
      kind: 'wait',
      why: { for: 'hook-choice', choice: { kind: 'none' } },
    },
  },
  {
    when: 'the hooks are unknown: complete none',
    base: drained,
    seen: { hooks: unknown('no answer') },
    expect: { kind: 'wait', why: { for: 'hook-choice', choice: { kind: 'unknown', cause: 'no answer' } } },
  },
  {
    when: 'the hooks are unknown, and the option names ours: complete it',
    base: drained,
    seen: { hooks: unknown('no answer') },
    with: { lifecycleHook: 'drain' },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'we completed it already: done',
    base: drained,
    seen: { memory: { ...drained.memory, completed } },
    expect: { kind: 'done', why: 'released' },
  },
  {
    when: 'we completed it, and it still waits long after: complete it again',
    base: drained,
    seen: { memory: { ...drained.memory, completed: { ...completed, standing: 'doubted' } } },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'we completed it, and another owner’s hook waits: done',
    base: drained,
    seen: { memory: { ...drained.memory, completed: { ...completed, standing: 'confirmed' } } },
    expect: { kind: 'done', why: 'released' },
  },
  {
    when: 'we completed it, and five minutes later another owner’s hook waits, or ours anew: complete it again',
    base: drained,
    seen: {
      memory: { ...drained.memory, completed: { ...completed, at: NOW - 5 * MINUTE, standing: 'confirmed' } },
    },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'we abandoned it, and five minutes later another owner’s hook waits: done',
    base: drained,
    seen: {
      memory: {
        ...drained.memory,
        completed: { ...completed, result: 'ABANDON', at: NOW - 5 * MINUTE, standing: 'confirmed' },
      },
    },
    expect: { kind: 'done', why: 'released' },
  },
  {
    when: 'the hook does not wait yet: look again soon',
    base: drained,
    seen: { lifecycle: inState('Terminating') },
    expect: { kind: 'wait', why: { for: 'hook' } },
  },
  {
    when: 'the state is unknown: look again',
    base: drained,
    seen: { lifecycle: unknown('no answer') },
    expect: { kind: 'wait', why: { for: 'group-state', cause: 'no answer' } },
  },
  {
    when: 'retained: terminate it in its group',
    base: drained,
    seen: { lifecycle: inState('Terminating:Retained') },
    expect: { kind: 'terminate', why: 'drained' },
  },
  {
    when: 'retained, and the group was asked to terminate it just now, which may not show yet: done',
    base: drained,
    seen: {
      lifecycle: inState('Terminating:Retained'),
      memory: { ...drained.memory, terminatedAt: NOW - 29 * SECOND },
    },
    expect: { kind: 'done', why: 'released' },
  },
  {
    when: 'retained, half a minute after the group was asked to terminate it: it was retained once more, unseen',
    base: drained,
    seen: {
      lifecycle: inState('Terminating:Retained'),
      memory: { ...drained.memory, terminatedAt: NOW - 30 * SECOND },
    },
    expect: { kind: 'terminate', why: 'drained' },
  },
  {
    when: 'InService: a maintenance drain, done',
    base: drained,
    seen: { lifecycle: inState('InService') },
    expect: { kind: 'done', why: 'maintenance' },
  },
  {
    when: 'InService after a rebalance recommendation, and the operator asked for it: terminate',
    base: drained,
    seen: {
      lifecycle: inState('InService'),
      signals: known([{ source: 'rebalance', noticeAt: NOW - HOUR }]),
    },
    with: { rebalanceTerminate: true },
    expect: { kind: 'terminate', why: 'rebalance' },
  },
  {
    when: 'InService after a tag, whatever was asked for rebalancing: done',
    base: drained,
    seen: { lifecycle: inState('InService') },
    with: { rebalanceTerminate: true },
    expect: { kind: 'done', why: 'maintenance' },
  },
  {
    when: 'Standby: done',
    base: drained,
    seen: { lifecycle: inState('Standby') },
    expect: { kind: 'done', why: 'maintenance' },
  },
  {
    when: 'in no group: done',
    base: drained,
    seen: { lifecycle: known({ kind: 'no-group' }) },
    expect: { kind: 'done', why: 'no-group' },
  },
  ...['Terminating:Proceed', 'Terminated'].map(
    (state): Row => ({
      when: `${state}: stay quiet`,
      base: drained,
      seen: { lifecycle: inState(state) },
      expect: { kind: 'done', why: 'terminating' },
    }),
  ),
]);

const many: readonly Task[] = Array.from({ length: 30 }, (_, i) => ({ ...task, arn: `${task.arn}${i}` }));
/** The group began ten minutes ago, and is not heard now. */
const joined: Partial<Observation> = {
  signals: known([{ source: 'lifecycle' }, { source: 'manual' }]),
  tasks: known([]),
  lifecycle: unknown('throttled'),
  memory: { signalledAt: NOW - 10 * MINUTE, drainingSetAt: NOW - 10 * MINUTE },
};
const late = { memory: { ...drainingWithTask.memory, signalledAt: NOW - 2 * HOUR } };

const scheduled = (code: string) =>
  ({ source: 'scheduled', code, eventId: 'e', notBefore: NOW + HOUR }) as const;
const pastTag = { ...tag, eventAt: NOW - HOUR };
const idle = { tasks: known([]), lifecycle: inState('InService') };

table('an event that EC2 has scheduled, and no task left', [
  ...['instance-reboot', 'system-reboot', 'system-maintenance'].map(
    (code): Row => ({
      when: `${code}: the host goes on afterwards, so it stays in its cluster`,
      seen: { ...idle, signals: known([scheduled(code)]) },
      expect: { kind: 'done', why: 'event' },
    }),
  ),
  ...['instance-stop', 'instance-retirement'].map(
    (code): Row => ({
      when: `${code}: deregister`,
      seen: { ...idle, signals: known([scheduled(code)]) },
      expect: { kind: 'deregister', containerInstance: draining },
    }),
  ),
  {
    when: 'something else asks for the instance as well: deregister',
    seen: { ...idle, signals: known([scheduled('system-reboot'), tag]) },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'a tag is left of a lifecycle event, and the group keeps the instance: it stays in its cluster',
    seen: { ...idle, signals: known([scheduled('system-reboot'), pastTag]) },
    expect: { kind: 'done', why: 'event' },
  },
  {
    when: 'a tag is left of a lifecycle event, and the instance is in no group: it stays in its cluster',
    seen: {
      ...idle,
      signals: known([scheduled('system-reboot'), pastTag]),
      lifecycle: known({ kind: 'no-group' }),
    },
    expect: { kind: 'done', why: 'event' },
  },
  {
    when: 'a tag is left of a lifecycle event, and an operator asks for the instance as well: deregister',
    seen: { ...idle, signals: known([scheduled('system-reboot'), pastTag, { source: 'manual' }]) },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'a tag tells of a lifecycle event, and the group does not answer: it may stay',
    seen: {
      ...idle,
      signals: known([scheduled('system-reboot'), pastTag]),
      lifecycle: unknown('silent'),
      memory: { ...drainingWithTask.memory, signalledAt: NOW - HOUR },
    },
    expect: { kind: 'wait', why: { for: 'group-state', cause: 'silent' } },
  },
  {
    when: 'a tag tells of a lifecycle event, and the instance stops anyway: deregister',
    seen: { ...idle, signals: known([scheduled('instance-stop'), pastTag]) },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'the group terminates the instance: deregister',
    seen: {
      ...idle,
      lifecycle: inState('Terminating:Wait'),
      signals: known([scheduled('system-reboot')]),
    },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'in mode deregister: deregister',
    seen: { ...idle, signals: known([scheduled('system-reboot')]) },
    with: { mode: 'deregister' },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'the operator’s hooks have their time all the same',
    seen: { ...idle, signals: known([scheduled('system-reboot')]), drainedHooks: 'due' },
    expect: { kind: 'wait', why: { for: 'operator-hooks', state: 'running' } },
  },
  {
    when: 'it is over: give the instance back',
    seen: { ...idle, ...withdrawn },
    expect: { kind: 'set-active', containerInstance: draining },
  },
]);

table('an operator asks for an instance whose group is not heard', [
  {
    when: 'half a minute after he has, in a drain that the group began long ago: deregister',
    seen: { ...joined, signalsChangedAt: NOW - 30 * SECOND },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'a group that answered a moment ago, and fails now: hear it, for half a minute',
    seen: { ...joined, signalsChangedAt: NOW - MINUTE, groupSilentSince: NOW - 30 * SECOND + 1 },
    expect: { kind: 'wait', why: { for: 'group-state', cause: 'throttled' } },
  },
  {
    when: 'a group that has failed for half a minute: deregister',
    seen: { ...joined, signalsChangedAt: NOW - MINUTE, groupSilentSince: NOW - 30 * SECOND },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  {
    when: 'a moment before that: hear the group, which may be about to replace the root volume',
    seen: { ...joined, signalsChangedAt: NOW - 30 * SECOND + 1 },
    expect: { kind: 'wait', why: { for: 'group-state', cause: 'throttled' } },
  },
]);

table('past the operator’s limit', [
  {
    when: 'a minute before it: wait',
    with: { drainTimeout: 2 * MINUTE, onTimeout: 'continue' },
    expect: waitForTask,
  },
  {
    when: 'wait: go on waiting',
    seen: late,
    with: { drainTimeout: HOUR, onTimeout: 'wait' },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [task], pastTimeout: true } },
  },
  {
    when: 'ignored tasks beside another: wait',
    seen: { tasks: known([task, monitor]) },
    with: ignoring,
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [task, monitor], pastTimeout: false } },
  },
  {
    when: 'only ignored tasks: ask them to stop',
    seen: { tasks: known([monitor]) },
    with: ignoring,
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [monitor], why: 'ignored' },
  },
  {
    when: 'only ignored tasks, and mode deregister: ask them to stop before the first try',
    seen: { tasks: known([monitor]), containerInstance: known({ ...draining, status: 'ACTIVE' }) },
    with: { ...ignoring, mode: 'deregister' },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [monitor], why: 'ignored' },
  },
  {
    when: 'only ignored tasks, past a limit that only the group could answer: ask them to stop all the same',
    seen: { tasks: known([monitor]), memory: late.memory },
    with: { ...ignoring, drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [monitor], why: 'ignored' },
  },
  {
    when: 'only ignored tasks that cannot be asked to stop, past a limit: the limit takes effect',
    seen: { ...late, tasks: known([monitor]), stopRefusedAt: { [monitor.arn]: NOW - MINUTE } },
    with: { ...ignoring, drainTimeout: HOUR, onTimeout: 'continue' },
    expect: { kind: 'complete', group: 'web-asg', hook: 'drain', result: 'CONTINUE', why: 'timeout' },
  },
  {
    when: 'only ignored tasks, of which one cannot be asked to stop and the others are stopping, past a limit: it takes effect',
    seen: {
      ...late,
      tasks: known([monitor, { ...monitor, arn: `${monitor.arn}b`, desiredStatus: 'STOPPED' }]),
      stopRefusedAt: { [monitor.arn]: NOW - MINUTE },
    },
    with: { ...ignoring, drainTimeout: HOUR, onTimeout: 'continue' },
    expect: { kind: 'complete', group: 'web-asg', hook: 'drain', result: 'CONTINUE', why: 'timeout' },
  },
  {
    when: 'only ignored tasks that could not be asked to stop, past a limit that the group has not carried out: ask them again',
    seen: {
      ...late,
      tasks: known([monitor]),
      stopRefusedAt: { [monitor.arn]: NOW - MINUTE },
      completionRestsUntil: NOW + 1,
    },
    with: { ...ignoring, drainTimeout: HOUR, onTimeout: 'continue' },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [monitor], why: 'ignored' },
  },
  {
    when: 'an ignored task beside another, past a limit: only the other is asked to stop, whose logs it may ship',
    seen: { ...late, tasks: known([monitor, task]) },
    with: { ...ignoring, drainTimeout: HOUR, onTimeout: 'stop-tasks' },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'timeout' },
  },
  {
    when: 'only ignored tasks, asked to stop: wait until they are STOPPED',
    seen: { tasks: known([{ ...monitor, desiredStatus: 'STOPPED' }]) },
    with: ignoring,
    expect: {
      kind: 'wait',
      why: { for: 'tasks', tasks: [{ ...monitor, desiredStatus: 'STOPPED' }], pastTimeout: false },
    },
  },
  {
    when: 'an ignored task of which an answer lacks the family: wait, it may be another',
    seen: { tasks: known([{ ...monitor, family: undefined }]) },
    with: ignoring,
    expect: {
      kind: 'wait',
      why: { for: 'tasks', tasks: [{ ...monitor, family: undefined }], pastTimeout: false },
    },
  },
  {
    when: 'an ignored task beside one that only the host names by that family: wait, anybody may say so',
    seen: { tasks: known([monitor, onHostOnly]) },
    with: { ignoreTasks: [...ignoring.ignoreTasks, { by: 'group', name: 'family:monitor' }] },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [monitor, onHostOnly], pastTimeout: false } },
  },
  {
    when: 'only ignored tasks, and the signal is gone: give the instance back',
    seen: { ...withdrawn, tasks: known([monitor]) },
    with: ignoring,
    expect: { kind: 'set-active', containerInstance: draining },
  },
  {
    when: 'stop-tasks: ask those that were not asked',
    seen: { ...late, tasks: known([task, stopping]) },
    with: { drainTimeout: HOUR, onTimeout: 'stop-tasks' },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'timeout' },
  },
  {
    when: 'stop-tasks: no more than twelve within a minute',
    seen: {
      memory: {
        ...late.memory,
        askedToStop: Object.fromEntries(many.slice(0, 11).map((one) => [one.arn, NOW - 59 * SECOND])),
      },
      tasks: known(many),
    },
    with: { drainTimeout: HOUR, onTimeout: 'stop-tasks' },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [many[11] as Task], why: 'timeout' },
  },
  {
    when: 'stop-tasks: a task of another container instance is not asked',
    seen: { ...late, tasks: known([{ ...task, containerInstanceArn: `${arn}0` }]) },
    with: { drainTimeout: HOUR, onTimeout: 'stop-tasks' },
    expect: {
      kind: 'wait',
      why: { for: 'tasks', tasks: [{ ...task, containerInstanceArn: `${arn}0` }], pastTimeout: true },
    },
  },
  {
    when: 'stop-tasks: those asked half a minute ago are left to it',
    seen: { memory: { ...late.memory, askedToStop: { [task.arn]: NOW - 30 * SECOND } } },
    with: { drainTimeout: HOUR, onTimeout: 'stop-tasks' },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [task], pastTimeout: true } },
  },
  {
    when: 'stop-tasks: one that ECS still wants running after a minute is asked again',
    seen: { memory: { ...late.memory, askedToStop: { [task.arn]: NOW - MINUTE } } },
    with: { drainTimeout: HOUR, onTimeout: 'stop-tasks' },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'timeout' },
  },
  {
    when: 'continue: let the instance go',
    seen: late,
    with: { drainTimeout: HOUR, onTimeout: 'continue' },
    expect: complete('CONTINUE', 'timeout'),
  },
  {
    when: 'continue, with nothing waiting: wait',
    seen: { ...late, lifecycle: inState('InService') },
    with: { drainTimeout: HOUR, onTimeout: 'continue' },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [task], pastTimeout: true } },
  },
  {
    when: 'continue, retained: terminate',
    seen: { ...late, lifecycle: inState('Terminating:Retained') },
    with: { drainTimeout: HOUR, onTimeout: 'continue' },
    expect: { kind: 'terminate', why: 'timeout' },
  },
  {
    when: 'continue, with the tasks unknown: nothing irreversible',
    seen: { ...late, tasks: unknown('no answer') },
    with: { drainTimeout: HOUR, onTimeout: 'continue' },
    expect: { kind: 'wait', why: { for: 'task-list', cause: 'no answer' } },
  },
  {
    when: 'abandon, with the tasks unknown, in a group that retains: abandon, since that costs no task',
    seen: { ...late, tasks: unknown('no answer'), retainsAbandoned: known(true) },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: complete('ABANDON', 'timeout'),
  },
  {
    when: 'abandon, and ECS does not know the container instance, in a group that retains: abandon',
    seen: { ...late, containerInstance: unknown('ECS does not know it'), retainsAbandoned: known(true) },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: complete('ABANDON', 'timeout'),
  },
  {
    when: 'abandon, with the tasks unknown, and whether the group retains: nothing irreversible',
    seen: { ...late, tasks: unknown('no answer'), retainsAbandoned: unknown('not asked yet') },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: { kind: 'wait', why: { for: 'task-list', cause: 'no answer' } },
  },
  {
    when: 'wait, with the tasks unknown, in a group that retains: wait',
    seen: { ...late, tasks: unknown('no answer'), retainsAbandoned: known(true) },
    with: { drainTimeout: HOUR, onTimeout: 'wait' },
    expect: { kind: 'wait', why: { for: 'task-list', cause: 'no answer' } },
  },
  {
    when: 'abandon, deregistered, and one look at ECS fails: it can be released',
    seen: {
      memory: { ...late.memory, deregistered: arn },
      tasks: unknown('no answer'),
      retainsAbandoned: known(true),
    },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: { kind: 'wait', why: { for: 'task-list', cause: 'no answer' } },
  },
  {
    when: 'abandon, deregistered, and the host has registered anew and was given a task since: abandon, since that costs no task',
    seen: {
      ...late,
      memory: { ...late.memory, deregistered: arn, tasksLeft: [task.arn] },
      tasks: unknown('no answer'),
      retainsAbandoned: known(true),
    },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: complete('ABANDON', 'timeout'),
  },
  {
    when: 'abandon, with the tasks unknown, and the word that the group retains is old: wait',
    seen: { ...late, tasks: unknown('no answer'), retainsAbandoned: known(true), isRetentionOld: true },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: { kind: 'wait', why: { for: 'task-list', cause: 'no answer' } },
  },
  {
    when: 'abandon, in a group that retains, and DRAINING cannot be set: abandon, since that costs no task',
    seen: {
      ...late,
      tasks: unknown('ACTIVE'),
      retainsAbandoned: known(true),
      containerInstance: known(active),
    },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: complete('ABANDON', 'timeout'),
  },
  {
    when: 'abandon: abandon the lifecycle action',
    seen: late,
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: complete('ABANDON', 'timeout'),
  },
  {
    when: 'abandon, and retained since: wait on',
    seen: { ...late, lifecycle: inState('Terminating:Retained') },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [task], pastTimeout: true } },
  },
  {
    when: 'abandon, and the group replaces the root volume: wait on, since what would become of the tasks is documented nowhere',
    seen: { ...late, lifecycle: inState('ReplacingRootVolume:Wait'), retainsAbandoned: known(true) },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [task], pastTimeout: true } },
  },
  {
    when: 'abandon, an operator’s hook holds the instance, and Auto Scaling did not take the abandon: the hook has its turn meanwhile',
    base: drained,
    seen: { ...late, drainedHooks: 'held', completionRestsUntil: NOW + SECOND },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: { kind: 'wait', why: { for: 'operator-hooks', state: 'failed' } },
  },
  {
    when: 'abandon, an operator’s hook holds the instance, and the abandon has rested: try it again',
    base: drained,
    seen: { ...late, drainedHooks: 'held', completionRestsUntil: NOW },
    with: { drainTimeout: HOUR, onTimeout: 'abandon' },
    expect: complete('ABANDON', 'timeout'),
  },
]);

const nearHookLimit = {
  memory: {
    ...drainingWithTask.memory,
    waiting: { since: NOW - 48 * HOUR + 4 * MINUTE, group: 'web-asg', hook },
  },
};

table('near the hook’s global limit', [
  {
    when: 'the group retains: abandon, and wait without a limit',
    seen: { ...nearHookLimit, retainsAbandoned: known(true) },
    expect: complete('ABANDON', 'hook-limit'),
  },
  {
    when: 'the group retains and the tasks are unknown: abandon, since that costs no task',
    seen: { ...nearHookLimit, retainsAbandoned: known(true), tasks: unknown('no answer') },
    expect: complete('ABANDON', 'hook-limit'),
  },
  {
    when: 'the group retains, and an operator’s hook still runs: abandon, or the machine ends under it',
    base: drained,
    seen: { ...nearHookLimit, retainsAbandoned: known(true), drainedHooks: 'running' },
    expect: complete('ABANDON', 'hook-limit'),
  },
  {
    when: 'the group retains, and the operator’s hooks have run: release it the ordinary way',
    base: drained,
    seen: { ...nearHookLimit, retainsAbandoned: known(true), drainedHooks: 'settled' },
    expect: complete('CONTINUE', 'drained'),
  },
  {
    when: 'the group retains, Auto Scaling did not take the abandon, and somebody has set it ACTIVE: set it DRAINING meanwhile',
    seen: {
      ...nearHookLimit,
      retainsAbandoned: known(true),
      completionRestsUntil: NOW + SECOND,
      containerInstance: known(active),
    },
    expect: { kind: 'set-draining', containerInstance: active },
  },
  {
    when: 'the group retains, six minutes before: not yet',
    seen: {
      memory: {
        ...drainingWithTask.memory,
        waiting: { since: NOW - 48 * HOUR + 6 * MINUTE, group: 'web-asg', hook },
      },
      retainsAbandoned: known(true),
    },
    expect: waitForTask,
  },
  {
    when: 'the group retains, and no task is left: release it the ordinary way',
    seen: { ...nearHookLimit, retainsAbandoned: known(true), tasks: known([]) },
    expect: { kind: 'deregister', containerInstance: draining },
  },
  { when: 'the group does not retain: wait; AWS decides', seen: nearHookLimit, expect: waitForTask },
  {
    when: 'whether it retains is unknown: wait; AWS decides',
    seen: { ...nearHookLimit, retainsAbandoned: unknown('no permission') },
    expect: waitForTask,
  },
]);

const spot = (interruptionAt: number) => ({ source: 'spot', action: 'terminate', interruptionAt }) as const;

table('on a Spot interruption', [
  {
    when: 'it is DRAINING at once',
    seen: { signals: known([spot(NOW + 2 * MINUTE)]), containerInstance: known(active) },
    expect: { kind: 'set-draining', containerInstance: active },
  },
  {
    when: '30 s before, and DRAINING could not be set: ask what still runs to stop all the same',
    seen: { signals: known([spot(NOW + 30 * SECOND)]), containerInstance: known(active) },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'spot' },
  },
  {
    when: '30 s before, and StopTask fails: set DRAINING while that rests',
    seen: {
      signals: known([spot(NOW + 30 * SECOND)]),
      containerInstance: known(active),
      spotStopRestsUntil: NOW + 1,
    },
    expect: { kind: 'set-draining', containerInstance: active },
  },
  {
    when: '30 s before, and all are asked: set DRAINING',
    seen: {
      signals: known([spot(NOW + 30 * SECOND)]),
      containerInstance: known(active),
      memory: { ...drainingWithTask.memory, askedToStop: { [task.arn]: NOW } },
    },
    expect: { kind: 'set-draining', containerInstance: active },
  },
  {
    when: '31 s before: wait',
    seen: { signals: known([spot(NOW + 31 * SECOND)]) },
    expect: waitForTask,
  },
  {
    when: '30 s before: ask what still runs to stop',
    seen: { signals: known([tag, spot(NOW + 30 * SECOND)]) },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'spot' },
  },
  {
    when: '30 s before by the host’s clock, which was set five minutes forward meanwhile: ask them to stop',
    seen: {
      signals: known([spot(NOW + 5 * MINUTE + 30 * SECOND)]),
      wallNow: NOW + 5 * MINUTE,
    },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'spot' },
  },
  {
    when: '31 s before by the host’s clock, which was set back meanwhile: wait',
    seen: { signals: known([spot(NOW - HOUR + 31 * SECOND)]), wallNow: NOW - HOUR },
    expect: waitForTask,
  },
  {
    when: 'the host’s clock is an hour late: 90 s after the notice was seen, ask them to stop',
    seen: {
      signals: known([spot(NOW + HOUR)]),
      memory: { ...drainingWithTask.memory, spotSeenAt: NOW - 90 * SECOND },
    },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'spot' },
  },
  {
    when: '30 s before, with a task that ECS places on another container instance: that one is left alone',
    seen: {
      signals: known([spot(NOW + 30 * SECOND)]),
      tasks: known([{ ...task, arn: 'foreign', containerInstanceArn: `${arn}0` }, task]),
    },
    expect: { kind: 'stop-tasks', cluster: 'web', tasks: [task], why: 'spot' },
  },
  {
    when: '30 s before, with a task of which only the host tells: nobody asks it to stop',
    seen: {
      signals: known([spot(NOW + 30 * SECOND)]),
      tasks: known([hostOnly]),
    },
    expect: { kind: 'wait', why: { for: 'tasks', tasks: [hostOnly], pastTimeout: false } },
  },
  {
    when: '30 s before, with thirteen tasks that the drain does not wait for: all are asked to stop, however many',
    seen: {
      signals: known([spot(NOW + 30 * SECOND)]),
      tasks: known(many.slice(0, 13).map((one) => ({ ...one, family: 'monitor' }))),
    },
    with: ignoring,
    expect: {
      kind: 'stop-tasks',
      cluster: 'web',
      tasks: many.slice(0, 13).map((one) => ({ ...one, family: 'monitor' })),
      why: 'spot',
    },
  },
  {
    when: '30 s before, with the option off: wait',
    seen: { signals: known([spot(NOW + 30 * SECOND)]) },
    with: { spotStopTasks: false },
    expect: waitForTask,
  },
]);

describe('the heartbeat', () => {
  const beat = (seen: Partial<Observation>, changed: Partial<Policy> = {}) =>
    decide({ ...drainingWithTask, ...seen }, { ...policy, ...changed }).heartbeat;
  const due = { group: 'web-asg', hook: 'drain' };

  it('is due at once when none was recorded', () =>
    assert.deepEqual(beat({ lastHeartbeat: undefined }), due));
  it('is due a sixth of the time-out after the last one', () => {
    assert.deepEqual(beat({ lastHeartbeat: { at: NOW - 10 * MINUTE, outcome: 'recorded' } }), due);
  });
  it('is not due before', () => {
    assert.equal(beat({ lastHeartbeat: { at: NOW - 10 * MINUTE + 1, outcome: 'recorded' } }), undefined);
  });
  it('is tried again sooner after a failure', () => {
    assert.deepEqual(beat({ lastHeartbeat: { at: NOW - MINUTE, outcome: 'failed' } }), due);
  });
  it('goes on while the signals, the tasks and the group’s state are unknown', () => {
    const unknowns = { signals: unknown(''), tasks: unknown(''), lifecycle: unknown(''), hooks: unknown('') };
    assert.deepEqual(beat({ ...unknowns, lastHeartbeat: undefined }), due);
  });
  it('ends when the signal is gone, and the group keeps the instance', () => {
    assert.equal(beat({ ...withdrawn, lastHeartbeat: undefined }), undefined);
  });
  it('goes on without a signal while the hook waits, or was last known to', () => {
    const gone = { signals: known([]), lastHeartbeat: undefined };
    assert.deepEqual(beat(gone), due, 'the hook times out with its tasks');
    assert.deepEqual(beat({ ...gone, lifecycle: unknown('') }), due, 'the hook times out with its tasks');
  });
  it('ends when the action is completed', () => {
    assert.equal(
      beat({ lastHeartbeat: undefined, memory: { ...drainingWithTask.memory, completed } }),
      undefined,
    );
  });
  it('is never recorded for a hook that may not be ours', () => {
    const memory = { signalledAt: NOW - MINUTE };
    assert.equal(beat({ lastHeartbeat: undefined, hooks: known([hook, otherHook]), memory }), undefined);
    assert.equal(beat({ lastHeartbeat: undefined, hooks: known([managedHook]) }), undefined);
  });
  it('is not recorded while nothing waits', () => {
    assert.equal(beat({ lastHeartbeat: undefined, lifecycle: inState('Terminating') }), undefined);
    assert.equal(beat({ lastHeartbeat: undefined, lifecycle: inState('Terminating:Retained') }), undefined);
  });
  it('is not recorded for an identity that changed', () => {
    assert.equal(beat({ lastHeartbeat: undefined, identity: 'changed' }), undefined);
  });
  it('is left out where the action is completed at once, and goes on where that is held up', () => {
    assert.equal(decide({ ...drained, lastHeartbeat: undefined }, policy).heartbeat, undefined);
    const late = { ...drained, now: NOW + 10 * MINUTE, wallNow: NOW + 10 * MINUTE };
    assert.deepEqual(decide({ ...late, lastHeartbeat: undefined }, policy).heartbeat, due);
    assert.deepEqual(
      decide(late, policy).heartbeat,
      due,
      'the hook would time out while AWS does not answer',
    );
  });
  it('goes on after a restart, though the group does not say which hooks it has', () => {
    assert.deepEqual(beat({ lastHeartbeat: undefined, hooks: unknown('throttled') }), due);
  });
  it('goes on for the hook that was ours when another is added beside it', () => {
    assert.deepEqual(beat({ lastHeartbeat: undefined, hooks: known([otherHook, hook]) }), due);
  });

  it('that failed is tried once more 2 s before the time-out, and at its own pace after that', () => {
    const short: Hook = { name: 'drain', heartbeatTimeout: 30 * SECOND, globalTimeout: 50 * MINUTE };
    const failed = (at: number): Partial<Observation> => ({
      hooks: known([short]),
      lastHeartbeat: { at: NOW - at, outcome: 'failed', recordedAt: NOW - 28 * SECOND },
    });

    assert.deepEqual(beat(failed(2 * SECOND)), due);
    assert.equal(beat({ ...failed(2 * SECOND), now: NOW - 1 }), undefined);
    assert.equal(beat(failed(0)), undefined);
    assert.deepEqual(beat(failed(5 * SECOND)), due);
  });
  it('that is not due yet is announced', () => {
    const seen = { lastHeartbeat: { at: NOW - MINUTE, outcome: 'recorded' } } as const;
    assert.equal(decide({ ...drainingWithTask, ...seen }, policy).nextHeartbeatAt, NOW + 9 * MINUTE);
  });
  const timeouts: [seconds: number, interval: number, retry: number][] = [
    [30, 6, 5],
    [60, 13.5, 5],
    [600, 148.5, 50],
    [3_600, 600, 60],
    [7_200, 600, 60],
  ];
  for (const [seconds, interval, retry] of timeouts) {
    it(`with a time-out of ${seconds} s comes every ${interval} s, after a failure every ${retry} s`, () => {
      const ours: Hook = { name: 'drain', heartbeatTimeout: seconds * SECOND, globalTimeout: undefined };
      assert.equal(heartbeatInterval(ours), interval * SECOND);
      assert.equal(heartbeatRetry(ours), retry * SECOND);
    });
  }
});

describe('an instance that is empty and still in service', () => {
  const inService = { ...drained, lifecycle: inState('InService') };
  const rebalance = { source: 'rebalance', noticeAt: NOW } as const;
  it('waits for its hook once the group was asked to terminate it', () =>
    assert.deepEqual(decide({ ...inService, memory: { terminatedAt: NOW } }, policy).action, {
      kind: 'wait',
      why: { for: 'hook' },
    }));
  it('is terminated by a rebalance recommendation beside another signal, where that is wanted', () => {
    const signals = known([tag, rebalance]);
    const wanted = { ...policy, rebalanceTerminate: true };
    assert.deepEqual(decide({ ...inService, signals }, wanted).action, {
      kind: 'terminate',
      why: 'rebalance',
    });
    assert.deepEqual(decide({ ...inService, signals }, policy).action, { kind: 'done', why: 'maintenance' });
    assert.deepEqual(decide(inService, wanted).action, { kind: 'done', why: 'maintenance' });
    const silent = {
      ...inService,
      memory: { ...inService.memory, signals: [tag, rebalance] },
      silentSignals: { rebalance: 'IMDS is silent' },
    };
    assert.deepEqual(
      decide(silent, wanted).action,
      { kind: 'done', why: 'maintenance' },
      'what was said before ends it, which cannot be undone',
    );
  });
});

it('nothing begins while neither metadata nor the group says anything', () => {
  const silent = { ...watching, signals: unknown('silent') };
  assert.deepEqual(decide(silent, policy).action, { kind: 'watch' });
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of programs
/** One deliberate bug: exact texts in the files below src/, and what stands there instead. */
export type Mutant = {
  readonly name: string;
  readonly edits: readonly (readonly [file: string, before: string, after: string])[];
};

/**
 * Bugs of the kind that programs of this sort have had. The simulation must find every one of them: one that it does
 * not find shows a promise that nothing checks.
 */
export const mutants: readonly Mutant[] = [
  {
    name: 'takes an unknown list of tasks for an empty one',
    edits: [
      [
        'agent/decide/decide.ts',
        "if (observed.tasks.kind === 'unknown') return waitFor('task-list', observed.tasks);",
        "if (observed.tasks.kind === 'unknown') return containerInstance.kind === 'registered' ? { kind: 'deregister', containerInstance } : release(observed, policy);",
      ],
    ],
  },
  {
    name: 'counts tasks that run or are pending, not those on their way down',
    edits: [
      [
        'agent/observe/ecs-view.ts',
        "return found.filter(({ lastStatus }) => lastStatus !== 'STOPPED');",
        "return found.filter(({ lastStatus }) => lastStatus === 'RUNNING' || lastStatus === 'PENDING');",
      ],
    ],
  },
  {
    name: 'forgets the tasks that were left when the instance was deregistered',
    edits: [
      [
        'agent/observe/ecs-view.ts',
        'const tasks = await stillThere(cluster, status.value === MISSING ? undefined : arn, last, alsoAsk);',
        'const tasks: Task[] = [];',
      ],
    ],
  },
  {
    name: 'lists the tasks that should run only',
    edits: [['aws/ecs.ts', "['RUNNING', 'STOPPED'] as const", "['RUNNING'] as const"]],
  },
  { name: 'deregisters by force', edits: [['aws/ecs.ts', 'force: false', 'force: true']] },
  {
    name: 'lets the instance go before it is deregistered',
    edits: [
      [
        'agent/decide/decide.ts',
        "if (containerInstance.kind === 'registered') return { kind: 'deregister', containerInstance };\n  return release(",
        'return release(',
      ],
    ],
  },
  {
    name: 'lists the first page only',
    edits: [
      [
        'aws/ecs.ts',
        'nextToken = answer.nextToken || undefined;\n          requests++;',
        'nextToken = undefined;\n          requests++;',
      ],
    ],
  },
  {
    name: 'takes the first container instance of the cluster for its own',
    edits: [
      ['aws/ecs.ts', 'const filter = `ec2InstanceId == ${instanceId}`;', 'const filter = undefined;'],
      ['agent/observe/ecs-view.ts', 'others.length > 0', '(false as boolean)'],
      ['agent/observe/ecs-view.ts', 'described.ec2InstanceId === instanceId', '(true as boolean)'],
    ],
  },
  {
    name: 'acts on signals without asking again whose they are',
    edits: [['agent/loop.ts', 'sources.identity.invalidate();', '']],
  },
  {
    name: 'sends heartbeats on after it has completed the action',
    edits: [
      [
        'agent/decide/decide.ts',
        "observed.identity === 'changed' || isCompleted(memory)) return undefined;",
        "observed.identity === 'changed') return undefined;",
      ],
      [
        'agent/decide/decide.ts',
        "isCompleted(observed.memory) || groupState(observed) !== 'Terminating:Wait'",
        "groupState(observed) !== 'Terminating:Wait'",
      ],
    ],
  },
  {
    name: 'sends its heartbeats too late',
    edits: [['agent/decide/decide.ts', 'Math.min(timeoutOf(hook) / 6, 600_000)', 'timeoutOf(hook) * 0.98']],
  },
  {
    name: 'waits an hour after a heartbeat that failed',
    edits: [
      [
        'agent/decide/decide.ts',
        'const next = last.at + heartbeatRetry(hook);',
        'return last.at + 3_600_000;\n      const next = 0;',
      ],
    ],
  },
  {
    name: 'takes silence of the instance metadata for "not there"',
    edits: [
      [
        'aws/imds.ts',
        'return unknown(`asking IMDS for ${path}: ${messageOf(error)}`);',
        'return known(undefined);',
      ],
    ],
  },
  {
    name: 'never asks for a new session token',
    edits: [['aws/imds.ts', 'if (response.status === 401) {', 'if (false as boolean) {']],
  },
  {
    name: 'takes the hook of ECS managed draining for its own',
    edits: [
      [
        'agent/decide/lifecycle-hook.ts',
        'hooks.value.filter(({ name }) => name !== MANAGED_DRAINING_HOOK)',
        'hooks.value',
      ],
    ],
  },
  {
    name: 'completes the first hook of several',
    edits: [
      [
        'agent/decide/lifecycle-hook.ts',
        "others.length === 0 ? { kind: 'ours', hook: only } : { kind: 'ambiguous', names }",
        "{ kind: 'ours', hook: only }",
      ],
    ],
  },
  {
    name: 'sets ACTIVE what somebody else has set DRAINING',
    edits: [
      ['agent/decide/decide.ts', "if (memory.drainingSetAt === undefined) return { kind: 'watch' };", ''],
    ],
  },
  {
    name: 'does not give the instance back when the drain is cancelled',
    edits: [
      [
        'agent/decide/decide.ts',
        "if (memory.drainingSetAt === undefined) return { kind: 'watch' };",
        "return { kind: 'watch' };",
      ],
    ],
  },
  {
    name: 'remembers its own DRAINING only once the call has been answered',
    edits: [
      [
        'agent/act/deeds.ts',
        'recall({ ...before, drainingSetAt: clock.now() });\n      unsureBefore',
        'unsureBefore',
      ],
      [
        'agent/act/learn.ts',
        "    case 'set-draining':\n",
        "    case 'set-draining':\n      recall({ ...memory(), drainingSetAt: clock.now() });\n",
      ],
    ],
  },
  {
    name: 'writes its state file in place',
    edits: [
      ['base/files.ts', 'const temporary = `${path}.new`;', 'const temporary = path;'],
      ['base/files.ts', 'fs.renameSync(temporary, path);', ''],
    ],
  },
  {
    name: 'renames its state file before it is on the disk',
    edits: [['base/files.ts', '      if (durable) fs.fsyncSync(file);\n', '']],
  },
  {
    name: 'asks as often as it likes',
    edits: [['aws/budget.ts', 'export const REQUESTS = 12;', 'export const REQUESTS = 12_000;']],
  },
  {
    name: 'retries at once, and without end',
    edits: [
      ['aws/call.ts', 'attempts = 1,', 'attempts = 1_000,'],
      [
        'aws/call.ts',
        'if (!urgent) await budget.take(operation, stop);',
        'if (attempt === 1) await budget.take(operation, stop);',
      ],
    ],
  },
  {
    name: 'does not set DRAINING again when somebody set ACTIVE',
    edits: [
      [
        'agent/decide/decide.ts',
        "containerInstance.status === 'ACTIVE' &&",
        "containerInstance.status === 'ACTIVE' && observed.memory.drainingSetAt === undefined &&",
      ],
    ],
  },
  {
    name: 'takes one silent source of signals for one without a signal',
    edits: [['signals/read-signals.ts', 'present.length > 0 || silent.length === 0', 'true']],
  },
  {
    name: 'takes the value "false" for a signal',
    edits: [
      [
        'signals/tag.ts',
        "value === undefined || value.trim().toLowerCase() === 'false'",
        'value === undefined',
      ],
    ],
  },
  {
    name: 'looks at ECS at rest',
    edits: [['agent/observe/polls.ts', "if (phase === 'watching') return always;", '']],
  },
  {
    name: 'stops the tasks long before the limit',
    edits: [
      [
        'agent/decide/decide.ts',
        'return deadline !== undefined && observed.now >= deadline;',
        'return deadline !== undefined;',
      ],
    ],
  },
  {
    name: 'lets tasks go at a limit at which it was to wait',
    edits: [
      [
        'agent/decide/decide.ts',
        "if (policy.onTimeout === 'continue') {",
        "if (policy.onTimeout !== 'stop-tasks') {",
      ],
    ],
  },
  {
    name: 'abandons in groups that do not retain',
    edits: [
      [
        'agent/decide/decide.ts',
        'if (!ifKnown(observed.retainsAbandoned) || isEmpty) return undefined;',
        'if (isEmpty) return undefined;',
      ],
    ],
  },
  {
    name: 'lets the instance go by what it saw before it waited for its hook',
    edits: [['agent/decide/freshness.ts', 'if (!letsGo(deed)) return undefined;', 'return undefined;']],
  },
  {
    name: 'goes round and round without a pause',
    edits: [['agent/loop.ts', 'await alarm.sleep(Math.max(0, wakeAt - now), stop);', 'await undefined;']],
  },
  {
    name: 'goes by a clock that can be set',
    edits: [
      ['agent/loop.ts', 'const clock = steady(ports.clock);', 'const { clock } = ports;'],
      ['agent/start.ts', 'const clock = steady(world.clock);', 'const { clock } = world;'],
    ],
  },
  {
    name: 'gives a call that failed no second chance',
    edits: [
      [
        'agent/act/deeds.ts',
        'rest(deed.kind, Math.max(restAfter(error.kind, failures), 1_000));',
        'rest(deed.kind, 86_400_000);',
      ],
    ],
  },
];

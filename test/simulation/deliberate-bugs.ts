// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of programs
import type { Memory } from '../../src/agent/model.ts';
import type { Edit } from './edit-by-name.ts';

/** One deliberate bug of the agent. */
export type Mutant = {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** It shows only in what is drawn rarely: force, lies, lags. */
  readonly isRare?: boolean;
  /** The search for it begins with this seed, where today's draws show it: from the first one that takes minutes. */
  readonly from?: number;
};

/** A Spot notice from before the host stood still is kept. */
const keepsNotice: Edit = {
  within: 'createDrain',
  replace: "signals?.some(({ source }) => source === 'spot')",
  by: '(false as boolean)',
};

/**
 * Bugs of the kind that programs of this sort have had. The simulation must find every one of them: one that it does
 * not find shows a promise that nothing checks.
 */
export const mutants: readonly Mutant[] = [
  {
    name: 'takes an unknown list of tasks for an empty one',
    edits: [
      {
        around: 'decide',
        by: `(decide) => (observed, policy) =>
          decide(observed.tasks.kind === 'unknown' ? { ...observed, tasks: { kind: 'known', value: [] } } : observed, policy)`,
      },
    ],
  },
  {
    name: 'counts tasks that run or are pending, not those on their way down',
    edits: [
      {
        within: 'describeLeft',
        replace: '...found.filter((task) => !hasEnded(task) && isHere(task)),',
        by: "...found.filter((task) => task.lastStatus === 'RUNNING' || task.lastStatus === 'PENDING'),",
      },
    ],
  },
  {
    name: 'forgets the tasks that were left when the instance was deregistered',
    edits: [
      { around: 'stillThere', by: '() => async () => []' },
      {
        within: 'deregistered',
        replace: "const left = tasksLeft.kind === 'known' ? tasksLeft.value : [];",
        by: 'const left: never[] = [];',
      },
    ],
    from: 249,
  },
  {
    name: 'lists the tasks that should run only',
    edits: [{ within: 'listTasks', replace: "await list('STOPPED');", by: '' }],
  },
  {
    name: 'deregisters by force',
    edits: [{ within: 'deregister', replace: 'force: false', by: 'force: true' }],
  },
  {
    name: 'lets the instance go before it is deregistered',
    edits: [
      {
        within: 'nextAction',
        replace: 'return leaveCluster(observed, policy, containerInstance);',
        by: '',
      },
    ],
  },
  {
    name: 'lists the first page only',
    edits: [
      {
        within: 'readPages',
        replace: 'pages.nextToken = page.nextToken || undefined;',
        by: 'pages.nextToken = undefined;',
      },
    ],
  },
  {
    name: 'takes the first container instance of the cluster for its own',
    edits: [
      {
        within: 'find',
        replace: 'const filter = `ec2InstanceId == ${instanceId}`;',
        by: 'const filter = undefined;',
      },
      { within: 'pick', replace: 'one && others.length === 0', by: 'one' },
      { within: 'createRound', replace: 'one.ec2InstanceId !== instanceId', by: '(false as boolean)' },
    ],
  },
  {
    name: 'cannot tell several container instances apart that ECS calls connected',
    isRare: true,
    edits: [
      {
        within: 'pick',
        replace: 'latestOf(connected.length > 0 ? connected : registered)',
        by: 'connected.length > 0 ? connected : latestOf(registered)',
      },
    ],
    from: 805,
  },
  {
    name: 'acts on signals without asking again whose they are',
    edits: [
      {
        around: 'outdated',
        by: "(outdated) => (...given) => outdated(...given).filter((one) => one !== 'identity')",
      },
    ],
    from: 3926,
  },
  {
    name: 'sends heartbeats on after it has completed the action',
    edits: [
      {
        around: 'nextHeartbeat',
        by: `(next) => (observed, policy, action) => {
          const { completed, ...memory } = observed.memory;
          return next({ ...observed, memory }, policy, action);
        }`,
      },
    ],
  },
  {
    name: 'sends its heartbeats too late',
    edits: [{ around: 'heartbeatInterval', by: '() => (hook) => (hook.heartbeatTimeout ?? 30_000) * 0.98' }],
    from: 203,
  },
  {
    name: 'waits an hour after a heartbeat that failed',
    edits: [
      { around: 'heartbeatRetry', by: '() => () => 3_600_000' },
      { within: 'afterHeartbeat', replace: 'last.at < lastTry ? Math.min(next, lastTry) : next', by: 'next' },
    ],
    from: 203,
  },
  {
    name: 'takes silence of the instance metadata for "not there"',
    edits: [
      {
        within: 'get',
        replace: 'return unknown(`asking IMDS for ${path}: ${messageOf(error)}`);',
        by: 'return known(undefined);',
      },
    ],
    from: 1903,
  },
  {
    name: 'never asks for a new session token',
    edits: [{ within: 'get', replace: 'if (response.status === 401) {', by: 'if (false as boolean) {' }],
    from: 496,
  },
  {
    name: 'takes the hook of ECS managed draining for its own',
    edits: [
      {
        within: 'chooseHook',
        replace: 'hooks.value.filter(({ name }) => name !== MANAGED_DRAINING_HOOK)',
        by: 'hooks.value',
      },
    ],
  },
  {
    name: 'completes the first hook of several',
    edits: [
      {
        within: 'chooseHook',
        replace: 'others.length === 0 ? only : before && named(before.name)',
        by: 'only',
      },
    ],
    from: 149,
  },
  {
    name: 'sets ACTIVE what somebody else has set DRAINING',
    edits: [
      {
        within: 'cancelled',
        replace: "if (!isOurs) return { kind: 'watch' };",
        by: '',
      },
      {
        within: 'isDrainingOurs',
        replace: 'drainingSetAt !== undefined && (drainingSetOn ?? arn) === arn',
        by: '(true as boolean)',
      },
    ],
  },
  {
    name: 'does not give the instance back when the drain is cancelled',
    edits: [{ around: 'cancelled', by: "() => () => ({ kind: 'watch' })" }],
  },
  {
    name: 'remembers its own DRAINING only once the call has been answered',
    edits: [
      { around: 'beginMutation', by: '() => (state) => state' },
      {
        around: 'settle',
        by: `(settle) => (state, mutation, outcome, before, context) => {
          if (mutation.kind !== 'set-draining' || outcome.kind !== 'done') return settle(state, mutation, outcome, before, context);
          const memory = { ...state.memory, drainingSetAt: context.now };
          return settle({ ...state, memory }, mutation, outcome, before, context);
        }`,
      },
    ],
    from: 4627,
  },
  {
    name: 'writes its state file in place',
    edits: [
      { within: 'replaceFile', replace: 'const temporary = `${path}.new`;', by: 'const temporary = path;' },
      { within: 'replaceFile', replace: 'fs.renameSync(temporary, path);', by: '' },
    ],
  },
  {
    name: 'puts only the name of its state file on the disk',
    edits: [
      {
        within: 'createFileStore',
        replace: 'await putOnDisk(latest, fs)',
        by: 'true',
      },
    ],
    from: 1795,
  },
  {
    name: 'forgets over a restart what is not on the disk itself yet',
    edits: [
      {
        within: 'createFileStore',
        replace: 'const state = read(latest, fs);',
        by: 'const state = undefined;',
      },
    ],
    isRare: true,
    from: 74_000_900,
  },
  {
    name: 'leaves a drain that is over in its state file when the disk is full',
    edits: [{ within: 'createKept', replace: '      removePast(now);', by: '' }],
    isRare: true,
    from: 110,
  },
  {
    name: 'takes a whole look at ECS each time before it lets go of a host whose root volume is replaced',
    edits: [
      { within: 'usualViewKind', replace: "isJustListed(pace, last) ? 'confirm' : 'full'", by: "'full'" },
    ],
    isRare: true,
    from: 1678,
  },
  {
    name: 'ignores a short write',
    edits: [
      { within: 'writeAll', replace: 'while (written < bytes.length) {', by: 'while (written === 0) {' },
      { within: 'writeAll', replace: 'if (count <= 0)', by: 'if (count < 0)' },
    ],
    isRare: true,
    from: 192,
  },
  {
    name: 'asks as often as it likes',
    edits: [{ within: 'REQUESTS', replace: '12', by: '12_000' }],
  },
  {
    name: 'retries at once, and without end',
    edits: [
      { within: 'createCaller', replace: 'attempts = 1,', by: 'attempts = 1_000,' },
      {
        within: 'createCaller',
        replace: 'if (!urgent) await budget.take(operation, ended);',
        by: 'if (attempt === 1) await budget.take(operation, ended);',
      },
    ],
  },
  {
    name: 'does not set DRAINING again when somebody set ACTIVE',
    edits: [
      {
        within: 'nextAction',
        replace: "isActive(containerInstance) && policy.mode === 'drain'",
        by: "isActive(containerInstance) && policy.mode === 'drain' && memory.drainingSetAt === undefined",
      },
    ],
  },
  {
    name: 'takes one silent source of signals for one without a signal',
    from: 3001,
    edits: [{ within: 'readSignals', replace: 'silent.length === 0', by: 'true' }],
  },
  {
    name: 'takes the tag of an event that is over, left out, for all sources without a signal',
    edits: [{ within: 'withoutTag', replace: '...(silent && { silent }),', by: '' }],
    isRare: true,
    from: 2332,
  },
  {
    name: 'takes the value "false" for a signal',
    edits: [
      {
        within: 'toSignal',
        replace: "value === undefined || value.trim().toLowerCase() === 'false'",
        by: 'value === undefined',
      },
    ],
  },
  {
    name: 'looks at ECS at rest',
    edits: [
      {
        within: 'runAgent',
        replace: 'Object.keys(ports.memory).length > 0 ? openDrain(ports.memory) : undefined',
        by: 'openDrain(ports.memory)',
      },
      { within: 'askDue', replace: "if (phase === 'watching') return Infinity;", by: '' },
    ],
  },
  {
    name: 'stops the tasks long before the limit',
    edits: [{ around: 'pastTimeout', by: '() => (_, policy) => policy.drainTimeout !== undefined' }],
  },
  {
    name: 'lets tasks go at a limit at which it was to wait',
    edits: [
      {
        around: 'atLimit',
        by: `(atLimit) => (observed, policy, ...rest) =>
          atLimit(observed, policy.onTimeout === 'wait' ? { ...policy, onTimeout: 'continue' } : policy, ...rest)`,
      },
    ],
  },
  {
    name: 'forgets the limit at which it was to ask the tasks to stop',
    edits: [
      {
        around: 'atLimit',
        by: "(atLimit) => (observed, policy, ...rest) => atLimit(observed, policy.onTimeout === 'stop-tasks' ? { ...policy, onTimeout: 'wait' } : policy, ...rest)",
      },
    ],
    from: 111,
  },
  {
    name: 'asks the tasks to stop when a Spot interruption has come',
    edits: [{ within: 'SPOT_STOP_TASKS_MS', replace: '30_000', by: '5_000' }],
    from: 216,
  },
  {
    name: 'abandons in groups that do not retain',
    edits: [
      {
        within: 'beyondHookLimit',
        replace:
          'if (!ifKnown(observed.retainsAbandoned) || isInterruptionNear(observed, policy)) return undefined;',
        by: 'if (isInterruptionNear(observed, policy)) return undefined;',
      },
    ],
    from: 1862,
  },
  {
    name: 'abandons as soon as it waits',
    edits: [{ within: 'ABANDON_BEFORE_LIMIT_MS', replace: '5 * 60_000', by: '48 * 3_600_000' }],
  },
  {
    name: 'lets the instance go by what it saw before it waited for its hook',
    isRare: true,
    edits: [
      {
        around: 'outdated',
        by: "(outdated) => (mutation, seen) => mutation.kind === 'complete' || mutation.kind === 'terminate' ? [] : outdated(mutation, seen)",
      },
    ],
  },
  {
    name: 'goes round and round without a pause',
    edits: [
      {
        within: 'runAgent',
        replace: 'await wakeup.sleep(Math.max(0, wakeAt - now));',
        by: 'await undefined;',
      },
    ],
  },
  {
    name: 'goes by a clock that can be set',
    edits: [{ around: 'steady', by: '() => (clock) => clock' }],
  },
  {
    name: 'takes an announced wall-clock time for its steady clock’s',
    edits: [
      {
        within: 'interruptionAt',
        replace: 'earlier(onAgentClock(spot.interruptionAt, observed), noticedAt + SPOT_NOTICE_MS)',
        by: 'spot.interruptionAt',
      },
    ],
    isRare: true,
    from: 112,
  },
  {
    name: 'gives a call that failed no second chance',
    edits: [
      {
        within: 'failed',
        replace: "Math.max(restAfter(failure, 'release'), shortestRest(failures) * (1 + jitter * 0.2))",
        by: '86_400_000',
      },
    ],
  },
  {
    name: 'believes one MISSING',
    edits: [
      {
        within: 'whereNotRegistered',
        replace: 'if (late !== undefined)',
        by: 'if (false as boolean)',
      },
      {
        within: 'whereNotRegistered',
        replace: 'const refuted = absent(claimed, round);',
        by: `if (said && round.missing.has(said.containerInstanceArn))
          return known({ kind: 'gone', cluster: said.cluster, arn: said.containerInstanceArn, isForgotten: true });
        const refuted = absent(claimed, round);`,
      },
    ],
    isRare: true,
    from: 3237,
  },
  {
    name: 'believes one MISSING after a restart, or in a drain that begins right after another',
    edits: [
      {
        within: 'mayLag',
        replace: 'if (!at) return before !== undefined && now() - before.since < LAG_MS;',
        by: 'if (!at) return false;',
      },
    ],
    isRare: true,
    from: 822,
  },
  {
    name: 'drops a task when ECS calls it gone though the host says RUNNING',
    edits: [
      {
        within: 'tasksOn',
        replace: '!listed.has(task.arn) && (!gone.has(task.arn) || (runs(task) && !ignored.has(task.arn)))',
        by: '!listed.has(task.arn) && !gone.has(task.arn)',
      },
    ],
    isRare: true,
  },
  {
    name: 'stops tasks of other hosts',
    edits: [
      {
        within: 'stopTasks',
        replace: '.filter(({ containerInstanceArn }) => containerInstanceArn === arn)',
        by: '',
      },
      {
        within: 'describeLeft',
        replace: '!hasEnded(task) && isHere(task)',
        by: '!hasEnded(task)',
      },
    ],
    isRare: true,
  },
  {
    name: 'asks the tasks that it is not to wait for to stop while others still work',
    edits: [{ within: 'stopIgnored', replace: 'tasks.every(', by: 'tasks.some(' }],
    isRare: true,
  },
  {
    name: 'lets the instance go with the tasks that it is not to wait for',
    edits: [
      {
        around: 'decide',
        by: `(decide) => (observed, policy) => {
          const { tasks } = observed;
          const isIgnored = (task) => policy.ignoreTasks.some(({ by, name }) => task[by] === name);
          const left = tasks.kind === 'known' ? { kind: 'known', value: tasks.value.filter((task) => !isIgnored(task)) } : tasks;
          return decide({ ...observed, tasks: left }, policy);
        }`,
      },
    ],
    isRare: true,
  },
  {
    name: 'never asks the tasks that it is not to wait for to stop',
    edits: [{ around: 'stopIgnored', by: '() => () => undefined' }],
    isRare: true,
  },
  {
    name: 'deregisters a host that goes on after the event that EC2 has scheduled',
    edits: [{ around: 'outlastsEvent', by: '() => () => false' }],
    isRare: true,
    from: 294,
  },
  {
    name: 'drains for an event that EC2 has scheduled for weeks ahead',
    edits: [{ within: 'scheduledSignal', replace: 'event.notBefore - aheadMs <= wallNow()', by: 'true' }],
    isRare: true,
  },
  {
    name: 'takes what it learnt before the host was hibernated for new',
    edits: [
      { within: 'steady', replace: 'if (!uptime) return;', by: 'if (!uptime || (true as boolean)) return;' },
    ],
    isRare: true,
    from: 3097,
  },
  {
    name: 'forgets retention on a failed read',
    edits: [
      {
        within: 'createDrainPolls',
        replace: 'inGroup(autoScaling.retainsAbandoned)',
        by: 'inGroup((group) => autoScaling.retainsAbandoned(group).catch(() => false))',
      },
    ],
    isRare: true,
    from: 375,
  },
  {
    name: 'believes the tag’s unknown hook name',
    edits: [
      {
        within: 'chooseHook',
        replace: 'if (byTag) return',
        by: "if (wantedByTag !== undefined && !byTag) return { kind: 'missing', wanted: wantedByTag, names };\n  if (byTag) return",
      },
    ],
    isRare: true,
    from: 1225,
  },
  {
    name: 'deregisters an instance whose root volume is replaced, as if it went',
    edits: [
      {
        within: 'leaveCluster',
        replace: "leavingGroup(observed)?.aim === 'root-volume'",
        by: '(false as boolean)',
      },
    ],
    isRare: true,
  },
  {
    name: 'deregisters for the group’s sake though the group cannot be heard',
    edits: [{ within: 'leaveCluster', replace: "lifecycle.kind === 'unknown'", by: '(false as boolean)' }],
    isRare: true,
  },
  {
    name: 'knows no lifecycle hook that waits in a warm pool, or for a root volume',
    edits: [
      {
        around: 'leaving',
        by: `(leaving) => (state) => (state.startsWith('Terminat') ? leaving(state) : undefined)`,
      },
    ],
    isRare: true,
  },
  {
    name: 'does not see in metadata that an instance of a warm pool is terminated',
    edits: [{ within: 'LEAVING_STATES', replace: "'Warmed:Terminated',", by: '' }],
    isRare: true,
    from: 470,
  },
  {
    name: 'drains once more for the tag of a lifecycle event that is over',
    edits: [{ around: 'pastEvent', by: '() => () => undefined' }],
    isRare: true,
  },
  {
    name: 'takes what the group said before a lifecycle event for its word on that event',
    edits: [
      { within: 'createDrain', replace: 'tagSince: ports.tagSince,', by: 'tagSince: () => -Infinity,' },
    ],
    isRare: true,
    from: 493,
  },
  {
    name: 'gives an instance back that its group terminates, once nothing else says so',
    edits: [
      {
        within: 'demand',
        replace: "if (terminationDecided(observed)) return 'signalled';",
        by: "if (signals.kind === 'unknown' && terminationDecided(observed)) return 'signalled';",
      },
    ],
    isRare: true,
  },
  {
    name: 'gives an instance back as soon as metadata tells nothing of its termination any more',
    edits: [{ within: 'demand', replace: "mayBeLeaving ? 'unheard' : 'withdrawn'", by: "'withdrawn'" }],
    isRare: true,
    from: 2917,
  },
  {
    name: 'gives an instance back that its group terminates on one answer that says otherwise',
    from: 1801,
    edits: [
      {
        within: 'isTakenBackLately',
        replace: 'askedAt - takenBackSince < KEPT_MS',
        by: 'askedAt - takenBackSince < 0',
      },
    ],
    isRare: true,
  },
  {
    name: 'deregisters at once for an operator, though the group cannot be heard',
    edits: [{ within: 'leaveCluster', replace: '|| isPatient;', by: ';' }],
    isRare: true,
    from: 311,
  },
  {
    name: 'gives an instance back on what its group said before the signal went',
    edits: [{ within: 'outdated', replace: "mutation.kind === 'set-active' ||", by: '' }],
    isRare: true,
    from: 6712,
  },
  {
    name: 'asks tasks to stop for a Spot interruption on what ECS said minutes ago',
    from: 572_701,
    edits: [{ within: 'LATELY_PLACED_MS', replace: '120_000', by: 'Infinity' }],
    isRare: true,
  },
  {
    name: 'deregisters an ACTIVE container instance by a look that it began minutes ago',
    from: 301,
    edits: [{ within: 'RESUME_ACTIVE_MS', replace: '120_000', by: '600_000' }],
    isRare: true,
  },
  {
    name: 'asks only every five minutes whether a replacement has become a termination',
    from: 1101,
    edits: [
      {
        within: 'turnedInterval',
        replace: 'Math.min(DONE_MS, Math.max(TURNED_MS, heartbeatInterval))',
        by: '300_000',
      },
    ],
    isRare: true,
  },
  {
    name: 'takes what the group said for a drain that was cancelled for its word on the next one',
    from: 3901,
    edits: [
      {
        within: 'remember',
        replace: 'if (next.signals && next.signals !== signals) noteChange();',
        by: 'if (signals && next.signals && next.signals !== signals) noteChange();',
      },
    ],
    isRare: true,
  },
  {
    name: 'takes what it completed for a root volume for the termination that follows',
    from: 801,
    edits: [
      {
        within: 'remember',
        replace: 'const isTurned = memory.isReplacing === true && !isReplacing;',
        by: 'const isTurned = (false as boolean) && !isReplacing;',
      },
    ],
    isRare: true,
  },
  {
    name: "takes metadata's word for the end of a root volume's replacement",
    from: 96_730_589,
    edits: [{ within: 'replaces', replace: ' || isAssumed(group)', by: '' }],
    isRare: true,
  },
  {
    name: 'has the root volume replaced of a host that may just have registered anew',
    edits: [
      {
        within: 'createLocate',
        replace: 'return other !== one && isLater',
        by: 'return (false as boolean) && isLater',
      },
    ],
    isRare: true,
    from: 7977,
  },
  {
    name: 'abandons the replacement of a root volume near its hook’s limit',
    edits: [
      {
        within: 'abandon',
        replace: "leavingGroup(observed)?.aim !== 'termination'",
        by: '(false as boolean)',
      },
    ],
    isRare: true,
    from: 467,
  },
  {
    name: 'lets an instance go by what metadata says of its group',
    edits: [{ within: 'isAssumed', replace: 'lifecycle.from !== undefined', by: '(false as boolean)' }],
    from: 877,
  },
  {
    name: 'checks ECS every five minutes, whether tasks run here or not',
    edits: [
      {
        within: 'dueByItself',
        replace: 'if (emptySince !== undefined)',
        by: 'if (emptySince !== undefined && (false as boolean))',
      },
    ],
  },
  {
    name: 'looks at ECS for a drain that is over as for any other',
    edits: [{ around: 'isOver', by: '() => () => false' }],
    isRare: true,
    from: 452,
  },
  {
    name: 'takes DRAINING that it never sent for its own',
    edits: [{ within: 'SURELY_NOT', replace: "'unsent',", by: '' }],
    isRare: true,
    from: 414,
  },
  {
    name: 'asks a whole batch of tasks to stop again where one could not be asked',
    edits: [
      {
        within: 'createCalls',
        replace: "asked.length > 0 ? { kind: 'partly', asked, error, refused }",
        by: "(false as boolean) ? { kind: 'partly', asked, error, refused }",
      },
    ],
    isRare: true,
    from: 397,
  },
  {
    name: 'runs an operator’s hook beside that of the drain before',
    edits: [{ within: 'createHookStages', replace: 'if (before) await before;', by: '' }],
    isRare: true,
    from: 414,
  },
  {
    name: 'still sends what waited when metadata became another’s',
    edits: [
      {
        within: 'isStillWanted',
        replace: "if (action.kind === 'refuse') return false;",
        by: '',
      },
    ],
    isRare: true,
    from: 443,
  },
  {
    name: 'asks the tasks to stop that it last heard of hours ago',
    edits: [{ around: 'isStopNear', by: '() => () => false' }],
    from: 752,
  },
  {
    name: 'lets nothing else happen while an abandon gets nowhere',
    edits: [{ within: 'abandon', replace: 'isCompletionResting(observed) ||', by: '' }],
    isRare: true,
  },
  {
    name: 'takes tasks that it could not tell for none once it has deregistered',
    edits: [{ within: 'deregistered', replace: "|| tasksLeft.kind === 'unknown'", by: '' }],
    isRare: true,
    from: 2981,
  },
  {
    name: 'counts the two minutes of a second Spot notice from the first',
    from: 401,
    edits: [
      { within: 'rememberSpot', replace: 'now >= spotSeenAt + SPOT_NOTICE_MS', by: '(false as boolean)' },
      keepsNotice,
    ],
    isRare: true,
  },
  {
    name: 'leaves the operator’s hooks out of a drain that begins before the last one was given back',
    from: 401,
    edits: [{ within: 'createDrain', replace: 'once.stages?.close();\n      once = beginOnce();', by: '' }],
    isRare: true,
  },
  {
    name: 'takes DRAINING for its own on whatever its host has become',
    from: 601,
    edits: [{ within: 'isDrainingOurs', replace: '(drainingSetOn ?? arn) === arn', by: '(true as boolean)' }],
    isRare: true,
  },
  {
    name: 'asks a group that keeps the instance every five minutes, however short its hook is',
    edits: [{ within: 'untoldInterval', replace: 'Math.min(needed, CHECK_MS)', by: 'CHECK_MS' }],
    isRare: true,
    from: 292,
  },
  {
    name: 'takes an empty list for the end of the tasks while the ECS agent has only just fallen silent',
    edits: [{ around: 'heldUntil', by: '() => () => -Infinity' }],
    isRare: true,
  },
  {
    name: 'takes a task that ECS lists for the one that it has counted, though that one has ended',
    from: 12901,
    edits: [
      {
        within: 'complete',
        replace: 'const { arns, requests } = listed;',
        by: 'const { arns, requests } = listed; if (arns.length > 0) unlisted = 0;',
      },
    ],
    isRare: true,
  },
  {
    name: 'forgets with the process before that this one may have been told of tasks',
    from: 81001,
    edits: [{ within: 'createToldElsewhere', replace: 'isTakenUp ? now() : -Infinity', by: '-Infinity' }],
    isRare: true,
  },
  {
    name: 'never reads again of a hook that it knows',
    from: 401,
    edits: [{ within: 'sinceHeartbeat', replace: 'isDue ?', by: '(false as boolean) ?' }],
    isRare: true,
  },
  {
    name: 'takes the hook that begins to wait for what it was when the group began',
    from: 601,
    edits: [{ within: 'sinceWait', replace: 'isDue ?', by: '(false as boolean) ?' }],
    isRare: true,
  },
  {
    name: 'lets the hook time out before the root volume is replaced, where nothing asks for the instance any more',
    from: 451,
    edits: [{ around: 'holdsRootVolume', by: '() => () => false' }],
    isRare: true,
  },
  {
    name: 'counts a hook’s global limit from when it knows that the hook waits',
    from: 249,
    edits: [
      {
        within: 'mayWaitSince',
        replace: '[memory.signalledAt, keptAt, eventTime(observed)]',
        by: '[eventTime(observed)]',
      },
    ],
    isRare: true,
  },
  {
    name: 'asks no task to stop before an interruption while DRAINING cannot be set',
    from: 150,
    edits: [{ within: 'nextViewKind', replace: "? 'all' : kind", by: '? kind : kind' }],
    isRare: true,
  },
  {
    name: 'takes the tag of the wait before for that of this one',
    from: 234,
    edits: [
      { within: 'mayWaitSince', replace: 'if (heardAt !== undefined) return heardAt;', by: '' },
      { within: 'outdated', replace: 'if (isAbandoned &&', by: 'if ((false as boolean) &&' },
    ],
    isRare: true,
  },
  {
    name: 'never asks whether the group retains',
    from: 351,
    edits: [{ around: 'retentionDue', by: '() => () => Infinity' }],
    isRare: true,
  },
  {
    name: 'records no heartbeat where the tag is read with the EC2 API',
    from: 251,
    edits: [
      {
        around: 'nextHeartbeat',
        by: '(next) => (observed, policy, action) => policy.tagSource === "ec2" ? undefined : next(observed, policy, action)',
      },
    ],
  },
  {
    name: 'records no heartbeat where the signals are polled rarely',
    from: 401,
    edits: [
      {
        around: 'nextHeartbeat',
        by: '(next) => (observed, policy, action) => policy.pollInterval > 5000 ? undefined : next(observed, policy, action)',
      },
    ],
  },
  {
    name: 'lets go while an operator’s hook runs',
    edits: [
      {
        within: 'heldByHooks',
        replace: "const state = drainedHooks === 'held' ? 'failed' : 'running';",
        by: "if (drainedHooks === 'running') return undefined;\n  const state = drainedHooks === 'held' ? 'failed' : 'running';",
      },
    ],
    isRare: true,
  },
  {
    name: 'lets go though an operator’s hook failed that holds the instance',
    edits: [
      {
        within: 'heldByHooks',
        replace: "const state = drainedHooks === 'held' ? 'failed' : 'running';",
        by: "if (drainedHooks === 'held') return undefined;\n  const state = drainedHooks === 'held' ? 'failed' : 'running';",
      },
    ],
    isRare: true,
  },
  {
    name: 'terminates what an operator has only drained',
    edits: [{ within: 'mayTerminate', replace: "state === 'InService' &&", by: "state === 'InService' ||" }],
  },
  {
    name: 'sets a busy host DRAINING a minute late',
    edits: [
      {
        within: 'nextAction',
        replace: "if (isActive(containerInstance) && policy.mode === 'drain') {",
        by: "if (isActive(containerInstance) && policy.mode === 'drain' && observed.emptySince === undefined && observed.now - (memory.signalledAt ?? 0) < 65_000) return { kind: 'wait', why: { for: 'task-list', cause: 'later' } };\n  if (isActive(containerInstance) && policy.mode === 'drain') {",
      },
    ],
  },
  {
    name: 'lets an operator’s limit take effect a minute late',
    edits: [
      { within: 'pastTimeout', replace: 'observed.now >= deadline', by: 'observed.now >= deadline + 65_000' },
    ],
    isRare: true,
  },
  {
    name: 'asks the EC2 API for the tag every five seconds',
    edits: [{ within: 'EC2_INTERVAL_MS', replace: '15_000', by: '5_200' }],
  },
  {
    name: 'rests four minutes after each call that failed',
    edits: [
      {
        within: 'failed',
        replace: "Math.max(restAfter(failure, 'release'), shortestRest(failures) * (1 + jitter * 0.2))",
        by: '240_000',
      },
    ],
  },
  {
    name: 'forgets a Spot notice whose source falls silent while another one is heard',
    from: 61,
    edits: [{ within: 'signalsOf', replace: '!silentSignals', by: '(true as boolean)' }],
    isRare: true,
  },
  {
    name: 'takes a Spot notice that is gone for one that is there, while another source is silent',
    from: 271,
    edits: [
      {
        within: 'rememberSpot',
        replace: 'return isOver ? rest',
        by: 'return isOver && observed.silentSignals === undefined ? rest',
      },
      keepsNotice,
    ],
    isRare: true,
  },
  {
    name: 'looks at the signals no more after five minutes of watching',
    from: 504,
    edits: [{ around: 'watchDue', by: blindAfter('watching', '330_000') }],
    isRare: true,
  },
  {
    name: 'looks at the signals no more three minutes after a drain is done',
    from: 2160,
    edits: [{ around: 'watchDue', by: blindAfter('done', '180_000') }],
    isRare: true,
  },
  {
    name: 'leaves an instance that EC2 recommends to replace in its group, whatever the operator says',
    from: 366,
    edits: [
      { within: 'mayTerminate', replace: 'rebalanceTerminate && isRebalanced', by: 'false && isRebalanced' },
    ],
    isRare: true,
  },
  {
    name: 'never runs the operator’s hooks of stage draining',
    edits: [{ within: 'stagesDue', replace: 'takesNoMoreTasks(observed, policy)', by: '(false as boolean)' }],
    isRare: true,
  },
  {
    name: 'never runs the operator’s hooks of stage released',
    edits: [{ within: 'stagesDue', replace: 'isReleased(memory) ||', by: '(false as boolean) &&' }],
    isRare: true,
  },
  {
    name: 'does not count a downtime towards the operator’s limit',
    edits: [
      {
        within: 'resume',
        replace: 'signalledAt: signalledAt + shift',
        by: 'signalledAt: signalledAt + now - state.savedAt',
      },
    ],
    isRare: true,
  },
  {
    name: 'does not count a downtime towards the hook’s limit',
    edits: [
      {
        within: 'resume',
        replace: 'since: waiting.since + shift',
        by: 'since: waiting.since + now - state.savedAt',
      },
    ],
    isRare: true,
  },
  {
    name: 'completes the hook that waits for the launch of the instance',
    edits: [
      {
        within: 'createAutoScaling',
        replace: ".filter(({ transition }) => transition === 'autoscaling:EC2_INSTANCE_TERMINATING')",
        by: '',
      },
      {
        around: 'leaving',
        by: `(leaving) => (state) => leaving(state.replace('Pending', 'Terminating'))`,
      },
    ],
    isRare: true,
  },
  {
    name: 'takes an instance that is being launched for one that its group terminates',
    from: 4600,
    edits: [
      {
        around: 'leaving',
        by: `(leaving) => (state) => leaving(state.replace('Pending', 'Terminating'))`,
      },
    ],
    isRare: true,
  },
  {
    name: 'takes a Spot notice from before a stop for one of now',
    from: 18_000,
    edits: [{ around: 'withoutPastNotice', by: '() => ({ memory }: any) => memory' }],
    isRare: true,
  },
  {
    name: 'forgets over a restart that the group retains',
    edits: [keepsNo('retains')],
    isRare: true,
    from: 11_700,
  },
  {
    name: 'forgets over a restart that its hook waits',
    edits: [keepsNo('waiting')],
    isRare: true,
    from: 14_100,
  },
  {
    name: 'forgets over a restart which hook is its own',
    edits: [keepsNo('hook')],
    isRare: true,
    from: 16_000,
  },
  {
    name: 'forgets over a restart until when its hook did not wait',
    edits: [keepsNo('notWaitingAt')],
    isRare: true,
    from: 25_700,
  },
  {
    name: 'forgets over a restart that its root volume is replaced',
    edits: [keepsNo('isReplacing')],
    isRare: true,
    from: 10_200,
  },
  {
    name: 'forgets over a restart that its group terminates it',
    edits: [keepsNo('isTerminating')],
    isRare: true,
    from: 74_200,
  },
  {
    name: 'asks tasks to stop for a notice from before the host was hibernated',
    edits: [{ within: 'runAgent', replace: 'isLate || stoodStill > seenStill', by: 'isLate' }],
    isRare: true,
    from: 75_589_000,
  },
  {
    name: 'releases by what it saw before it waited for a list of its host',
    edits: [
      {
        within: 'confirm',
        replace: '!said || said.containerInstanceArn',
        by: 'said?.containerInstanceArn',
      },
    ],
    isRare: true,
    from: 75_187_000,
  },
  {
    name: 'takes what metadata gave a moment ago for gone after one 404',
    edits: [{ within: 'goneIfRepeated', replace: 'there.delete(path)', by: 'false as boolean' }],
    isRare: true,
  },
  {
    name: 'believes another value of a tag at once',
    edits: [
      {
        within: 'readFromMetadata',
        replace: "(typeof before === 'string' || signal.value !== before.value)",
        by: "typeof before === 'string'",
      },
    ],
    isRare: true,
    from: 1_320,
  },
  {
    name: 'takes a group at the word that it gave before metadata told of a termination',
    edits: [
      { within: 'isAwaited', replace: 'last && !isTold', by: 'last' },
      { within: 'assumedGroup', replace: 'isUnheard && isTold', by: 'false as boolean' },
    ],
    isRare: true,
    from: 730,
  },
  {
    name: 'forgets what metadata has told of a termination once only an operator asks for the instance',
    edits: [{ within: 'createObserver', replace: 'toldAt > polls.lifecycle.lastKnownAt() ||', by: '' }],
    isRare: true,
    from: 83_099_700,
  },
  {
    name: 'runs the operator’s hooks of stage drained on an old look at ECS',
    edits: [{ within: 'restsOnOldView', replace: "stage === 'drained'", by: 'false as boolean' }],
    isRare: true,
    from: 87_794_400,
  },
  {
    name: 'spreads the heartbeats of a hook that cannot be read, though none is throttled',
    edits: [{ within: 'nextHeartbeat', replace: 'isUnread && lastHeartbeat.wasThrottled', by: 'isUnread' }],
    isRare: true,
    from: 87_845_500,
  },
  {
    name: 'gives back on signals that were read before one source grew slow',
    edits: [{ within: 'outdated', replace: 'dueAt - LATELY_SIGNALLED_MS', by: '-Infinity' }],
    isRare: true,
    from: 88_001_500,
  },
  {
    name: 'acts on a Spot notice though the host was hibernated while no process ran',
    edits: [{ within: 'hasSlept', replace: 'state.awake === undefined', by: '(true as boolean)' }],
    isRare: true,
    from: 88_364_200,
  },
  {
    name: 'asks ECS at an operator’s limit as if nothing waited for it',
    edits: [{ within: 'isLimitWaiting', replace: 'isUnknown && now', by: 'false && now' }],
    isRare: true,
    from: 600,
  },
  {
    name: 'rests as long as after any throttling while a hook may wait unseen',
    edits: [{ within: 'beforeUnseen', replace: 'return failure.at + ', by: 'return Infinity + ' }],
    isRare: true,
    from: 77_210_470,
  },
  {
    name: 'believes two lists of this host that are of different minutes',
    edits: [
      {
        within: 'createEcsView',
        replace: 'if (!isOld(where)) return true;',
        by: 'if (!isOld(where) || (true as boolean)) return true;',
      },
      // Before the operator's hooks of stage `drained` begin, ECS is looked at once more.
      { within: 'restsOnOldView', replace: "stage === 'drained'", by: 'false as boolean' },
    ],
    isRare: true,
    from: 101_300,
  },
];

/** The state file lacks this member of the memory. */
function keepsNo(member: keyof Memory): Edit {
  return {
    within: 'createKept',
    replace: '(awake && { awake: awake() }), memory,',
    by: `(awake && { awake: awake() }), memory: (({ ${member}: _, ...rest }) => rest)(memory),`,
  };
}

/** The signals are asked no more once a phase has lasted so many ms. */
function blindAfter(phase: string, ms: string): string {
  return `(watchDue) => (pace) => {
    const seen = globalThis as any;
    const due = watchDue(pace);
    const { at } = pace.asked.signals;
    const isFirst = pace.phase !== '${phase}' || at === -Infinity || !(seen.phaseSince <= at);
    seen.phaseSince = isFirst ? (at === -Infinity ? Infinity : at) : seen.phaseSince;
    return !isFirst && at - seen.phaseSince > ${ms} ? { ...due, signals: Infinity } : due;
  }`;
}

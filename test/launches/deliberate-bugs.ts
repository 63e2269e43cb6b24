import type { Bug } from './load-oneshot.ts';

/**
 * Bugs of the kind that launchers have had. The simulation must find every one of them: one that it does not find shows a
 * promise that nothing checks.
 */
export const bugs: readonly Bug[] = [
  {
    name: 'takes a new client token where RunTask had no answer',
    property: 'J1',
    edits: [
      {
        within: 'startAnswered',
        replace: '...waiting, unansweredAt: now,',
        by: '...waiting, unansweredAt: now, attempt: phase.attempt + 1,',
      },
    ],
  },
  {
    name: 'sends RunTask without a client token',
    property: 'J1',
    edits: [
      {
        within: 'runTaskRequest',
        replace: 'clientToken: key.clientToken(attempt),',
        by: '',
      },
    ],
  },
  {
    name: 'makes another client token in each process',
    property: 'J1',
    edits: [
      {
        within: 'keyNames',
        replace: 'clientToken: (attempt) =>',
        by: 'clientToken: (attempt, salt = Math.random()) => salt + ',
      },
    ],
  },
  {
    name: 'keeps its client token after RunTask found no room',
    property: 'L2',
    edits: [{ within: 'moved', replace: 'attempt: phase.attempt + 1', by: 'attempt: phase.attempt' }],
  },
  {
    name: 'takes a missing exit code for 0',
    property: 'J2',
    edits: [
      {
        within: 'readExitCode',
        replace: 'const code = own?.exitCode;',
        by: 'const code = own?.exitCode ?? 0;',
      },
    ],
  },
  {
    name: 'takes the exit code of whichever container comes first',
    property: 'J2',
    edits: [
      {
        within: 'pick',
        replace: 'return containers.find((one) => one.name === name);',
        by: 'return containers[0];',
      },
    ],
  },
  {
    name: 'does not wait until a task that it has cancelled has stopped',
    property: 'J3',
    edits: [
      {
        within: 'settle',
        replace: "case 'stop-accepted': {",
        by: "case 'stop-accepted': { if (launch.cancel) return ended(answered, 'cancelled', 143, 'cancelled', undefined);",
      },
    ],
  },
  {
    name: 'forgets a RunTask that is on its way when it is cancelled',
    property: 'J3',
    edits: [
      {
        around: 'settle',
        by: `(settle) => (launch, policy, outcome, now, random) =>
          launch.cancel && outcome.kind === 'start-answered' ? ended(launch, 'cancelled', 143, 'cancelled', undefined) : settle(launch, policy, outcome, now, random)`,
      },
    ],
  },
  {
    name: 'says that a cancel has succeeded although RunTask had no answer',
    property: 'J3',
    edits: [
      {
        within: 'decideStarting',
        replace: 'if (!mayBeStarted) return end(nothingStarted(cancel));',
        by: 'return end(nothingStarted(cancel));',
      },
    ],
  },
  {
    name: 'says that it is safe to try again although RunTask had no answer',
    property: 'J5',
    edits: [
      {
        around: 'isUnsettled',
        by: '() => () => false',
      },
    ],
  },
  {
    name: 'sets the desired capacity that it has read, and its own instance on top',
    property: 'J4',
    edits: [
      {
        within: 'createGroup',
        replace: "await call('autoscaling:LaunchInstances', {",
        by: "await call('autoscaling:SetDesiredCapacity' as any, { DesiredCapacity: planned.desired + planned.count,",
      },
    ],
  },
  {
    name: 'asks its group for nothing',
    property: 'L2',
    edits: [{ within: 'short', replace: 'notAsked(now)', by: 'undefined' }],
  },
  {
    name: 'takes a task that ECS does not show yet for one that has ended',
    property: 'J2',
    edits: [
      {
        within: 'decide',
        replace: 'if (cancel?.insists)',
        by: "if (phase.kind === 'following' && phase.missingSince !== undefined) return end({ ...mayRun('it is gone'), kind: 'exited', code: 0 }); if (cancel?.insists)",
      },
    ],
  },
  {
    name: 'tells its demand queue once only',
    property: 'L3',
    edits: [{ within: 'createTeller', replace: 'while (latest', by: 'if (latest' }],
  },
  {
    name: 'tells its demand queue what the definition reserves, not what was asked for',
    property: 'L3',
    edits: [
      {
        within: 'needsOf',
        replace: '(one.name === container ? cpu : undefined) ?? one.cpu',
        by: 'one.cpu',
      },
    ],
  },
  {
    name: 'ends where its demand queue cannot be told',
    property: 'L2',
    edits: [
      {
        within: 'startLaunch',
        replace: 'send({ ...demand.of, ...needs, constraints, since });',
        by: `send({ ...demand.of, ...needs, constraints, since }).catch((error) =>
          insist({ code: 75, source: 'launcher', kind: 'no-room', reason: String(error), task: undefined }));`,
      },
    ],
  },
  {
    name: 'goes through used client tokens as slowly as it waits for room',
    property: 'L2',
    edits: [{ within: 'compared', replace: 'if (!hasRoom)', by: 'if (hasRoom !== undefined)' }],
  },
  {
    name: 'does not count instances that boot',
    property: 'L4',
    edits: [{ within: 'createGroup', replace: 'if (isRoom)', by: 'if (isRoom && count > 99)' }],
  },
  {
    name: 'waits for what no instance could ever hold',
    property: 'L5',
    edits: [{ within: 'decideStarting', replace: "fit.kind === 'unasked'", by: "fit.kind === 'never'" }],
  },
  {
    name: 'says that no instance could ever hold what a larger one in the cluster can',
    property: 'L5',
    edits: [{ within: 'couldHold', replace: 'one.isActive', by: 'false' }],
  },
  {
    name: 'takes what an instance registers for what its type has',
    property: 'L5',
    edits: [{ within: 'asRegistered', replace: 'memories.length === 0', by: 'memories' }],
  },
  {
    name: 'does not look again at what instances have registered where its group is full',
    property: 'L5',
    edits: [
      {
        within: 'grown',
        replace: 'measuredAgain(next({ dueAt',
        by: '((one: Launch, _: number) => one)(next({ dueAt',
      },
    ],
  },
  {
    name: 'gives up at once where its group may launch the kind of instance that the cluster lacks',
    property: 'L5',
    edits: [{ within: 'startAnswered', replace: 'if (policy.group === undefined && ', by: 'if (' }],
  },
  {
    name: 'waits for room on instances that are all of the wrong kind',
    property: 'L5',
    edits: [{ within: 'failureKind', replace: "return 'misfit'", by: "return 'room'" }],
  },
  {
    name: 'launches an instance in a zone where its subnets are not',
    property: 'L4',
    edits: [{ within: 'zoneOf', replace: 'all.filter((zone) => isIn(zone, where))', by: 'all' }],
  },
  {
    name: 'gives up where its group may launch in the zone of its subnets',
    property: 'L5',
    edits: [{ within: 'isOfItsKind', replace: '!isElsewhere(reason) || ', by: 'reason !== undefined || ' }],
  },
  {
    name: 'never sees that a network interface has come free',
    property: 'L2',
    edits: [{ within: 'unseen', replace: 'GPU|ENI', by: 'GPU' }],
  },
  {
    name: 'raises a desired capacity that it has just read',
    property: 'J4',
    edits: [{ within: 'createGroup', replace: 'if (left > 0)', by: 'if (left > UNCHANGED_MS)' }],
  },
];

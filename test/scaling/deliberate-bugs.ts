import type { Bug } from './load-scaler.ts';

/**
 * Bugs of the kind that scalers have had. The simulation must find every one of them: one that it does not find shows a
 * promise that nothing checks.
 */
export const bugs: readonly Bug[] = [
  {
    name: 'counts draining instances as capacity',
    first: 33,
    breaks: ['J1'],
    edits: [
      {
        within: 'roomsOf',
        replace: "case 'unclear':",
        by: "case 'unclear': case 'drained-by-others': case 'leaving':",
      },
    ],
  },
  {
    name: 'lowers the desired capacity absolutely',
    breaks: ['G2', 'T1'],
    edits: [
      {
        within: 'terminateEmpty',
        replace: `await call('autoscaling:TerminateInstanceInAutoScalingGroup', {
      InstanceId: action.instance.instanceId,
      ShouldDecrementDesiredCapacity: true,
    });`,
        by: `await call('autoscaling:SetDesiredCapacity' as any, { AutoScalingGroupName: group, DesiredCapacity: seenDesired - 1 } as any);`,
      },
      { within: 'terminateEmpty', replace: '{ call }', by: '{ call, group }' },
      {
        within: 'terminate',
        replace: 'desired = Math.min(desired, group?.desired ?? 0);',
        by: 'desired = Math.min(desired, group?.desired ?? 0); seenDesired = desired;',
      },
      {
        within: 'AT_ONCE',
        replace: 'const AT_ONCE = 10;',
        by: 'const AT_ONCE = 10; let seenDesired = 0;',
      },
    ],
  },
  {
    name: 'judges an instance to be empty by a list of tasks that was cut off',
    first: 6,
    breaks: ['T2'],
    edits: [
      {
        within: 'createTaskReader',
        replace: 'return { items: answer.taskArns, nextToken: answer.nextToken };',
        by: 'return { items: answer.taskArns, nextToken: undefined };',
      },
      {
        within: 'standingOf',
        replace: "if (one.taskCount > tasks.filter(isLive).length) return { kind: 'unclear' };",
        by: '',
      },
      { within: 'whyNot', replace: 'one.taskCount > 0', by: 'false' },
      { within: 'cordon', replace: "action.why.kind !== 'busy' && one.taskCount > daemons", by: 'false' },
      {
        within: 'plan',
        replace: 'const count = Math.max(listed, instance.registered?.taskCount ?? 0);',
        by: 'const count = listed;',
      },
      { within: 'terminate', replace: 'busy.has(arn)', by: 'busy.size > 1e9' },
    ],
  },
  {
    name: 'sets DRAINING without an end',
    breaks: ['D1'],
    edits: [
      {
        within: 'cordon',
        replace: "await ports.call('ecs:TagResource', input, ATTEMPTS);",
        by: 'void input;',
      },
    ],
  },
  {
    name: 'writes the end of a cordon after DRAINING',
    breaks: ['D1'],
    edits: [
      {
        within: 'cordon',
        replace: "await ports.call('ecs:TagResource', input, ATTEMPTS);",
        by: "await setStatus([action], 'DRAINING', ports); await ports.call('ecs:TagResource', input, ATTEMPTS);",
      },
    ],
  },
  {
    name: 'leaves a cordon to the scaler that made it',
    first: 125,
    breaks: ['D1'],
    edits: [
      {
        within: 'standingOf',
        replace: "if (cordon.until <= now) return { kind: 'cordon-expired', cordon };",
        by: "if (cordon.until <= now && cordon.by === config.name) return { kind: 'cordon-expired', cordon };",
      },
    ],
  },
  {
    name: 'moves services to what is kept as a spare',
    first: 4275,
    breaks: ['I1', 'L1'],
    edits: [{ within: 'plan', replace: "['busy', 'unclear']", by: "['busy', 'unclear', 'empty']" }],
  },
  {
    name: 'removes what is held ahead of need',
    first: 19,
    breaks: ['A1', 'L1'],
    edits: [
      {
        within: 'plan',
        replace: "{ hold: 'floor', count: usable - floor }",
        by: "{ hold: 'floor', count: 1e9 }",
      },
      { within: 'plan', replace: "if (usable < floor) return 'floor';", by: '' },
    ],
  },
  {
    name: "compares SQS's time with that of its host",
    first: 26,
    breaks: ['J1'],
    edits: [
      {
        within: 'createDemandQueue',
        replace: 'there.here - (there.now - one.sentAt)',
        by: 'one.sentAt',
      },
    ],
  },
  {
    name: 'lowers the desired capacity at MinSize',
    first: 3,
    breaks: ['G3'],
    edits: [
      { within: 'whyNot', replace: '(group?.desired ?? 0) - 1 < (group?.min ?? 0)', by: 'false' },
      {
        within: 'plan',
        replace: '&& desired - 1 >= group.min &&',
        by: '&&',
      },
      {
        within: 'plan',
        replace: 'beyondMin(group.desired - cordoned.length - foreignCordons) < 0',
        by: 'false',
      },
      {
        within: 'plan',
        replace: "{ hold: 'min-size', count: beyondMin(desired - waiting - foreignCordons) },",
        by: "{ hold: 'min-size', count: 1e9 },",
      },
    ],
  },
  {
    name: 'takes instances that never registered for the minimum',
    first: 8,
    breaks: ['G4'],
    edits: [
      {
        within: 'plan',
        replace: 'Math.min(inGroup, usable) - group.min',
        by: 'inGroup - group.min',
      },
    ],
  },
  {
    name: 'terminates without lowering the desired capacity',
    breaks: ['G3'],
    edits: [
      {
        within: 'terminateEmpty',
        replace: 'ShouldDecrementDesiredCapacity: true',
        by: 'ShouldDecrementDesiredCapacity: false',
      },
    ],
  },
  {
    name: 'uses a client token again when the group is as large as it once was',
    first: 101,
    breaks: ['J1'],
    edits: [{ within: 'tokenOf', replace: 'ids, Math.floor(at / SAME_FOR_MS)', by: '' }],
  },
  {
    name: 'lifts what somebody else has set DRAINING',
    first: 4,
    breaks: ['D2'],
    edits: [
      {
        within: 'standingOf',
        replace: "if (cordon?.kind !== 'read') return { kind: 'drained-by-others' };",
        by: "if (cordon?.kind !== 'read') return { kind: 'cordon-expired', cordon: { kind: 'read', by: 'x', since: 0, until: 0 } };",
      },
      {
        within: 'whyNotLifted',
        replace: "return 'its cordon has been lifted';",
        by: 'return undefined;',
      },
    ],
  },
  {
    name: 'gives back an instance for a job whose room its daemon takes again',
    first: 57,
    breaks: ['I1'],
    edits: [
      {
        within: 'roomWith',
        replace: '.filter((service) => !isThere(service))',
        by: '.filter((service) => isThere(service) && false)',
      },
    ],
  },
  {
    name: 'launches one instance after the other while daemon services are not described',
    first: 3_879,
    breaks: ['L2'],
    edits: [{ within: 'seenOnly', replace: 'groups.has(group)', by: 'false && groups' }],
  },
  {
    name: 'takes what daemon services run for jobs',
    first: 3,
    breaks: ['I1'],
    edits: [{ within: 'isDaemon', replace: "kind === 'daemon'", by: 'false && kind' }],
  },
  {
    name: 'waits for ever for an instance that does not boot',
    first: 94,
    breaks: ['J1'],
    edits: [
      {
        within: 'standingOf',
        replace: 'now - since >= config.bootTimeoutMs',
        by: 'now < 0',
      },
    ],
  },
  {
    name: 'takes the type that came last for that of the next one',
    first: 3764,
    breaks: ['L2'],
    edits: [
      {
        within: 'readFresh',
        replace: 'if (!source?.mixes) {',
        by: 'if (newest) return { fresh: newest, warnings: [] }; if (!source?.mixes) {',
      },
    ],
  },
  {
    name: 'takes CPU and memory for all that a task needs of an instance',
    first: 92,
    breaks: ['J1'],
    edits: [{ within: 'takes', replace: 'needs.networkInterfaces <= room.networkInterfaces &&', by: '' }],
  },
  {
    name: 'launches again what is still booting',
    first: 84,
    breaks: ['L1'],
    edits: [
      {
        within: 'roomsOf',
        replace: "if (fresh) coming.push(freshRoom({ kind: 'instance', instance }, fresh, instance.zone));",
        by: '',
      },
    ],
  },
  {
    name: 'remembers for ever what a job has asked for',
    first: 3,
    breaks: ['L1', 'I1'],
    edits: [
      { within: 'latest', replace: 'now - sentAt <= FRESH_MS', by: 'now > sentAt - FRESH_MS' },
      {
        within: 'waiting',
        replace: '.filter(({ key }) => !started.has(startedByOf(cluster, key)))',
        by: '.filter(({ key }) => started.size >= 0 || startedByOf(cluster, key))',
      },
    ],
  },
];

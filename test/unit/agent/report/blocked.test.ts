import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Explained, ServiceState } from '../../../../src/agent/model.ts';
import { type Blocked, blockedBy, blockedByEcsAgent } from '../../../../src/agent/report/blocked.ts';
import type { Task } from '../../../../src/aws/ecs.ts';

const MINUTE = 60_000;
/** 2027-01-15T08:00:00.000Z */
const NOW = 1_800_000_000_000;

const arnOf = (id: string) => `arn:aws:ecs:eu-west-1:111122223333:task/web/${id}`;
const task = (id: string, group: string, more: Partial<Task> = {}): Task => ({
  arn: arnOf(id),
  group,
  lastStatus: 'RUNNING',
  desiredStatus: 'RUNNING',
  createdAt: NOW - 192 * MINUTE,
  ...more,
});
const service = (more: Partial<ServiceState> = {}): ServiceState => ({
  name: 'site',
  isDaemon: false,
  desired: 3,
  running: 3,
  pending: 0,
  minimumHealthyPercent: 100,
  maximumPercent: 200,
  events: [],
  ...more,
});
const why = (
  tasks: readonly Task[],
  explained: Partial<Explained> = {},
): readonly [Blocked['kind'], string][] =>
  blockedBy(tasks, { services: [], protectedTasks: [], ...explained }, NOW).map((reason) => [
    reason.kind,
    reason.why,
  ]);

const NO_ROOM =
  '(service site) was unable to place a task because no container instance met all of its requirements.';

describe('why a task is still there', () => {
  it('a standalone task works on', () =>
    assert.deepEqual(why([task('aaaaaaaabbbb', 'family:report', { startedBy: 'nightly' })]), [
      [
        'standalone',
        'standalone task aaaaaaaa of group family:report, started by nightly, running 3 h 12 min: nothing stops it before its work is done',
      ],
    ]));
  it('it belongs to a container instance that this host is no more', () => {
    const tasks = [
      task('a', 'service:site', { containerInstanceArn: 'container-instance/web/before' }),
      task('b', 'family:report', { containerInstanceArn: 'container-instance/web/now' }),
    ];
    const reasons = blockedBy(tasks, { services: [], protectedTasks: [] }, NOW, {
      containerInstanceArn: 'container-instance/web/now',
    });
    assert.deepEqual(
      reasons.map(({ kind }) => kind),
      ['earlier-registration', 'standalone'],
    );
    assert.equal(
      reasons[0]?.why,
      'task a of service:site belongs to the container instance before, which this host was before: ECS may never hear of its end',
    );
    assert.match(
      reasons[0]?.fix ?? '',
      /aws ecs stop-task --cluster web --task arn:aws:ecs:eu-west-1:111122223333:task\/web\/a$/,
      'without the cluster, the command asks the one that is called "default"',
    );
    assert.deepEqual(
      blockedBy(tasks, { services: [], protectedTasks: [] }, NOW).map(({ kind }) => kind),
      ['service', 'standalone'],
    );
  });
  it('the drain does not wait for it, and it comes last; once asked to stop it is as any other', () => {
    const told = (desiredStatus: string) =>
      blockedBy(
        [task('m', 'family:monitor', { desiredStatus }), task('b', 'family:report', { createdAt: NOW })],
        { services: [], protectedTasks: [] },
        NOW,
        undefined,
        ({ group }) => group === 'family:monitor',
      ).map(({ kind, why: reason }) => [kind, reason]);
    assert.deepEqual(told('RUNNING')[1], [
      'ignored',
      'task m of family:monitor is ignored (--ignore-tasks): it is asked to stop once no other task is left',
    ]);
    assert.equal(told('RUNNING')[0]?.[0], 'standalone');
    assert.equal(told('STOPPED')[0]?.[0], 'stopping');
  });
  it('several of a group are one reason, told by the oldest', () =>
    assert.deepEqual(
      why([
        task('b', 'family:report', { createdAt: NOW - MINUTE }),
        task('a', 'family:report', { createdAt: NOW - 2 * MINUTE }),
      ]),
      [
        [
          'standalone',
          'standalone task a of group family:report, running 2 min, and 1 more of that group: nothing stops them before their work is done',
        ],
      ],
    ));
  it('a task that was asked to stop takes its time', () =>
    assert.deepEqual(why([task('a', 'service:site', { desiredStatus: 'STOPPED' })]), [
      ['stopping', 'task a of service:site was asked to stop and has not ended yet'],
    ]));
  it('a service cannot place its replacement', () =>
    assert.deepEqual(
      why([task('a', 'service:site')], {
        services: [service({ events: [{ at: NOW - 2 * MINUTE, message: NO_ROOM }] })],
      }),
      [['no-replacement', `service:site cannot start a replacement. ECS says, 2 min ago: ${NO_ROOM}`]],
    ));
  it('but not if it has placed one since, nor if that was long ago', () => {
    const placed = { at: NOW - MINUTE, message: '(service site) has started 1 tasks: (task b).' };
    for (const events of [
      [placed, { at: NOW - 2 * MINUTE, message: NO_ROOM }],
      [{ at: NOW - 61 * MINUTE, message: NO_ROOM }],
    ]) {
      assert.equal(
        why([task('a', 'service:site')], { services: [service({ events })] })[0]?.[0],
        'replacing',
      );
    }
  });
  it('a service is replacing it', () =>
    assert.deepEqual(why([task('a', 'service:site')], { services: [service({ running: 3, pending: 1 })] }), [
      ['replacing', 'service:site is replacing task a: 3 of 3 run, 1 pending'],
    ]));
  it('a service whose limits leave no way to move it', () => {
    const stuck = service({ desired: 1, maximumPercent: 100 });
    assert.deepEqual(why([task('a', 'service:site')], { services: [stuck] }), [
      [
        'deployment-limits',
        'service:site may not stop a task before its replacement runs (minimumHealthyPercent 100) nor start one more than its 1 (maximumPercent 100)',
      ],
    ]);
    // 50 % of 1, rounded up, is still 1; of 2 it is 1, so one may go.
    assert.equal(
      why([task('a', 'service:site')], { services: [{ ...stuck, minimumHealthyPercent: 50 }] })[0]?.[0],
      'deployment-limits',
    );
    assert.equal(
      why([task('a', 'service:site')], {
        services: [{ ...stuck, desired: 2, minimumHealthyPercent: 50 }],
      })[0]?.[0],
      'replacing',
    );
  });
  it('a protected task', () =>
    assert.deepEqual(
      why([task('a', 'service:site')], {
        services: [service()],
        protectedTasks: [{ arn: arnOf('a'), until: NOW + 60 * MINUTE }],
      }),
      [['protected', 'task a of service:site is protected from scale-in until 2027-01-15T09:00:00.000Z']],
    ));
  it('a service about which nothing is known', () =>
    assert.deepEqual(why([task('a', 'service:site')]), [
      ['service', 'task a of service:site waits for its service to replace or stop it'],
    ]));
  it('the oldest comes first, daemons last', () =>
    assert.deepEqual(
      why(
        [
          task('d', 'service:logs', { createdAt: NOW - 9 * MINUTE }),
          task('b', 'family:b', { createdAt: NOW - 2 * MINUTE }),
          task('a', 'family:a', { createdAt: NOW - 3 * MINUTE }),
        ],
        { services: [service({ name: 'logs', isDaemon: true })] },
      ).map(([kind, words]) => `${kind}: ${words.slice(0, 46)}`),
      [
        'standalone: standalone task a of group family:a, running 3',
        'standalone: standalone task b of group family:b, running 2',
        'daemon: task d of service:logs is a daemon, which ECS ',
      ],
    ));
  it('nothing, where no task is left', () => assert.deepEqual(why([]), []));
});

describe('an ECS agent that is down', () => {
  it('is why ECS cannot learn that a task has ended, and is named first', () => {
    const [reason, ...others] = blockedByEcsAgent(3, 90_000, false);
    assert.deepEqual(others, []);
    assert.equal(reason?.kind, 'ecs-agent');
    assert.match(reason?.why ?? '', /has not answered for 1 min 30 s: .*systemctl status ecs/);
  });
  it('is not named for an answer that is late', () =>
    assert.deepEqual(blockedByEcsAgent(3, 14_999, true), []));
  it('is named where ECS says that it is not connected, though it answers here', () =>
    assert.match(blockedByEcsAgent(1, undefined, false)[0]?.why ?? '', /not connected to ECS/));
  it('is not named while it is well, or nothing is known of it', () => {
    assert.deepEqual(blockedByEcsAgent(1, undefined, true), []);
    assert.deepEqual(blockedByEcsAgent(1, undefined, undefined), []);
  });
});

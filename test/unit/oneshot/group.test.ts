import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Caller } from '../../../src/aws/call.ts';
import { AwsError } from '../../../src/aws/errors.ts';
import { createGroup } from '../../../src/oneshot/aws/group.ts';
import type { Operations } from '../../../src/oneshot/aws/operations.ts';
import { scriptCall } from '../aws/scripted-call.ts';

const group = (change: object = {}) => ({
  AutoScalingGroups: [
    {
      AutoScalingGroupName: 'workers',
      DesiredCapacity: 2,
      MaxSize: 10,
      AvailabilityZones: ['a', 'b'],
      Instances: [{ AvailabilityZone: 'a' }, { AvailabilityZone: 'a' }],
      ...change,
    },
  ],
});
const launched = (...ids: string[]) => ({ Instances: [{ InstanceIds: ids }], Errors: [] });

function scene(...answers: (object | Error)[]) {
  const { call, calls } = scriptCall(...answers);
  const workers = createGroup(call as unknown as Caller<Operations>, 'workers');
  const requests = () =>
    calls.filter(([operation]) => operation === 'autoscaling:LaunchInstances').map(([, input]) => input);
  return { workers, requests };
}

describe('a group that is to make room', () => {
  test('is asked for what is missing, in the zone with the fewest instances', async () => {
    const { workers, requests } = scene(group(), launched('i-1', 'i-2'));
    assert.deepEqual(await workers.grow(2, 0, undefined), { kind: 'launched', count: 2 });
    const [request] = requests() as { RequestedCapacity: number; AvailabilityZones: string[] }[];
    assert.deepEqual([request?.RequestedCapacity, request?.AvailabilityZones], [2, ['b']]);
  });

  test('is never asked for more than its maximum', async () => {
    const { workers, requests } = scene(group({ DesiredCapacity: 9 }), launched('i-1'));
    await workers.grow(16, 0, undefined);
    assert.equal((requests()[0] as { RequestedCapacity: number }).RequestedCapacity, 1);
  });

  test('at its maximum it is asked for nothing', async () => {
    const { workers, requests } = scene(group({ DesiredCapacity: 10 }));
    assert.deepEqual(await workers.grow(1, 0, undefined), { kind: 'full', max: 10 });
    assert.deepEqual(requests(), []);
  });

  test('a crowd that sees the same group sends the same request, so that one is launched', async () => {
    const tokens = await Promise.all(
      [1, 2, 3].map(async () => {
        const { workers, requests } = scene(group(), launched('i-1'));
        await workers.grow(1, 0, undefined);
        return (requests()[0] as { ClientToken: string }).ClientToken;
      }),
    );
    assert.equal(new Set(tokens).size, 1);
  });

  test('a request without an answer is sent again as it was, though the group has grown by it', async () => {
    const lost = new AwsError('autoscaling:LaunchInstances', 'transient', 'TimeoutError', 'no answer');
    const { workers, requests } = scene(group(), lost, launched('i-1'));
    const answer = await workers.grow(1, 0, undefined);
    assert.equal(answer.kind, 'unanswered');
    await workers.grow(2, 1, answer.kind === 'unanswered' ? answer.request : undefined);
    assert.deepEqual(requests()[1], requests()[0]);
  });

  test('a zone that has none is said, and the next zone is taken', async () => {
    const none = {
      Instances: [],
      Errors: [{ ErrorCode: 'InsufficientInstanceCapacity', ErrorMessage: 'none in b' }],
    };
    const { workers, requests } = scene(group(), none, group(), launched('i-1'));
    assert.deepEqual(await workers.grow(1, 0, undefined), {
      kind: 'not-launched',
      why: 'InsufficientInstanceCapacity: none in b',
    });
    await workers.grow(1, 1, undefined);
    assert.deepEqual((requests()[1] as { AvailabilityZones: string[] }).AvailabilityZones, ['a']);
  });

  test('one that is not there is told from one that does not answer', async () => {
    assert.deepEqual(await scene({ AutoScalingGroups: [] }).workers.grow(1, 0, undefined), {
      kind: 'no-group',
    });
    await assert.rejects(scene({}).workers.grow(1, 0, undefined), /without AutoScalingGroups/);
  });
});

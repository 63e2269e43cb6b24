import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clusterName, isCluster, otherRegion, parseEcsArn } from '../../../src/base/arn.ts';

const id = '0123456789abcdef0123456789abcdef';

describe('an ARN of ECS, taken apart', () => {
  for (const [text, expected] of [
    [
      `arn:aws:ecs:eu-west-1:123456789012:task/web/${id}`,
      { partition: 'aws', region: 'eu-west-1', account: '123456789012', kind: 'task', cluster: 'web', id },
    ],
    [
      `arn:aws-us-gov:ecs:us-gov-west-1:210987654321:container-instance/batch_jobs-2/${id}`,
      {
        partition: 'aws-us-gov',
        region: 'us-gov-west-1',
        account: '210987654321',
        kind: 'container-instance',
        cluster: 'batch_jobs-2',
        id,
      },
    ],
    [
      'arn:aws:ecs:eu-west-1:123456789012:task/3b1b7f0e-8f0c-4b8e-9f5a-0d6a3f1c2b4d',
      {
        partition: 'aws',
        region: 'eu-west-1',
        account: '123456789012',
        kind: 'task',
        cluster: undefined,
        id: '3b1b7f0e-8f0c-4b8e-9f5a-0d6a3f1c2b4d',
      },
    ],
  ] as const) {
    test(text, () => assert.deepEqual(parseEcsArn(text), expected));
  }

  for (const text of [
    '',
    id,
    `arn:aws:ecs:eu-west-1:12345678901:task/web/${id}`,
    `arn:aws:ecs:eu-west-1:1234567890123:task/web/${id}`,
    `arn:aws:ecs:eu-west-1::task/web/${id}`,
    `arn:aws:ecs::123456789012:task/web/${id}`,
    `arn::ecs:eu-west-1:123456789012:task/web/${id}`,
    `arn:aws:ec2:eu-west-1:123456789012:task/web/${id}`,
    `arn:aws:ecs:eu-west-1:123456789012:service/web/${id}`,
    `arn:aws:ecs:eu-west-1:123456789012:task/web/${id}/more`,
    `arn:aws:ecs:eu-west-1:123456789012:task//${id}`,
    'arn:aws:ecs:eu-west-1:123456789012:task/web/',
    'arn:aws:ecs:eu-west-1:123456789012:task/',
    `arn:aws:ecs:eu-west-1:123456789012:task/web/${id}\n`,
    ` arn:aws:ecs:eu-west-1:123456789012:task/web/${id}`,
    `arn:aws:ecs:eu-west-1:123456789012:task/we b/${id}`,
    `arn:aws:ecs:eu-west-1:123456789012:task/web/${'a'.repeat(129)}`,
    `arn:aws:ecs:eu-west-1:123456789012:task/${'a'.repeat(256)}/${id}`,
  ]) {
    test(`none: ${JSON.stringify(text.slice(0, 80))}`, () => assert.equal(parseEcsArn(text), undefined));
  }
});

test('a cluster has a name of 255 letters, digits, underscores and hyphens, or an ARN with one', () => {
  for (const name of [
    'web',
    'Batch_jobs-2',
    'c'.repeat(255),
    'arn:aws-cn:ecs:cn-north-1:123456789012:cluster/web',
  ])
    assert.equal(isCluster(name), true, name);
  for (const name of [
    '',
    'we b',
    'web\n',
    'c'.repeat(256),
    'arn:aws:ecs:eu-west-1:1:cluster/web',
    'a/b',
    '\u001b[2J',
  ])
    assert.equal(isCluster(name), false, name);
});

test('the name of a cluster is the end of its ARN, or what it is called', () => {
  assert.equal(clusterName('arn:aws:ecs:eu-west-1:123456789012:cluster/web'), 'web');
  assert.equal(clusterName('web'), 'web');
});

describe('a cluster by its ARN', () => {
  const arn = 'arn:aws:ecs:us-east-1:123456789012:cluster/web';

  test('of another Region is refused: the one of that name here is another', () => {
    assert.match(
      otherRegion(arn, 'eu-west-1') ?? '',
      /is in us-east-1, and the Region is eu-west-1.*--region us-east-1/,
    );
  });

  for (const [cluster, region] of [
    [arn, 'us-east-1'],
    ['web', 'eu-west-1'],
  ] as const)
    test(`${cluster} is one of ${region}`, () => assert.equal(otherRegion(cluster, region), undefined));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTagger } from '../../../src/lambda/create-tagger.ts';
import { readTaggerConfig } from '../../../src/lambda/tagger-config.ts';
import type { TaggerEvent } from '../../../src/lambda/tagger-log.ts';
import { lambdaEvent } from './events.ts';

type Tag = [instanceId: string, key: string, value: string];

function tagger({
  env = {},
  fail = {},
}: {
  env?: Record<string, string>;
  fail?: Record<string, Error>;
} = {}) {
  const tags: Tag[] = [];
  const log: TaggerEvent[] = [];
  const handle = createTagger({
    config: readTaggerConfig({ GROUP_NAMES: GROUP, ...env }),
    log: (event) => log.push(event),
    putTag: async (...tag) => {
      const error = fail[tag[0]];
      if (error !== undefined) throw error;
      tags.push(tag);
    },
  });
  return { handle, tags, log };
}

function awsError(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

const KEY = 'ecs-drain-agent:terminate';
const GROUP = 'my-asg';

describe('the tagger', () => {
  it('tags from all that SQS can hold, and leaves test notifications alone', async () => {
    const { handle, tags, log } = tagger();
    assert.deepEqual(await handle(lambdaEvent('sqs-all-forms')), { batchItemFailures: [] });
    assert.deepEqual(tags, [
      ['i-1234567890abcdef0', KEY, 'hook=my-lifecycle-hook time=2021-01-13T00:12:37.214Z'],
      ['i-0aaaaaaaaaaaaaaa2', KEY, 'hook=my-lifecycle-hook time=2021-01-19T00:36:26.533Z'],
      ['i-0aaaaaaaaaaaaaaa3', KEY, 'hook=my-lifecycle-hook time=2021-01-19T00:36:26.533Z'],
      ['i-0aaaaaaaaaaaaaaa4', KEY, 'hook=my-lifecycle-hook time=2021-01-13T00:12:37.214Z'],
    ]);
    assert.deepEqual(log.at(-1), {
      event: 'notice.ignored',
      level: 'info',
      source: 'sqs',
      why: 'test-notification',
    });
  });

  for (const event of ['sns-terminate', 'sns-terminate-lines']) {
    it(`tags from ${event}`, async () => {
      const { handle, tags } = tagger();
      assert.equal(await handle(lambdaEvent(event)), undefined);
      assert.deepEqual(tags, [
        ['i-0598c7d356eba48d7', KEY, 'hook=my-lifecycle-hook time=2021-01-19T00:36:26.533Z'],
      ]);
    });
  }

  it('tags from an EventBridge event that came through SNS', async () => {
    const { handle, tags } = tagger();
    await handle(lambdaEvent('sns-holding-eventbridge'));
    assert.deepEqual(tags, [
      ['i-1234567890abcdef0', KEY, 'hook=my-lifecycle-hook time=2021-01-13T00:12:37.214Z'],
    ]);
  });

  for (const event of [
    'sns-test-notification',
    'eventbridge-launch',
    'eventbridge-returns-to-warm-pool',
    'eventbridge-replaces-root-volume',
    'eventbridge-terminate-successful',
  ]) {
    it(`succeeds without a tag: ${event}`, async () => {
      const { handle, tags, log } = tagger();
      await handle(lambdaEvent(event));
      assert.deepEqual(tags, []);
      assert.deepEqual(
        log.map((line) => line.event),
        ['notice.ignored'],
      );
    });
  }

  it('uses the tag key it was given', async () => {
    const { handle, tags } = tagger({ env: { TAG_KEY: 'drain' } });
    await handle(lambdaEvent('eventbridge-terminate'));
    assert.equal(tags[0]?.[1], 'drain');
  });

  it('acts for the named hooks alone', async () => {
    const ours = tagger({ env: { HOOK_NAMES: 'other, my-lifecycle-hook' } });
    await ours.handle(lambdaEvent('eventbridge-terminate'));
    assert.equal(ours.tags.length, 1);

    const others = tagger({ env: { HOOK_NAMES: 'other' } });
    await others.handle(lambdaEvent('eventbridge-terminate'));
    assert.deepEqual(others.tags, []);
    assert.deepEqual(others.log, [
      {
        event: 'notice.ignored',
        level: 'info',
        source: 'eventbridge',
        why: 'other-hook',
        instanceId: 'i-1234567890abcdef0',
      },
    ]);
  });

  for (const event of ['eventbridge-terminate', 'sns-terminate', 'sns-terminate-lines', 'sqs-all-forms'])
    it(`acts for the named groups alone: ${event}`, async () => {
      const others = tagger({ env: { GROUP_NAMES: 'my, my-asg-2' } });
      await others.handle(lambdaEvent(event));
      assert.deepEqual(others.tags, [], 'an instance of a group that nobody named is drained');
      assert.equal(others.log[0]?.event === 'notice.ignored' && others.log[0].why, 'other-group');
    });

  it('a message that names no group is nobody’s', async () => {
    const { handle, tags } = tagger();
    const event = lambdaEvent('eventbridge-terminate') as { detail: Record<string, unknown> };
    for (const group of [undefined, '', 7, ['my-asg']]) {
      await handle({ ...event, detail: { ...event.detail, AutoScalingGroupName: group } });
    }
    assert.deepEqual(tags, []);
  });

  it('reads text of any length and form in time that grows with it, not with its square', async () => {
    // A backtracking pattern takes minutes for these.
    const long = ' '.repeat(100_000);
    for (const body of [
      `${long}x`,
      `a${':'.repeat(100_000)}`,
      'a'.repeat(100_000),
      `a: ${long}\n`.repeat(3),
      `\n${long}`,
    ]) {
      const { handle } = tagger({ fail: {} });
      await assert.rejects(handle({ Records: [{ Sns: { Message: body } }] }));
    }
    const failing = tagger({
      fail: { 'i-1234567890abcdef0': awsError('UnauthorizedOperation', `no${long}x`) },
    });
    await assert.rejects(failing.handle(lambdaEvent('eventbridge-terminate')));
  });

  it('is done with an instance that is gone', async () => {
    const { handle, log } = tagger({
      fail: {
        'i-1234567890abcdef0': awsError('InvalidInstanceID.NotFound', 'The instance ID … does not exist'),
      },
    });
    await handle(lambdaEvent('eventbridge-terminate'));
    assert.deepEqual(log, [
      { event: 'instance.gone', level: 'info', source: 'eventbridge', instanceId: 'i-1234567890abcdef0' },
    ]);
  });

  it('fails when the tag cannot be put, so that AWS tries again', async () => {
    const { handle, log } = tagger({
      fail: {
        'i-1234567890abcdef0': awsError(
          'UnauthorizedOperation',
          'You are not authorized to perform this operation. Encoded authorization failure message: c2VjcmV0',
        ),
      },
    });
    await assert.rejects(handle(lambdaEvent('eventbridge-terminate')), {
      message: 'UnauthorizedOperation: You are not authorized to perform this operation.',
    });
    assert.deepEqual(log, [
      {
        event: 'notice.failed',
        level: 'error',
        source: 'eventbridge',
        error: 'UnauthorizedOperation',
        message: 'You are not authorized to perform this operation.',
        instanceId: 'i-1234567890abcdef0',
      },
    ]);
  });

  it('gives back only the messages of a batch that failed', async () => {
    const { handle, tags, log } = tagger({
      fail: { 'i-0aaaaaaaaaaaaaaa2': awsError('RequestLimitExceeded', 'Request limit exceeded.') },
    });
    assert.deepEqual(await handle(lambdaEvent('sqs-all-forms')), {
      batchItemFailures: [{ itemIdentifier: '2e1424d4-f796-459a-8184-9c92662be6da' }],
    });
    assert.equal(tags.length, 3);
    const failed = log.find((line) => line.event === 'notice.failed');
    assert.equal(failed?.messageId, '2e1424d4-f796-459a-8184-9c92662be6da');
  });

  it('lets a poison message neither block its batch nor vanish', async () => {
    const { handle, tags, log } = tagger();
    const batch = {
      Records: [
        { messageId: 'poison', body: 'not for us, and SECRET' },
        { messageId: 'good', body: JSON.stringify(lambdaEvent('eventbridge-terminate')) },
      ],
    };
    assert.deepEqual(await handle(batch), { batchItemFailures: [{ itemIdentifier: 'poison' }] });
    assert.equal(tags.length, 1);
    assert.equal(JSON.stringify(log).includes('SECRET'), false);
  });

  it('throws when a whole batch failed, which also holds without ReportBatchItemFailures', async () => {
    const { handle } = tagger();
    const batch = { Records: [{ messageId: 'poison', body: '{"foo": 2}' }] };
    await assert.rejects(handle(batch), /^Error: MalformedNotice: The message has no LifecycleTransition/);
  });

  for (const [what, event] of [
    ['an empty list of records', { Records: [] }],
    ['records of another service', { Records: [{ eventSource: 'aws:s3', s3: {} }] }],
    ['an SNS record without a message', { Records: [{ EventSource: 'aws:sns', Sns: {} }] }],
    ['no object', 'test'],
    ['an empty test event', {}],
  ] as const) {
    it(`throws on ${what}`, async () => {
      await assert.rejects(tagger().handle(event), /MalformedNotice|Records/);
    });
  }

  it('logs neither the token that completes the lifecycle action nor what users wrote into the hook', async () => {
    const { handle, log } = tagger();
    await handle(lambdaEvent('eventbridge-terminate'));
    const lines = JSON.stringify(log);
    assert.equal(lines.includes('87654321-4321-4321-4321-210987654321'), false);
    assert.equal(lines.includes('additional-info'), false);
  });
});

describe('the tagger’s configuration', () => {
  it('has the agent’s own tag key by default', () => {
    assert.deepEqual(readTaggerConfig({ TAG_KEY: '', GROUP_NAMES: ' web, batch ,', HOOK_NAMES: ' , ' }), {
      tagKey: KEY,
      groupNames: new Set(['web', 'batch']),
      hookNames: undefined,
    });
  });

  it('names the groups, or the function does not start', () => {
    for (const names of [undefined, '', ' , '])
      assert.throws(() => readTaggerConfig({ GROUP_NAMES: names }), /^Error: GROUP_NAMES is empty/);
  });

  for (const key of ['has space', 'has/slash', 'aws:mine', 'k'.repeat(129), 'ümlaut']) {
    it(`refuses a tag key that metadata would never show: ${key.slice(0, 20)}`, () => {
      assert.throws(
        () => readTaggerConfig({ TAG_KEY: key, GROUP_NAMES: GROUP }),
        /^Error: TAG_KEY is .*allowed are/,
      );
    });
  }
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageFunction, writeFunction } from '../../../scripts/package-lambda.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { lambdaEvent } from '../../unit/lambda/events.ts';
import { startRecordingEc2 } from './recording-ec2.ts';
import { type LambdaFunction, startTaggerFunction } from './tagger-function.ts';
import { unzip } from './unzip.ts';

describe('the tagger’s zip', () => {
  it('has less than 1 MB, and the same bytes each time', async () => {
    const first = (await packageFunction('tagger')).archive;
    assert.ok(first.length < 1_000_000, `${first.length} bytes`);
    assert.ok(
      first.equals((await packageFunction('tagger')).archive),
      'two builds of the same sources differ',
    );
  });

  it('holds the handler’s file, readable by the user that Lambda runs as', async () => {
    const { archive } = await packageFunction('tagger');
    const files = unzip(archive).map(({ name, mode }) => ({ name, mode: mode.toString(8) }));
    assert.deepEqual(files, [
      { name: 'LICENSE', mode: '100644' },
      { name: 'THIRD-PARTY-LICENSES.txt', mode: '100644' },
      { name: 'sbom.cdx.json', mode: '100644' },
      { name: 'tagger.mjs', mode: '100644' },
    ]);
  });

  it('comes with its checksum and an SBOM, and a licence of each package of which it has code', async (t) => {
    const file = join(temporaryDirectory(t), 'tagger.zip');
    const archive = await writeFunction('tagger', file);
    execFileSync('sha256sum', ['--check', '--strict', 'tagger.zip.sha256'], {
      cwd: dirname(file),
      stdio: 'pipe',
    });
    const inside = new Map(unzip(archive).map(({ name, data }) => [name, Buffer.from(data).toString()]));
    const bom = JSON.parse(inside.get('sbom.cdx.json') ?? '');
    assert.deepEqual(JSON.parse(readFileSync(file.replace('.zip', '.cdx.json'), 'utf8')), bom);
    assert.equal(bom.metadata.component.name, 'ecs-drain-agent-tagger');
    const names = bom.components.map(({ group, name }: { group?: string; name: string }) =>
      group ? `${group}/${name}` : name,
    );
    assert.ok(names.includes('@aws-sdk/client-ec2'), 'a scanner would not find what to look up');
    for (const name of ['pino', '@aws-sdk/client-ecs', 'node']) assert.ok(!names.includes(name), name);
    for (const { name, version } of bom.components)
      assert.match(inside.get('THIRD-PARTY-LICENSES.txt') ?? '', new RegExp(`${name} ${version} \\(`));
    for (const [name, text] of inside)
      assert.ok(!text.includes(process.cwd()), `${name} tells where it was built`);
  });
});

describe('the tagger, run by the runtime interface from its zip', () => {
  let ec2: Awaited<ReturnType<typeof startRecordingEc2>>;
  let tagger: LambdaFunction;

  before(async () => {
    ec2 = await startRecordingEc2();
    tagger = await startTaggerFunction({ AWS_ENDPOINT_URL: ec2.url, GROUP_NAMES: 'my-asg' });
  });
  after(async () => {
    await tagger.close();
    ec2.close();
  });

  const asked = () => ec2.requests.splice(0).map(({ Action, 'ResourceId.1': id }) => `${Action} ${id}`);

  it('asks EC2 for one tag on the instance of an EventBridge event, and logs one line of JSON', async () => {
    const outcome = await tagger.invoke(lambdaEvent('eventbridge-terminate'));
    assert.deepEqual(outcome, { kind: 'response', body: null });
    assert.deepEqual(ec2.requests.splice(0), [
      {
        Action: 'CreateTags',
        Version: '2016-11-15',
        'ResourceId.1': 'i-1234567890abcdef0',
        'Tag.1.Key': 'ecs-drain-agent:terminate',
        'Tag.1.Value': 'hook=my-lifecycle-hook time=2021-01-13T00:12:37.214Z',
      },
    ]);
    assert.deepEqual(JSON.parse(await tagger.line('i-1234567890abcdef0')), {
      event: 'tag.put',
      level: 'info',
      source: 'eventbridge',
      instanceId: 'i-1234567890abcdef0',
      key: 'ecs-drain-agent:terminate',
      value: 'hook=my-lifecycle-hook time=2021-01-13T00:12:37.214Z',
    });
  });

  it('tags from SNS', async () => {
    assert.equal((await tagger.invoke(lambdaEvent('sns-terminate'))).kind, 'response');
    assert.deepEqual(asked(), ['CreateTags i-0598c7d356eba48d7']);
  });

  it('tags from SQS and reports no failures', async () => {
    const outcome = await tagger.invoke(lambdaEvent('sqs-all-forms'));
    assert.deepEqual(outcome, { kind: 'response', body: { batchItemFailures: [] } });
    assert.deepEqual(asked(), [
      'CreateTags i-1234567890abcdef0',
      'CreateTags i-0aaaaaaaaaaaaaaa2',
      'CreateTags i-0aaaaaaaaaaaaaaa3',
      'CreateTags i-0aaaaaaaaaaaaaaa4',
    ]);
  });

  it('asks nothing for a test notification', async () => {
    assert.equal((await tagger.invoke(lambdaEvent('sns-test-notification'))).kind, 'response');
    assert.deepEqual(asked(), []);
  });

  it('tries again by itself when EC2 throttles or drops the connection', async () => {
    ec2.answers.push(
      { status: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.' },
      'reset',
    );
    assert.equal((await tagger.invoke(lambdaEvent('eventbridge-terminate'))).kind, 'response');
    assert.equal(asked().length, 3);
  });

  it('is done with an instance that EC2 no longer knows', async () => {
    ec2.answers.push({
      status: 400,
      code: 'InvalidInstanceID.NotFound',
      message: "The instance ID 'i-1234567890abcdef0' does not exist",
    });
    assert.equal((await tagger.invoke(lambdaEvent('eventbridge-terminate'))).kind, 'response');
    assert.deepEqual(asked(), ['CreateTags i-1234567890abcdef0']);
  });

  it('fails where it may not tag, and works on with the next event', async () => {
    ec2.answers.push({
      status: 403,
      code: 'UnauthorizedOperation',
      message:
        'You are not authorized to perform this operation. Encoded authorization failure message: c2VjcmV0',
    });
    assert.deepEqual(await tagger.invoke(lambdaEvent('eventbridge-terminate')), {
      kind: 'error',
      errorType: 'Error',
      errorMessage: 'UnauthorizedOperation: You are not authorized to perform this operation.',
    });
    assert.equal((await tagger.invoke(lambdaEvent('eventbridge-terminate'))).kind, 'response');
    assert.equal(asked().length, 2);
  });

  it('fails on a message that is no notice', async () => {
    const outcome = await tagger.invoke({ Records: [{ messageId: '1', body: 'Hello from SQS!' }] });
    assert.equal(outcome.kind, 'error');
    assert.deepEqual(asked(), []);
  });

  it('wrote nothing but JSON lines', async () => {
    await tagger.line('MalformedNotice');
    for (const line of tagger.lines) assert.equal(typeof JSON.parse(line).event, 'string', line);
  });
});

describe('a tagger with a tag key that the agent could never read', () => {
  it('does not start, and says what is allowed', async () => {
    const tagger = await startTaggerFunction({
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      TAG_KEY: 'drain this',
    });
    try {
      const outcome = await tagger.initError;
      assert.equal(outcome.kind, 'error');
      assert.match(outcome.errorMessage, /^TAG_KEY is "drain this": allowed are/);
    } finally {
      await tagger.close();
    }
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { resolve, template } from './cloudformation.ts';
import { cfnLint } from './tools.ts';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../deploy/cloudformation/', import.meta.url));
const lint = await cfnLint(process.env.CI !== undefined);

describe('the CloudFormation template of ecs-scaler', () => {
  it(`passes ${lint.kind === 'found' ? lint.name : 'cfn-lint'}`, async (t) => {
    if (lint.kind === 'missing') {
      assert.equal(process.env.CI, undefined, lint.why);
      t.skip(lint.why);
      return;
    }
    await run(lint.path, ['--non-zero-exit-code', 'informational', `${folder}scaler.yaml`]);
  });

  it('lets one turn run at a time, and none late', () => {
    const { ScalerFunction, NoLateTurns, Schedule } = template('scaler').Resources;
    assert.equal(ScalerFunction?.Properties.ReservedConcurrentExecutions, 1);
    assert.equal(NoLateTurns?.Properties.MaximumRetryAttempts, 0);
    assert.equal(Schedule?.Properties.ScheduleExpression, 'rate(1 minute)');
  });
});

describe('the CloudFormation templates', () => {
  for (const name of ['add-to-group', 'example'] as const) {
    it(`${name}.yaml passes ${lint.kind === 'found' ? lint.name : 'cfn-lint'}`, async (t) => {
      if (lint.kind === 'missing') {
        assert.equal(process.env.CI, undefined, lint.why);
        t.skip(lint.why);
        return;
      }
      await run(lint.path, ['--non-zero-exit-code', 'informational', `${folder}${name}.yaml`]);
    });

    it(`${name}.yaml makes a hook whose failure leaves the instance to the retention policy`, () => {
      const hook = template(name).Resources.LifecycleHook?.Properties;
      assert.equal(hook?.LifecycleTransition, 'autoscaling:EC2_INSTANCE_TERMINATING');
      assert.equal(hook?.DefaultResult, 'ABANDON');
    });

    it(`${name}.yaml names the hook to the agent: a second hook would leave the drain without one`, () => {
      assert.match(
        readFileSync(`${folder}${name}.yaml`, 'utf8'),
        /ECS_DRAIN_LIFECYCLE_HOOK=(ecs-drain-agent|\$\{LifecycleHookName\})/,
      );
    });

    it(`${name}.yaml takes no heartbeat time-out that would shorten the 48 hours`, () => {
      const { Default, MinValue, MaxValue } = template(name).Parameters.HeartbeatTimeout ?? {};
      // 100 × 1,728 s = 48 h; 7,200 s is the most that Auto Scaling takes.
      assert.deepEqual([Default, MinValue, MaxValue], [3600, 1728, 7200]);
    });

    it(`${name}.yaml sends the tagger the events of this hook on this group alone, of instances that go`, () => {
      const source = template(name);
      const pattern = resolve(
        source,
        { AutoScalingGroupName: 'my-group', 'AWS::StackName': 'my-group' },
        source.Resources.TerminationRule?.Properties.EventPattern,
      );
      assert.deepEqual(pattern, {
        source: ['aws.autoscaling'],
        'detail-type': ['EC2 Instance-terminate Lifecycle Action'],
        detail: {
          AutoScalingGroupName: ['my-group'],
          LifecycleHookName: ['ecs-drain-agent'],
          Destination: ['EC2'],
        },
      });
    });

    it(`${name}.yaml keeps an event that fails, wherever it fails`, () => {
      const { TaggerFunction, TerminationRule } = template(name).Resources;
      const queue = { 'Fn::GetAtt': 'TaggerDeadLetterQueue.Arn' };
      assert.deepEqual(TaggerFunction?.Properties.DeadLetterConfig, { TargetArn: queue });
      const targets = TerminationRule?.Properties.Targets as { DeadLetterConfig: unknown }[] | undefined;
      assert.deepEqual(targets?.[0]?.DeadLetterConfig, { Arn: queue });
    });
  }

  it('example.yaml’s group keeps an instance whose hook was abandoned', () => {
    assert.deepEqual(template('example').Resources.Group?.Properties.InstanceLifecyclePolicy, {
      RetentionTriggers: { TerminateHookAbandon: 'retain' },
    });
  });

  it('example.yaml’s instances serve their tags in their metadata, by IMDSv2 alone', () => {
    const data = template('example').Resources.LaunchTemplate?.Properties.LaunchTemplateData as {
      MetadataOptions: unknown;
    };
    assert.deepEqual(data.MetadataOptions, {
      InstanceMetadataTags: 'enabled',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
    });
  });

  for (const [name, rest] of [
    ['add-to-group', ['LifecycleHook']],
    [
      'example',
      [
        'Cluster',
        'TaskDefinition',
        'InstanceRole',
        'InstanceProfile',
        'LaunchTemplate',
        'Group',
        'LifecycleHook',
        'AgentPolicy',
      ],
    ],
  ] as const) {
    it(`${name}.yaml makes no function, rule or queue unless the tagger is asked for`, () => {
      const { Parameters, Resources } = template(name);
      assert.equal(Parameters.Tagger?.Default, 'false', 'the docs advise to start without it');
      const by = (condition: string | undefined) =>
        Object.entries(Resources).flatMap(([resource, { Condition }]) =>
          Condition === condition ? [resource] : [],
        );
      assert.deepEqual(by(undefined), rest);
      assert.deepEqual(by('HasTagger'), [
        'TaggerLogGroup',
        'TaggerDeadLetterQueue',
        'TaggerDeadLetterQueuePolicy',
        'TaggerRole',
        'TaggerFunction',
        'TerminationRule',
        'TaggerPermission',
        'TaggerFailures',
      ]);
    });
  }

  it('add-to-group.yaml’s policy holds for its own group, or for all that match a pattern', () => {
    const source = template('add-to-group');
    const resources = (parameters: Record<string, string>) =>
      JSON.stringify(
        resolve(source, parameters, source.Resources.AgentPolicy?.Properties.PolicyDocument),
      ).match(/autoScalingGroupName\/[^"]+/g);
    const own = 'autoScalingGroupName/web-asg';
    assert.deepEqual(resources({ AutoScalingGroupName: 'web-asg' }), [own, own]);
    const pattern = 'autoScalingGroupName/batch-*';
    assert.deepEqual(resources({ AutoScalingGroupName: 'web-asg', PolicyGroupPattern: 'batch-*' }), [
      pattern,
      pattern,
    ]);
  });

  it('add-to-group.yaml says how to set the retention policy that it cannot set', () => {
    const source = template('add-to-group');
    const parameters = { AutoScalingGroupName: 'my-group' };
    assert.equal(
      resolve(source, parameters, source.Outputs.RetentionCommand?.Value),
      "aws autoscaling update-auto-scaling-group --region REGION --auto-scaling-group-name 'my-group' " +
        `--instance-lifecycle-policy '{"RetentionTriggers":{"TerminateHookAbandon":"retain"}}'`,
    );
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { awsServices as agentServices } from '../../src/aws/operations.ts';
import { awsServices as oneshotServices } from '../../src/oneshot/aws/operations.ts';
import { awsServices as scalerServices } from '../../src/scaler/aws/operations.ts';
import { CORDON_KEY } from '../../src/scaler/cordon-tag.ts';
import { apiCalls, unusedCalls } from './api-calls.ts';
import { resolve, template } from './cloudformation.ts';
import { allowedActions, list, type Policy, policyDocuments, type Statement } from './policy.ts';

const documents = policyDocuments();
const statements = (...names: string[]) =>
  names.flatMap((name) => {
    const document = documents.get(name);
    assert.ok(document !== undefined, `no deploy/iam/${name}.json`);
    return document.Statement;
  });
const agentDocuments = [...documents.keys()].filter((name) => name.startsWith('agent'));

const agentCalls = await apiCalls(agentServices);
const oneshotCalls = await apiCalls(oneshotServices);
const scalerCalls = await apiCalls(scalerServices);
const taggerCalls = await apiCalls({ ec2: () => import('../../src/lambda/sdk/ec2.ts') });

describe('the policies and the code', () => {
  it('agree on the agent: all that it can call is allowed, and nothing else', () => {
    assert.ok(agentCalls.includes('autoscaling:CompleteLifecycleAction'));
    assert.deepEqual(allowedActions(statements(...agentDocuments)), agentCalls);
  });

  it('agree on the tagger: all that it can call is allowed, and nothing else', () => {
    assert.deepEqual(taggerCalls, ['ec2:CreateTags']);
    assert.deepEqual(allowedActions(statements('tagger')), taggerCalls);
  });

  it('agree on ecs-oneshot: all that it can call is allowed, it uses all of it, and beside it only hands roles to tasks', () => {
    assert.ok(oneshotCalls.includes('ecs:RunTask'));
    assert.deepEqual(unusedCalls(oneshotCalls, 'oneshot/'), []);
    // The last one is of the role that calls LaunchInstances, which makes it in its name.
    assert.deepEqual(
      allowedActions(statements('oneshot', 'oneshot-group', 'oneshot-demand-queue', 'oneshot-logs')),
      [...oneshotCalls, 'ec2:CreateFleet'].sort(),
    );
    assert.deepEqual(
      allowedActions(statements('oneshot')),
      oneshotCalls.filter((call) => call.startsWith('ecs:')),
    );
    assert.deepEqual(allowedActions(statements('oneshot-pass-roles')), ['iam:PassRole']);
  });

  it('agree on ecs-scaler: all that it can call is allowed, and it uses all of it', () => {
    assert.ok(scalerCalls.includes('autoscaling:TerminateInstanceInAutoScalingGroup'));
    assert.deepEqual(unusedCalls(scalerCalls, 'scaler/'), []);
    // A batch needs the permission of its single call; CreateFleet is what LaunchInstances does in the caller's name.
    const actions = scalerCalls.map((call) => call.replace(/^sqs:(\w+)Batch$/, 'sqs:$1'));
    assert.deepEqual(
      allowedActions(statements('scaler', 'scaler-demand-queue', 'scaler-look-ahead')),
      [...actions, 'ec2:CreateFleet'].sort(),
    );
    assert.deepEqual(
      allowedActions(statements('scaler')),
      [...actions.filter((call) => !/^(sqs|cloudwatch):/.test(call)), 'ec2:CreateFleet'].sort(),
    );
  });

  it('grant the function of ecs-scaler its policies, bound to its cluster, group and queue', () => {
    const source = template('scaler');
    const names = {
      ClusterName: 'CLUSTER_NAME',
      AutoScalingGroupName: 'GROUP_NAME',
      'DemandQueue.Arn': 'arn:PARTITION:sqs:REGION:ACCOUNT_ID:QUEUE_NAME',
    };
    const all = source.Resources.ScalerRole?.Properties.Policies;
    const granted = (parameters: Record<string, string>) =>
      (resolve(source, { ...names, ...parameters }, all) as { PolicyDocument: Policy }[]).map(
        ({ PolicyDocument }) => PolicyDocument.Statement,
      );
    const own = statements('scaler', 'scaler-demand-queue');
    assert.deepEqual(granted({}).slice(0, -1), [own]);
    assert.deepEqual(granted({ LookAhead: 'true' }).slice(0, -1), [own, statements('scaler-look-ahead')]);
  });

  it('lets ecs-scaler tag container instances with its cordon alone', () => {
    const tagging = statements('scaler').find(({ Sid }) => Sid === 'TagCordonsOfCluster');
    assert.deepEqual(tagging?.Condition, {
      'ForAllValues:StringEquals': { 'aws:TagKeys': [CORDON_KEY] },
      // Of a request without any tag key the first holds too.
      Null: { 'aws:TagKeys': 'false' },
    });
  });

  it('ask for no permission that no line of the agent uses', () => {
    const agent = ['agent/', 'aws/', 'commands/', 'signals/'];
    assert.deepEqual(unusedCalls(agentCalls, ...agent), []);
  });

  it('grant what changes something in one place each', () => {
    assert.deepEqual(allowedActions(statements('agent-mode-drain')), ['ecs:UpdateContainerInstancesState']);
    assert.deepEqual(
      allowedActions(statements('agent-mode-drain')),
      allowedActions(statements('agent-mode-drain-own-instance')),
    );
    assert.deepEqual(
      allowedActions(statements('agent')).filter((action) => mutates(action)),
      [
        'autoscaling:CompleteLifecycleAction',
        'autoscaling:RecordLifecycleActionHeartbeat',
        'ecs:DeregisterContainerInstance',
      ],
    );
    assert.deepEqual(allowedActions(statements('agent-explain')).filter(mutates), []);
  });
});

describe('each statement of the policies', () => {
  const example = template('example');
  const all: [where: string, statement: Statement][] = [
    ...[...documents].flatMap(([name, { Statement }]) =>
      Statement.map((statement): [string, Statement] => [`deploy/iam/${name}.json`, statement]),
    ),
    ...(
      resolve(
        example,
        {
          'Cluster.Arn': 'arn:PARTITION:ecs:REGION:ACCOUNT_ID:cluster/CLUSTER_NAME',
          'AWS::StackName': 'CLUSTER_NAME',
        },
        inlinePolicies(example, 'InstanceRole'),
      ) as Policy[]
    ).flatMap(({ Statement }) =>
      Statement.map((statement): [string, Statement] => ['example.yaml', statement]),
    ),
  ];

  for (const [where, statement] of all) {
    it(`${statement.Sid} (${where}) says only what IAM evaluates for its actions`, () => {
      assert.equal(statement.Effect, 'Allow');
      for (const action of list(statement.Action)) {
        const { resources, conditionKeys } = fact(action);
        const kinds = Object.values(resources).map(pattern);
        for (const resource of list(statement.Resource)) {
          if (resource === '*') {
            // Who lists a whole cluster's tasks names no resource; the condition names the cluster. A fleet has no name
            // before it is made.
            const cannotName =
              kinds.length === 0 || ['ecs:TagResource', 'ecs:ListTasks', 'ec2:CreateFleet'].includes(action);
            assert.ok(cannotName, `${action} can name its resource`);
          } else {
            assert.ok(
              kinds.some((kind) => kind.test(resource)),
              `${action} takes no resource like ${resource}: IAM would never allow it`,
            );
          }
        }
        for (const key of Object.values(statement.Condition ?? {}).flatMap(Object.keys)) {
          assert.ok(
            conditionKeys.some((known) => pattern(known).test(key)),
            `${action} does not know ${key}: the condition would never hold`,
          );
        }
      }
    });
  }

  for (const [where, statement] of all.filter(([name]) => name.startsWith('deploy/iam/agent'))) {
    it(`${statement.Sid} (${where}) is bound to the agent's own cluster or group if it changes anything`, () => {
      for (const action of list(statement.Action).filter(mutates)) {
        for (const resource of list(statement.Resource)) {
          assert.match(resource, /\bCLUSTER_NAME\b|autoScalingGroupName\/GROUP_NAME$/, action);
        }
      }
    });
  }

  it('lets the tagger put its one tag on the instances of its one group', () => {
    assert.deepEqual(statements('tagger')[0]?.Condition, {
      StringEquals: { 'aws:ResourceTag/aws:autoscaling:groupName': 'GROUP_NAME' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['TAG_KEY'] },
    });
  });
});

describe('the CloudFormation templates', () => {
  const names = { ClusterName: 'CLUSTER_NAME', AutoScalingGroupName: 'GROUP_NAME', TagKey: 'TAG_KEY' };
  const choices: [parameters: Record<string, string>, documents: string[]][] = [
    [{}, ['agent', 'agent-mode-drain', 'agent-retained', 'agent-stop-tasks', 'agent-explain']],
    [
      { EndRetainedInstances: 'false', StopTasks: 'false', Explain: 'false', AgentMode: 'deregister' },
      ['agent'],
    ],
    [
      { OwnInstanceOnly: 'true', TagFromEc2Api: 'true', EndRetainedInstances: 'false', Explain: 'false' },
      ['agent', 'agent-mode-drain-own-instance', 'agent-stop-tasks', 'agent-tag-from-ec2'],
    ],
    [
      { OwnInstanceOnly: 'true', AgentMode: 'deregister', Explain: 'false', StopTasks: 'false' },
      ['agent', 'agent-retained'],
    ],
  ];
  for (const [parameters, expected] of choices) {
    it(`add-to-group with ${JSON.stringify(parameters)} grants ${expected.join(', ')}`, () => {
      const source = template('add-to-group');
      const policy = resolve(source, { ...names, ...parameters }, document(source, 'AgentPolicy')) as Policy;
      assert.deepEqual(policy.Statement, statements(...expected));
    });
  }

  it('example grants the agent all but reading tags from EC2, and lets an instance drain only itself', () => {
    const source = template('example');
    const policy = resolve(
      source,
      { 'AWS::StackName': 'CLUSTER_NAME' },
      document(source, 'AgentPolicy'),
    ) as Policy;
    const expected = statements(
      'agent',
      'agent-mode-drain-own-instance',
      'agent-retained',
      'agent-stop-tasks',
      'agent-explain',
    );
    // Cluster and group have the stack's name.
    assert.equal(
      JSON.stringify(policy.Statement),
      JSON.stringify(expected).replaceAll('GROUP_NAME', 'CLUSTER_NAME'),
    );
  });

  for (const [name, parameters] of [
    ['add-to-group', names],
    ['example', { 'AWS::StackName': 'GROUP_NAME' }],
  ] as const) {
    it(`${name} grants the tagger its policy, and what Lambda does in its name, bound to its own log and queue`, () => {
      const source = template(name);
      const [tagger, lambda, ...others] = resolve(
        source,
        parameters,
        inlinePolicies(source, 'TaggerRole'),
      ) as Policy[];
      const key = name === 'example' ? 'ecs-drain-agent:terminate' : 'TAG_KEY';
      assert.equal(
        JSON.stringify(tagger?.Statement),
        JSON.stringify(statements('tagger')).replaceAll('TAG_KEY', key),
      );
      assert.deepEqual(lambda?.Statement, [
        {
          Sid: 'WriteOwnLog',
          Effect: 'Allow',
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Resource: { 'Fn::GetAtt': 'TaggerLogGroup.Arn' },
        },
        {
          Sid: 'KeepFailedEvents',
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Resource: { 'Fn::GetAtt': 'TaggerDeadLetterQueue.Arn' },
        },
      ]);
      assert.deepEqual(others, []);
    });
  }
});

describe('in another partition', () => {
  it('every ARN of deploy/iam is of the partition that is filled in', () => {
    for (const [name, document] of documents) {
      const arns = JSON.stringify(document).match(/arn:[^:]*:/g) ?? [];
      for (const arn of arns) assert.equal(arn, 'arn:PARTITION:', `${name}: IAM would refuse the policy`);
    }
    assert.match(JSON.stringify([...documents.values()]), /arn:PARTITION:/);
  });

  for (const [partition, suffix] of [
    ['aws', 'amazonaws.com'],
    ['aws-cn', 'amazonaws.com.cn'],
    ['aws-us-gov', 'amazonaws.com'],
  ] as const) {
    for (const name of ['add-to-group', 'example']) {
      it(`${name} has ARNs and EC2's principal of ${partition} only`, () => {
        const source = template(name);
        const names = { 'AWS::Partition': partition, 'AWS::URLSuffix': suffix, Tagger: 'true' };
        const all = JSON.stringify([
          resolve(source, names, source.Resources),
          resolve(source, names, source.Outputs),
        ]);
        const arns = new Set(all.match(/arn:[^:]*:/g));
        assert.deepEqual([...arns], [`arn:${partition}:`]);
        for (const [principal] of all.matchAll(/"ec2\.amazonaws[^"]*"/g))
          assert.equal(principal, `"ec2.${suffix}"`, 'no instance could take its role');
        for (const [principal] of all.matchAll(/"(?:lambda|events)\.amazonaws[^"]*"/g))
          assert.match(principal, /\.amazonaws\.com"$/, 'these have one name everywhere');
      });
    }
  }
});

describe('the Terraform module', () => {
  it('takes its policies from the same documents', () => {
    const text = readFileSync(new URL('../../deploy/terraform/permissions.tf', import.meta.url), 'utf8');
    const named = [...text.matchAll(/"((?:agent|tagger)[a-z0-9-]*)"/g)].map(([, name]) => name ?? '');
    const ofInstances = [...documents.keys()].filter((name) => !/^(oneshot|scaler)/.test(name));
    assert.deepEqual([...new Set(named)].sort(), ofInstances.sort());
  });
});

type Fact = { access: string; resources: Record<string, string>; conditionKeys: string[] };

const facts = JSON.parse(readFileSync(new URL('service-authorization.json', import.meta.url), 'utf8')) as {
  actions: Record<string, Fact>;
};

function fact(action: string): Fact {
  const found = facts.actions[action];
  assert.ok(
    found !== undefined,
    `${action} is not in service-authorization.json: add what AWS documents of it`,
  );
  return found;
}

function mutates(action: string): boolean {
  return !['List', 'Read'].includes(fact(action).access);
}

/** A name of AWS's reference, e.g. `arn:…:task/${ClusterName}/${TaskId}`, as what it stands for. */
function pattern(name: string): RegExp {
  const parts = name.split(/\$\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}

function document(source: ReturnType<typeof template>, resource: string): unknown {
  return source.Resources[resource]?.Properties.PolicyDocument;
}

function inlinePolicies(source: ReturnType<typeof template>, role: string): unknown[] {
  const policies = source.Resources[role]?.Properties.Policies as { PolicyDocument: unknown }[];
  return policies.map(({ PolicyDocument }) => PolicyDocument);
}

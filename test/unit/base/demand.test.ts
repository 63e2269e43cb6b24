import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Demand, demandMessage, parseDemand } from '../../../src/base/demand.ts';

const demand: Demand = {
  cluster: 'batch',
  group: 'workers',
  key: 'nightly-2026-11-26',
  cpu: 1024,
  memory: 2048,
  gpu: 1,
  networkInterfaces: 1,
  ports: [
    { port: 8080, protocol: 'tcp' },
    { port: 53, protocol: 'udp' },
  ],
  constraints: [
    { type: 'distinctInstance' },
    { type: 'memberOf', expression: 'attribute:ecs.instance-type == m6i.large' },
  ],
  since: Date.UTC(2026, 10, 26, 1, 2, 3),
};

describe('a message of a demand queue', () => {
  test('has names that others can write and read', () => {
    assert.deepEqual(JSON.parse(demandMessage(demand)), {
      cluster: 'batch',
      group_name: 'workers',
      key: 'nightly-2026-11-26',
      cpu: 1024,
      memory: 2048,
      gpu: 1,
      network_interfaces: 1,
      ports: [8080, '53/udp'],
      constraints: [
        { type: 'distinctInstance' },
        { type: 'memberOf', expression: 'attribute:ecs.instance-type == m6i.large' },
      ],
      since: '2026-11-26T01:02:03.000Z',
    });
  });

  test('is read as it was written', () => {
    assert.deepEqual(parseDemand(demandMessage(demand)), { kind: 'demand', demand });
    const least = { ...demand, group: undefined, ports: [], constraints: [], since: undefined };
    assert.deepEqual(parseDemand(demandMessage(least)), { kind: 'demand', demand: least });
  });

  test('may have more members, or only the four that are needed; a cluster may be an ARN', () => {
    const body = JSON.stringify({
      cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/batch',
      key: 'k',
      cpu: 0,
      memory: 256,
      colour: 'red',
    });
    assert.deepEqual(parseDemand(body), {
      kind: 'demand',
      demand: {
        cluster: 'batch',
        group: undefined,
        key: 'k',
        cpu: 0,
        memory: 256,
        gpu: 0,
        networkInterfaces: 0,
        ports: [],
        constraints: [],
        since: undefined,
      },
    });
  });

  test('may be one of hako oneshot, in the envelope of SNS', () => {
    const hako = { group_name: 'workers', cluster: 'batch', cpu: 512, memory: 1024, hako_task_id: 'u-1' };
    const envelope = { Type: 'Notification', MessageId: 'm', Message: JSON.stringify(hako) };
    for (const body of [JSON.stringify(hako), JSON.stringify(envelope)]) {
      const read = parseDemand(body);
      assert.ok(read.kind === 'demand', 'a demand would go unheard');
      const { key, group, cpu, memory } = read.demand;
      assert.deepEqual({ key, group, cpu, memory }, { key: 'u-1', group: 'workers', cpu: 512, memory: 1024 });
    }
  });

  for (const [body, why] of [
    ['', /^it is not JSON/],
    ['{"cluster":', /^it is not JSON/],
    ['[]', /^it is no JSON object$/],
    ['null', /^it is no JSON object$/],
    [`"${'x'.repeat(70_000)}"`, /^it is longer than 65536 characters$/],
    [change({ cluster: undefined }), /^cluster is missing; it must be the name or ARN of a cluster$/],
    [change({ cluster: 'a b' }), /^cluster is "a b"/],
    [change({ key: '' }), /^key is ""/],
    [change({ key: 'k'.repeat(256) }), /^key is /],
    [change({ group_name: 'a/b' }), /^group_name is "a\/b"/],
    [change({ cpu: -1 }), /^cpu is -1/],
    [change({ cpu: '1024' }), /^cpu is "1024"/],
    [change({ memory: 1.5 }), /^memory is 1.5/],
    [change({ memory: 1e9 }), /^memory is 1000000000/],
    [change({ gpu: null }), /^gpu is null/],
    [change({ network_interfaces: '1' }), /^network_interfaces is "1"/],
    [change({ ports: [0] }), /^ports is \[0\]; it must be a list such as/],
    [change({ ports: ['53/sctp'] }), /^ports is /],
    [change({ ports: 8080 }), /^ports is 8080/],
    [change({ constraints: [{ type: 'memberOf' }] }), /^constraints is /],
    [change({ constraints: [{ type: 'near' }] }), /^constraints is /],
    [change({ since: 'yesterday' }), /^since is "yesterday"; it must be a time in ISO 8601$/],
  ] as const) {
    test(`that is ${body.slice(0, 60)} is reported, and nothing is made up`, () => {
      const read = parseDemand(body);
      assert.match(read.kind === 'unreadable' ? read.why : 'it was read', why);
    });
  }
});

function change(members: object): string {
  return JSON.stringify({ ...JSON.parse(demandMessage(demand)), ...members });
}

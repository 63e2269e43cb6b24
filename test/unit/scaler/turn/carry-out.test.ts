import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carryOut } from '../../../../src/scaler/turn/carry-out.ts';
import { cluster, type Given, jobs, NOW, planned } from '../plan/clusters.ts';

const MINUTE = 60_000;

/** The client tokens by which a job's instance is asked for, in a group with these instances. */
async function tokens(given: Readonly<Record<string, Given>>, at = NOW): Promise<readonly string[]> {
  const asked: string[] = [];
  const snapshot = { ...cluster(given, { demand: jobs(1) }), at };
  const call = async (_operation: string, input: { ClientToken?: string }) => {
    asked.push(input.ClientToken ?? '');
    return { Instances: [{ InstanceIds: ['i-new'] }] };
  };
  const ports = { call, cluster: 'batch', group: 'workers', name: 'ecs-scaler' } as never;
  await carryOut(planned(snapshot), snapshot, ports);
  return asked;
}

const full = { tasks: [{}, {}] };

test('scalers that see the same group launch once', async () => {
  assert.deepEqual(await tokens({ 'i-1': full }), await tokens({ 'i-1': full }));
});

test('a group that is as large as it was before is launched for again', async () => {
  const [before] = await tokens({ 'i-1': full });
  const [after] = await tokens({ 'i-2': full });
  assert.notEqual(
    before,
    after,
    'AWS would answer with the instances of then, and launch none: the job waits for ever',
  );
});

test('a zone that had no instance is asked again, and not for the answer that it gave', async () => {
  const [before] = await tokens({}, NOW);
  const [after] = await tokens({}, NOW + 5 * MINUTE);
  assert.notEqual(before, after, 'the failure would be answered again for as long as AWS keeps it');
});

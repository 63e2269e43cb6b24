import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createFleet, type Fleet } from '../../../src/sandbox/fleet.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/start.ts';
import { parseTagValue } from '../../../src/signals/tag-value.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { lambdaEvent } from '../../unit/lambda/events.ts';
import { type LambdaFunction, startTaggerFunction } from './tagger-function.ts';

describe('the tagger’s zip against the simulated EC2', () => {
  const clock = createVirtualClock();
  let fleet: Fleet;
  let sandbox: Sandbox;
  let tagger: LambdaFunction;

  before(async () => {
    fleet = createFleet({ clock, hooks: [{ name: 'drain' }] });
    sandbox = await startSandbox(fleet, { clock });
    tagger = await startTaggerFunction({
      AWS_ENDPOINT_URL: sandbox.apiUrl,
      GROUP_NAMES: `${fleet.group.name},my-asg`,
    });
  });
  after(async () => {
    await tagger.close();
    await sandbox.close();
  });

  it('makes the event of a scale-in appear as the tag in the instance’s own metadata', async () => {
    const machine = fleet.addInstance();
    await sandbox.settled();
    const delivered: unknown[] = [];
    fleet.world.onLifecycleEvent((event) => delivered.push(event));
    assert.equal(await metadataTag(machine.id), undefined);

    fleet.scaleIn(machine);
    while (delivered.length === 0) {
      const next = fleet.world.nextEventAt();
      assert.ok(next !== undefined, 'the group terminates the instance and nobody is told');
      clock.pass(Math.max(0, next - clock.now()));
      fleet.world.advance(clock.now());
    }

    const [event] = delivered as [{ time: string }];
    assert.equal((await tagger.invoke(event)).kind, 'response');
    const value = await metadataTag(machine.id);
    assert.equal(value, `hook=drain time=${event.time}`);
    assert.equal(parseTagValue(value).hook, 'drain');

    // The same event again, as AWS may deliver it.
    assert.equal((await tagger.invoke(event)).kind, 'response');
    assert.equal(await metadataTag(machine.id), value);
  });

  it('is done with an instance that is not there', async () => {
    assert.equal((await tagger.invoke(lambdaEvent('eventbridge-terminate'))).kind, 'response');
    const line = JSON.parse(await tagger.line('i-1234567890abcdef0')) as { event: string };
    assert.equal(line.event, 'instance.gone');
  });

  /** The terminate tag, read as the agent does; undefined where the answer is 404. */
  async function metadataTag(instanceId: string): Promise<string | undefined> {
    const metadata = `${sandbox.imdsUrl(instanceId)}/latest`;
    const token = await fetch(`${metadata}/api/token`, {
      method: 'PUT',
      headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
    });
    const answer = await fetch(`${metadata}/meta-data/tags/instance/ecs-drain-agent:terminate`, {
      headers: { 'X-aws-ec2-metadata-token': await token.text() },
    });
    const body = await answer.text();
    if (answer.status === 404) return undefined;
    assert.equal(answer.status, 200);
    return body;
  }
});

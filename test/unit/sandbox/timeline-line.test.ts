import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFleet } from '../../../src/sandbox/fleet.ts';
import { attachTagger } from '../../../src/sandbox/tagger.ts';
import { timelineLine } from '../../../src/sandbox/timeline-line.ts';
import { START } from '../../support/virtual-clock.ts';

const id = 'i-00000000000000001';

test('a drain is told a line for each event', () => {
  const fleet = createFleet({ now: START, timings: { terminatingToWait: 1500 } });
  const machine = fleet.addInstance({ instanceId: id });
  attachTagger(fleet, { hook: 'drain' });
  const lines: string[] = [];
  fleet.world.onEvent((event) => lines.push(timelineLine(event)));
  fleet.scaleIn(machine);
  fleet.pass(1500);
  assert.deepEqual(lines, [
    `03:04:05.000  ${id}   chosen for termination by web-asg: an instance was taken out of service to lower the capacity.`,
    `03:04:05.000  ${id}   lifecycle InService → Terminating`,
    `03:04:05.000  ${id}   metadata: target lifecycle state Terminated`,
    `03:04:06.500  ${id}   lifecycle Terminating → Terminating:Wait`,
    `03:04:06.500  ${id}   lifecycle event delivered for the hook drain`,
    `03:04:06.500  ${id}   tag put: ecs-drain-agent:terminate = hook=drain time=2026-01-02T03:04:06.500Z`,
    `03:04:06.500  ${id}   metadata shows the tag ecs-drain-agent:terminate`,
  ]);
});

test('what others wrote cannot command a terminal, nor begin a line of its own', () => {
  const line = timelineLine({
    at: START,
    type: 'tag-put',
    instanceId: id,
    key: 'k\u009b31m',
    value: 'a\u001b[2J\nb\u202ec',
  });
  assert.equal(line, `03:04:05.000  ${id}   tag put: k\ufffd31m = a\ufffd[2J\ufffdb\ufffdc`);
});

test('the tagger leaves other hooks alone', () => {
  const fleet = createFleet({ now: START, hooks: [{ name: 'backup' }] });
  const machine = fleet.addInstance();
  attachTagger(fleet, { hook: 'drain' });
  fleet.scaleIn(machine);
  fleet.pass(10_000);
  assert.deepEqual([...machine.tags], [['aws:autoscaling:groupName', 'web-asg']]);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { otherEnd } from '../../../../src/agent/decide/other-hooks.ts';
import type { Observation } from '../../../../src/agent/model.ts';
import { known } from '../../../../src/base/reading.ts';
import { HOUR, hook, inState, MINUTE, NOW, policy, withTask } from './observations.ts';

const ship = {
  name: 'ship-logs',
  heartbeatTimeout: 5 * MINUTE,
  globalTimeout: HOUR,
  defaultResult: 'ABANDON',
};
const endOf = (seen: Partial<Observation>) =>
  otherEnd({ ...withTask, hooks: known([hook, ship]), ...seen }, { ...policy, lifecycleHook: 'drain' });

describe('another owner’s hook that will end ours', () => {
  it('does so by its heartbeat time-out after the instance began to wait', () =>
    assert.deepEqual(endOf({}), { hook: 'ship-logs', at: NOW + 4 * MINUTE }));
  it('does so after an hour where it has no time-out of its own', () => {
    const { heartbeatTimeout: _, ...unset } = ship;
    const hooks = known([hook, { ...unset, heartbeatTimeout: undefined }]);
    assert.equal(endOf({ hooks })?.at, NOW - MINUTE + HOUR);
  });
  it('is the first of several', () => {
    const hooks = known([{ ...ship, name: 'later', heartbeatTimeout: HOUR }, ship, hook]);
    assert.equal(endOf({ hooks })?.hook, 'ship-logs');
  });
  it('does so unless it is known to end with CONTINUE', () => {
    assert.equal(endOf({ hooks: known([hook, { ...ship, defaultResult: 'CONTINUE' }]) }), undefined);
    assert.equal(endOf({ hooks: known([hook, { ...ship, defaultResult: undefined }]) })?.hook, 'ship-logs');
  });
  it('is kept waiting by its owner where its time has passed', () =>
    assert.equal(endOf({ now: NOW + 4 * MINUTE }), undefined));
  it('takes no task where the group retains, but for a root volume that is replaced', () => {
    assert.equal(endOf({ retainsAbandoned: known(true) }), undefined);
    const replacing = { retainsAbandoned: known(true), lifecycle: inState('ReplacingRootVolume:Wait') };
    assert.equal(endOf(replacing)?.hook, 'ship-logs');
  });
  it('is not looked for while no hook waits', () =>
    assert.equal(endOf({ lifecycle: inState('Terminating') }), undefined));
  it('is never our own', () => assert.equal(endOf({ hooks: known([hook]) }), undefined));
});

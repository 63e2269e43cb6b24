import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Deed } from '../../../../src/agent/act/mutations.ts';
import { outdated } from '../../../../src/agent/decide/freshness.ts';
import type { Look } from '../../../../src/agent/observe/ecs-view.ts';
import type { Source } from '../../../../src/agent/observe/poll.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';

const NOW = 1_000_000;
const SECOND = 1_000;

const never = () => assert.fail('nothing is asked or changed here');
const source = <T>(reading: Reading<T>, askedAt: number): Source<T> => ({
  reading: () => reading,
  askedAt: () => askedAt,
  isAsking: never,
  isStale: never,
  restsUntil: never,
  ask: never,
  set: never,
  hasAnswered: never,
  forget: never,
  invalidate: never,
});

type Seen = { lookAge?: number; registrationAge?: number; says?: string | undefined; saw?: string };

/** What has to be asked anew, given how old (in ms) what was asked last is. */
function toAsk(
  deed: Deed,
  { lookAge = 0, registrationAge = 0, says, saw = 'a' }: Seen,
  moments: { decidedAgo?: number; restedAgo?: number } = {},
) {
  const look = source<Look>(
    known({
      containerInstance: { kind: 'deregistered', arn: saw },
      tasks: known([]),
      requests: 0,
      isRemembered: says === undefined,
    }),
    NOW - lookAge,
  );
  const registration = source(
    says === undefined ? unknown('it is silent') : known({ cluster: 'web', containerInstanceArn: says }),
    NOW - registrationAge,
  );
  const found = outdated(
    deed,
    { look, registration },
    {
      now: NOW,
      decidedAt: NOW - (moments.decidedAgo ?? 0),
      restedUntil: NOW - (moments.restedAgo ?? Infinity),
    },
  );
  return found === look ? 'look' : found === registration ? 'registration' : found;
}

const complete = {
  kind: 'complete',
  group: 'web',
  hook: 'drain',
  result: 'CONTINUE',
  why: 'drained',
} as const;
const deregister = (status: string): Deed => ({
  kind: 'deregister',
  containerInstance: { kind: 'registered', cluster: 'web', arn: 'a', status },
});

for (const deed of [
  complete,
  { kind: 'terminate', why: 'drained' },
  { kind: 'terminate', why: 'rebalance' },
] as const)
  describe(`before ${deed.kind} (${deed.why})`, () => {
    it('nothing is asked again where all of it is at most half a second old', () =>
      assert.equal(toAsk(deed, { lookAge: 500, registrationAge: 500, says: 'a' }), undefined));
    it('the ECS agent is asked again after that', () =>
      assert.equal(toAsk(deed, { registrationAge: 501, says: 'a' }), 'registration'));
    it('ECS is asked again after that', () => assert.equal(toAsk(deed, { lookAge: 501, says: 'a' }), 'look'));
    it('ECS is not asked twice, however long it takes to answer', () =>
      assert.equal(toAsk(deed, { lookAge: 60 * SECOND, says: 'a' }, { decidedAgo: 60 * SECOND }), undefined));
    it('ECS is asked again where the host is another container instance by now', () =>
      assert.equal(toAsk(deed, { says: 'b' }), 'look'));
    it('the silence of the ECS agent keeps nothing waiting', () => assert.equal(toAsk(deed, {}), undefined));
  });

describe('before a limit lets the instance go', () => {
  for (const deed of [
    { ...complete, why: 'timeout' },
    { ...complete, result: 'ABANDON', why: 'hook-limit' },
    { kind: 'terminate', why: 'timeout' },
  ] as const)
    it(`(${deed.kind}, ${deed.why}) nothing is asked`, () =>
      assert.equal(toAsk(deed, { lookAge: 600 * SECOND, registrationAge: 600 * SECOND }), undefined));
});

describe('before a container instance is deregistered', () => {
  it('its tasks are listed anew after a try, while it is ACTIVE', () => {
    const tried = { restedAgo: SECOND };
    assert.equal(toAsk(deregister('ACTIVE'), { lookAge: 2 * SECOND }, tried), 'look');
    assert.equal(toAsk(deregister('ACTIVE'), { lookAge: SECOND }, tried), undefined);
    assert.equal(toAsk(deregister('ACTIVE'), { lookAge: 60 * SECOND }), undefined);
  });
  it('the last list counts while it is DRAINING', () =>
    assert.equal(toAsk(deregister('DRAINING'), { lookAge: 60 * SECOND }, { restedAgo: 0 }), undefined));
});

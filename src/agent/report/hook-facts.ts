import { isoTime } from '../../base/clock.ts';
import type { HookFacts } from '../../operator-hooks/operator-hooks.ts';
import { onWallClock } from '../decide/facts.ts';
import type { Observation, Policy } from '../model.ts';
import { factsOf } from './report.ts';

/** What a stage's hooks are told. */
export function hookFacts(
  observed: Observation,
  policy: Policy,
  instanceId: string,
  region: string,
): HookFacts {
  const {
    tasks: _,
    deadline: __,
    blockedBy: ___,
    lastTaskEndedAt: ____,
    ...facts
  } = factsOf(observed, policy);
  const { signalledAt } = observed.memory;
  return {
    ...facts,
    cluster: facts.cluster ?? clusterIn(facts.containerInstance),
    instanceId,
    region,
    ...(signalledAt !== undefined && { signalledAt: isoTime(onWallClock(signalledAt, observed)) }),
  };
}

/** In an ARN of today's form, `…:container-instance/CLUSTER/ID`: once deregistered, nothing else says it. */
function clusterIn(arn: string | undefined): string | undefined {
  const parts = arn?.split('/') ?? [];
  return parts.length === 3 ? parts[1] : undefined;
}

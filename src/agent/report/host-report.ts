import type { Caller } from '../../aws/call.ts';
import {
  AwsError,
  type AwsErrorKind,
  isGivenUp,
  isNothingWaiting,
  isTasksRunning,
} from '../../aws/errors.ts';
import { type Clock, isoTime } from '../../base/clock.ts';
import type { EcsAgent, Registration } from '../../host/ecs-agent.ts';
import type { Problem } from './problems.ts';
import type { Report } from './report.ts';
import { UNKNOWN_BEFORE_WARNING_MS } from './signal-transitions.ts';

/** Adds to reports what is known outside of a drain: who this is, and which calls fail, since when. */
export type HostReport = {
  /** The same caller; its failures are in the reports until it succeeds. */
  watchCalls(call: Caller): Caller;
  /** The same ECS agent; at rest, the reports name what it registered. */
  watchEcsAgent(ecsAgent: EcsAgent): EcsAgent;
  complete(report: Report): Report;
};

/** What may pass by itself is a problem only once tries so far apart, in ms, have failed in a row. */
const LASTING_MS: Partial<Record<AwsErrorKind, number>> = { transient: 60_000, throttled: 300_000 };
/** A call that has not been made again for this long, in ms, is not needed any more: a lost answer may have been that of a success. */
const GIVEN_UP_MS: Partial<Record<AwsErrorKind, number>> = {
  transient: 600_000,
  throttled: 600_000,
  rejected: 600_000,
};
/** An ECS agent takes some time to register after a boot, in ms. */
const REGISTERS_WITHIN_MS = 60_000;

type Failing = { readonly error: AwsError; readonly since: number; readonly at: number };

/** @param clock the host's own, whose times are shown */
export function createHostReport(
  { instanceId, region }: { readonly instanceId: string; readonly region: string },
  clock: Clock,
): HostReport {
  const failing = new Map<string, Failing>();
  /** When each problem was first seen, on the monotonic clock. */
  let seen = new Map<string, number>();
  let registered: Registration | undefined;
  let silent: { readonly since: number; readonly cause: string } | undefined;

  function note(operation: string, error: unknown) {
    if (!(error instanceof AwsError) || isGivenUp(error)) return;
    // A drain's normal course: AWS has answered.
    if (isTasksRunning(error) || isNothingWaiting(error)) return void failing.delete(operation);
    const at = clock.monotonic();
    const before = failing.get(operation);
    failing.set(operation, { error, since: before && !isGivenUpBy(before, at) ? before.since : at, at });
  }

  const isGivenUpBy = ({ error, at }: Failing, now: number) =>
    now >= at + (GIVEN_UP_MS[error.kind] ?? Infinity);

  const isoOf = (at: number) => isoTime(clock.now() - (clock.monotonic() - at));

  function complete(report: Report): Report {
    const isAtRest = report.state === 'watching';
    if (isAtRest) forgetDrain(failing);
    const now = clock.monotonic();
    const calls = [...failing.values()].filter(
      (one) => one.at >= one.since + (LASTING_MS[one.error.kind] ?? 0) && !isGivenUpBy(one, now),
    );
    const problems = [
      ...calls.map(({ error, since }): Problem => ({ ...ofCall(error), since: isoOf(since) })),
      ...(isAtRest && silent && now >= silent.since + REGISTERS_WITHIN_MS
        ? [{ ...ofEcsAgent(silent.cause), since: isoOf(silent.since) }]
        : []),
      ...dated(report.problems ?? [], calls.length > 0),
    ];
    return {
      instanceId,
      region,
      ...(isAtRest &&
        registered && {
          cluster: registered.cluster,
          containerInstance: registered.containerInstanceArn,
        }),
      ...report,
      problems,
    };
  }

  /** @param isExplained a call that fails: what is not known is so because of it */
  function dated(problems: readonly Problem[], isExplained: boolean): readonly Problem[] {
    const now = clock.monotonic();
    const before = seen;
    seen = new Map(problems.map((one) => [keyOf(one), before.get(keyOf(one)) ?? now]));
    return problems.flatMap((one) => {
      const since = seen.get(keyOf(one)) ?? now;
      const isOpen = one.kind === 'unknown' || one.kind === 'metadata';
      return isOpen && (isExplained || now < since + UNKNOWN_BEFORE_WARNING_MS)
        ? []
        : [{ ...one, since: one.since ?? isoOf(since) }];
    });
  }

  return {
    watchCalls: (call) => async (operation, input, options) => {
      try {
        const output = await call(operation, input, options);
        failing.delete(operation);
        return output;
      } catch (error) {
        note(operation, error);
        throw error;
      }
    },
    watchEcsAgent: (ecsAgent) => ({
      ...ecsAgent,
      registration: async () => {
        const answer = await ecsAgent.registration();
        if (answer.kind === 'known') {
          registered = answer.value;
          silent = undefined;
        } else silent ??= { since: clock.monotonic(), cause: answer.cause };
        return answer;
      },
    }),
    complete,
  };
}

/** At rest the agent asks for the tag at most: what a drain could not do is nobody's problem any more. */
function forgetDrain(failing: Map<string, Failing>): void {
  for (const operation of failing.keys()) if (operation !== 'ec2:DescribeTags') failing.delete(operation);
}

function ofCall({ kind, code, operation, message }: AwsError): Problem {
  const said = message.replace(/^calling \S+: /, '');
  switch (kind) {
    case 'permission':
      return {
        kind: 'permission',
        iamAction: operation,
        why: `${operation} is forbidden (${said})`,
        fix: `allow ${operation} in the instance's role; it takes effect within a minute, without a restart`,
      };
    case 'credentials':
      return {
        kind: 'credentials',
        why: message,
        fix: 'give the instance a role, by an instance profile, and let its clock be right',
      };
    case 'throttled':
      return {
        kind: 'aws',
        why: `${operation} is throttled (${said})`,
        fix: 'see what else in the account asks this API so often (CloudTrail), or have its limit raised',
      };
    case 'rejected':
      return {
        kind: 'aws',
        why: message,
        fix: 'see what AWS says about it; ecs-drain-agent doctor says more',
      };
    default:
      if (code in FIXES) return { kind: 'aws', why: message, fix: FIXES[code] as string };
      return {
        kind: 'aws',
        why: `no answer: ${message}`,
        fix: `let the instance reach the ${operation.slice(0, operation.indexOf(':'))} API: a route and a security group, or a VPC endpoint`,
      };
  }
}

/** Of what is no outage of AWS, nor of the way there. */
const FIXES: Readonly<Record<string, string>> = {
  NotFromAws: 'see what proxy or firewall answers in the place of AWS, and let it pass the AWS APIs',
  // By the program's own loader.
  UnreadableProgram:
    'restart the agent if it was upgraded (systemctl restart ecs-drain-agent), else install it again',
};

const ofEcsAgent = (cause: string): Problem => ({
  kind: 'ecs-agent',
  why: `the ECS agent on this host does not answer: ${cause}`,
  fix: 'start the ECS agent (systemctl restart ecs); it answers once it has registered',
});

/** What a problem is the same by: its words hold times. */
const keyOf = ({ kind, why }: Problem) => `${kind} ${why.replaceAll(/\d+/g, '')}`;

import { AwsError } from '../aws/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Demand, PlacementConstraint } from '../base/demand.ts';
import type { DemandQueue } from './aws/demand-queue.ts';
import type { Group } from './aws/group.ts';
import type { Zones, ZonesOf } from './aws/subnets.ts';
import type { Tasks } from './aws/tasks.ts';
import { decide } from './launch/decide.ts';
import type { Call, Cancel, End, Launch, Outcome, Policy } from './launch/model.ts';
import { begin, cancelled, sent, settle } from './launch/settle.ts';
import { type RequestOptions, runTaskRequest } from './request.ts';
import { createTeller } from './tell-demand.ts';

export type LaunchPorts = {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly tasks: Tasks;
  /** Undefined where none is to be asked. */
  readonly group: Group | undefined;
  /** Where it says what it needs while there is no room; undefined: nowhere. */
  readonly demand: Demanding | undefined;
  readonly policy: Policy;
  readonly request: RequestOptions;
  /** Told after each step. */
  readonly onProgress: (launch: Launch) => void;
};

export type Demanding = {
  readonly queue: DemandQueue;
  /** What it is that waits; the needs are the launch's own. */
  readonly of: Pick<Demand, 'cluster' | 'group' | 'key'>;
  readonly zonesOf: ZonesOf;
};

export type Running = {
  /** How it ended. Rejects only for a mistake of this program. */
  readonly ended: Promise<End>;
  cancel(signal: Cancel['signal']): void;
};

/** Runs one task to its end: asks `decide` what is next, does it, and lets `settle` say what that means. */
export function startLaunch(ports: LaunchPorts): Running {
  const { clock, random, policy, demand } = ports;
  let launch = begin(clock.now());
  let wake = new AbortController();
  let insist: (end: End) => void = () => {};
  const insisted = new Promise<End>((resolve) => {
    insist = resolve;
  });

  const teller =
    demand &&
    createTeller({
      send: async ({ subnets, ...needs }, since) => {
        const constraints = [...needs.constraints, ...(await inZonesOf(demand, subnets))];
        await demand.queue.send({ ...demand.of, ...needs, constraints, since });
      },
      clock,
      random,
      onTold: (told) => {
        launch = { ...launch, told };
        ports.onProgress(launch);
      },
    });
  const onProgress = (now: Launch) => {
    teller?.update(now);
    ports.onProgress(now);
  };

  async function run(): Promise<End> {
    for (;;) {
      const step = decide(launch, policy, clock.now());
      onProgress(launch);
      if (step.kind === 'end') return step.end;
      if (step.kind === 'wait') {
        wake = new AbortController();
        await clock.sleep(step.until - clock.now(), { signal: wake.signal });
        continue;
      }
      launch = sent(launch, step.kind);
      const outcome = await perform(step, ports);
      launch = settle(launch, policy, outcome, clock.now(), random);
    }
  }

  return {
    // A second signal does not wait for the answer that the first one waits for.
    ended: Promise.race([run(), insisted]).finally(() => teller?.end()),
    cancel: (signal) => {
      launch = cancelled(launch, signal, clock.now());
      wake.abort();
      const step = launch.cancel?.insists ? decide(launch, policy, clock.now()) : undefined;
      if (step?.kind === 'end') insist(step.end);
    },
  };
}

/** That an instance must be in a zone of the subnets. Where that cannot be found out, the queue is told all the same. */
async function inZonesOf(
  { zonesOf }: Demanding,
  subnets: readonly string[],
): Promise<readonly PlacementConstraint[]> {
  const zones = await zonesOf(subnets).catch((error: unknown): Zones => {
    if (error instanceof AwsError) return { kind: 'unknown' };
    throw error;
  });
  if (zones.kind === 'unknown') return [];
  const names = [...zones.names].sort().join(', ');
  return [{ type: 'memberOf', expression: `attribute:ecs.availability-zone in [${names}]` }];
}

async function perform(step: Call, { tasks, group, policy, request }: LaunchPorts): Promise<Outcome> {
  try {
    switch (step.kind) {
      case 'define':
        return { kind: 'defined', definition: await tasks.define(policy.asked.taskDefinition) };
      case 'look':
        return { kind: 'looked', task: await tasks.find(request.key.startedBy) };
      case 'start': {
        const answer = await tasks.run(runTaskRequest(request, step.container, step.attempt));
        return { kind: 'start-answered', answer };
      }
      case 'grow':
        if (!group) throw new Error('there is no group to be asked');
        return { kind: 'grown', answer: await group.grow(step) };
      case 'compare':
        return { kind: 'compared', hasRoom: await tasks.hasRoom(step.needs, step.except) };
      case 'measure':
        // Where none is to be asked, nothing is known of it.
        return {
          kind: 'measured',
          fit: group ? await group.measure(step.needs, step.misfit) : { kind: 'unknown' },
        };
      case 'describe':
        return { kind: 'described', task: await tasks.describe(step.arn) };
      case 'stop':
        await tasks.stop(step.arn, stopReasons[step.why]);
        return { kind: 'stop-accepted', why: step.why };
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { kind: 'failed', call: step.kind, error };
  }
}

const stopReasons = {
  cancelled: 'ecs-oneshot was cancelled',
  'timed-out': 'the time limit of ecs-oneshot passed',
  'no-room': 'ecs-oneshot found no room in time',
} as const;

import { AwsError } from '../../aws/errors.ts';
import type { NeedMetric } from '../aws/need-metric.ts';
import { EXIT } from '../exit-codes.ts';
import type { Plan, Snapshot } from '../plan/model.ts';
import { plan } from '../plan/plan.ts';
import { carryOut } from './carry-out.ts';
import { historyOf, type Memory } from './memory.ts';
import { publishNeed, recallNeed } from './need.ts';
import type { CarryOutPorts, Outcome } from './outcome.ts';
import { type ReadPorts, readSnapshot } from './read.ts';

export type Turn =
  | {
      readonly kind: 'planned';
      readonly snapshot: Snapshot;
      readonly plan: Plan;
      /** Empty where the plan was only advice, or only to be shown. */
      readonly outcomes: readonly Outcome[];
      readonly warnings: readonly string[];
      readonly memory: Memory;
      readonly code: number;
    }
  | { readonly kind: 'not-planned'; readonly why: string; readonly memory: Memory; readonly code: number };

export type TurnPorts = ReadPorts &
  CarryOutPorts & {
    /** Absent: it does not look ahead. */
    readonly need?: NeedMetric | undefined;
  };

/** One turn: everything is read, decided, and carried out unless it is only to be shown. */
export async function takeTurn(
  ports: TurnPorts,
  memory: Memory,
  { waitMs, acts }: { readonly waitMs: number; readonly acts: boolean },
): Promise<Turn> {
  try {
    // Side by side: a turn is not longer for it.
    const [read, recalled] = await Promise.all([
      readSnapshot(ports, memory, waitMs, !acts),
      recallNeed(ports, memory.need),
    ]);
    if (read.kind === 'nothing-there')
      return { kind: 'not-planned', why: read.what, memory, code: EXIT.nothingThere };
    const { snapshot } = read;
    const history = historyOf({ ...read.memory, need: recalled.need });
    const made = plan(snapshot, history, ports.config);
    const outcomes = acts && made.standing.kind === 'acts' ? await carryOut(made, snapshot, ports) : [];
    const published = acts
      ? await publishNeed(ports, recalled.need, snapshot.at, made.needed)
      : { need: recalled.need, warnings: [] };
    return {
      kind: 'planned',
      snapshot,
      plan: made,
      outcomes,
      warnings: [...read.warnings, ...recalled.warnings, ...published.warnings],
      memory: { ...read.memory, need: published.need },
      code: codeOf(outcomes),
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const code =
      error.kind === 'permission' || error.kind === 'credentials'
        ? EXIT.permission
        : error.code === 'ClusterNotFoundException'
          ? EXIT.nothingThere
          : EXIT.notRead;
    return { kind: 'not-planned', why: `there is no plan: ${error.message}`, memory, code };
  }
}

function codeOf(outcomes: readonly Outcome[]): number {
  const errors = outcomes.filter((one) => one.kind === 'failed');
  if (errors.some(({ error }) => error?.kind === 'permission')) return EXIT.permission;
  return errors.length > 0 ? EXIT.notDone : 0;
}

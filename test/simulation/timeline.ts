import { isoTime } from '../../src/base/clock.ts';
import type { FaultKind, FaultMatch, TimelineEvent } from '../../src/sandbox/index.ts';
import { START } from '../support/virtual-clock.ts';
import type { Happening } from './plan.ts';

/** What happened, one line each, for people. Times are in ms since the Unix epoch. */
export type Timeline = {
  event(event: TimelineEvent): void;
  fault(at: number, match: FaultMatch, fault: FaultKind): void;
  happening(at: number, happening: Happening): void;
  note(at: number, text: string): void;
  log(at: number, event: string, message: string): void;
  call(at: number, operation: string, input: unknown): void;
  refusal(at: number, operation: string, error: unknown): void;
  readonly lines: readonly string[];
};

/** @param kept false for one that nobody will read */
export function createTimeline(kept: boolean): Timeline {
  const lines: string[] = [];
  const add = (at: number, who: string, what: string) =>
    lines.push(`${sinceStart(at)} ${who.padEnd(7)} ${what}`);
  const nothing = () => {};
  if (!kept)
    return {
      event: nothing,
      fault: nothing,
      happening: nothing,
      note: nothing,
      log: nothing,
      call: nothing,
      refusal: nothing,
      lines,
    };
  return {
    event: ({ at, ...event }) => {
      const { type, ...facts } = event;
      add(at, 'world', `${type} ${brief(facts)}`);
    },
    fault: (at, match, fault) => add(at, 'fault', `${brief(fault)} ${brief(match)}`),
    happening: (at, { at: _, ...happening }) => add(at, 'plan', brief(happening)),
    note: (at, text) => add(at, 'process', text),
    log: (at, event, message) => add(at, 'log', `${event}: ${message}`),
    call: (at, operation, input) => add(at, 'call', `${operation} ${brief(input)}`),
    refusal: (at, operation, error) => add(at, 'answer', `${operation} ${error}`),
    lines,
  };
}

/** `  1:02:03.456` since the agent's first start. */
function sinceStart(at: number): string {
  const text = isoTime(at - START).slice(11, 23);
  const days = Math.floor((at - START) / 86_400_000);
  return days > 0 ? `${days}d ${text}` : text;
}

const brief = (value: unknown) =>
  JSON.stringify(value)
    .replace(/arn:aws:ecs:[^"]*\/([^/"]{1,8})[^/"]*"/g, '…$1"')
    .replace(/i-0{16}/g, 'i-');

import type { End, EndKind, Launch, TaskView } from './model.ts';

/** A launch that ends by what the launcher itself has come to. @param task the one that was started, if any */
export function ended(
  launch: Launch,
  kind: EndKind,
  code: number,
  reason: string,
  task: TaskView | undefined,
): Launch {
  const end: End = { code, source: 'launcher', kind, reason, task };
  return { ...launch, phase: { kind: 'ended', end } };
}

/** What was asked for cannot be started. */
export const refused = (launch: Launch, code: number, reason: string) =>
  ended(launch, 'refused', code, reason, undefined);

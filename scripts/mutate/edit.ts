import type { Node } from 'typescript/unstable/ast';

/** A change of a text: what stands from `start` to `end`, in UTF-16 units, becomes `after`. */
export type Edit = {
  /** What kind of small bug it is. */
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly after: string;
};

/** Puts a text in the place of a node. */
export const replace = (operator: string, node: Node, after: string): Edit => ({
  operator,
  start: node.getStart(),
  end: node.getEnd(),
  after,
});

/** The text with one change. */
export const apply = (text: string, { start, end, after }: Omit<Edit, 'operator'>): string =>
  text.slice(0, start) + after + text.slice(end);

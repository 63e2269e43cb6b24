import {
  type Identifier,
  isArrayLiteralExpression,
  isCallExpression,
  isCaseClause,
  isExpression,
  isIdentifier,
  isLiteralTypeNode,
  isNumericLiteral,
  isPrefixUnaryExpression,
  isSpreadAssignment,
  isSpreadElement,
  isStringLiteral,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { type Edit, replace } from '../edit.ts';
import { isEquality } from './conditions.ts';

/** Another number, `true` for `false`, another text where a text decides something. */
export function changeConstant(node: Node): Edit[] {
  if (isLiteralTypeNode(node.parent)) return [];
  if (isNumericLiteral(node)) return otherNumbers(node, Number(node.text.replaceAll('_', '')));
  if (isIdentifier(node) && node.text === 'Infinity' && isExpression(node)) return [otherInfinity(node)];
  if (node.kind === SyntaxKind.TrueKeyword) return [replace('true for false', node, 'false')];
  if (node.kind === SyntaxKind.FalseKeyword) return [replace('true for false', node, 'true')];
  if (isStringLiteral(node) && decides(node)) return [replace('other text', node, "'__other__'")];
  return [];
}

/** A list or an object without what was spread into it. */
export function dropSpread(node: Node): Edit[] {
  if (!isSpreadElement(node) && !isSpreadAssignment(node)) return [];
  const comma = /^\s*,/.exec(node.getSourceFile().text.slice(node.getEnd()))?.[0] ?? '';
  return [
    {
      operator: 'drop spread',
      start: node.getStart(),
      end: node.getEnd() + comma.length,
      after: '',
    },
  ];
}

/** Twice and half of it: a limit that is too high, and one that is too low. */
const otherNumbers = (node: Node, value: number): Edit[] =>
  value === 0
    ? [replace('other constant', node, '1')]
    : [value * 2, value / 2].map((other) => replace('other constant', node, String(other)));

/** What never ends is over at once, and what was long ago never comes. */
const otherInfinity = (node: Identifier): Edit =>
  isPrefixUnaryExpression(node.parent) && node.parent.operator === SyntaxKind.MinusToken
    ? replace('other constant', node.parent, 'Infinity')
    : replace('other constant', node, '0');

/** Whether a text is compared with something, or something is looked for in it. */
function decides({ parent }: Node): boolean {
  return (
    isCaseClause(parent) ||
    isEquality(parent) ||
    isArrayLiteralExpression(parent) ||
    (isCallExpression(parent) &&
      /\.(startsWith|endsWith|includes|has|split)$/.test(parent.expression.getText()))
  );
}

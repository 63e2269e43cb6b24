import {
  type Expression,
  isBinaryExpression,
  isConditionalExpression,
  isDoStatement,
  isForStatement,
  isIfStatement,
  isPrefixUnaryExpression,
  isWhileStatement,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { type Edit, replace } from '../edit.ts';

/** What a branch or a loop depends on, the other way round. */
export function negateCondition(node: Node): Edit[] {
  const condition = conditionOf(node);
  if (!condition || isNegatedByOthers(condition)) return [];
  return [replace('negate condition', condition, `!(${condition.getText()})`)];
}

/** What counts where a thing is so, counts where it is not. */
export function dropNot(node: Node): Edit[] {
  if (!isPrefixUnaryExpression(node) || node.operator !== SyntaxKind.ExclamationToken) return [];
  return [replace('drop !', node, node.operand.getText())];
}

export const isEquality = (node: Node): boolean =>
  isBinaryExpression(node) && EQUALITIES.has(node.operatorToken.kind);

const EQUALITIES: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.EqualsEqualsEqualsToken,
  SyntaxKind.ExclamationEqualsEqualsToken,
]);

function conditionOf(node: Node): Expression | undefined {
  if (isIfStatement(node) || isWhileStatement(node) || isDoStatement(node)) return node.expression;
  return isForStatement(node) || isConditionalExpression(node) ? node.condition : undefined;
}

const isNegatedByOthers = (condition: Expression): boolean =>
  isEquality(condition) ||
  dropNot(condition).length > 0 ||
  condition.kind === SyntaxKind.TrueKeyword ||
  condition.kind === SyntaxKind.FalseKeyword;

import {
  isAwaitExpression,
  isBlock,
  isBreakStatement,
  isCallExpression,
  isCaseClause,
  isConstructorDeclaration,
  isContinueStatement,
  isDefaultClause,
  isExpressionStatement,
  isFunctionLikeDeclaration,
  isIfStatement,
  isReturnStatement,
  isThrowStatement,
  isVariableStatement,
  isVoidExpression,
  type Node,
} from 'typescript/unstable/ast';
import { type Edit, replace } from '../edit.ts';

/** Functions that only tell somebody something: neither dropped nor looked into. */
const LOGGING = /^(.*\.)?(log|\w+Log|tell|tellSignals|trace)$|^console\./;

/** Whether a node only logs: a call, or statements that come to nothing else. */
export function isLogging(node: Node): boolean {
  if (isCallExpression(node)) return LOGGING.test(node.expression.getText());
  if (isExpressionStatement(node)) return isLogging(calledIn(node.expression));
  if (isIfStatement(node)) return isLogging(node.thenStatement) && !node.elseStatement;
  return isBlock(node) && node.statements.some(isLogging) && node.statements.every(doesNothingElse);
}

const doesNothingElse = (node: Node): boolean => isVariableStatement(node) || isLogging(node);

/** A call, an assignment, a throw or a guard that is missing. */
export function dropStatement(node: Node): Edit[] {
  return isDroppable(node) ? [replace('drop statement', node, ';')] : [];
}

/**
 * A function that does nothing. Only where it returns nothing: what returns something is changed by the other
 * operators.
 */
export function returnEarly(node: Node): Edit[] {
  if (!isFunctionLikeDeclaration(node) || isConstructorDeclaration(node)) return [];
  const { body } = node;
  if (!body || !isBlock(body) || body.statements.length < 2 || returnsValue(body)) return [];
  if (isLogging(body)) return [];
  const start = body.getStart();
  return [{ operator: 'return early', start, end: start + 1, after: '{ return; ' }];
}

function isDroppable(node: Node): boolean {
  if (isExpressionStatement(node)) return true;
  if (isIfStatement(node)) return !node.elseStatement;
  if (isBreakStatement(node)) return !isCaseClause(node.parent) && !isDefaultClause(node.parent);
  return isThrowStatement(node) || isContinueStatement(node);
}

const calledIn = (expression: Node): Node =>
  isAwaitExpression(expression) || isVoidExpression(expression) ? expression.expression : expression;

function returnsValue(node: Node): boolean {
  if (isFunctionLikeDeclaration(node)) return false;
  if (isReturnStatement(node)) return node.expression !== undefined;
  return node.forEachChild((child) => returnsValue(child) || undefined) ?? false;
}

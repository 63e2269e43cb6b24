import {
  type BinaryExpression,
  isBinaryExpression,
  isCallExpression,
  isPostfixUnaryExpression,
  isPrefixUnaryExpression,
  isPropertyAccessExpression,
  isStringLiteral,
  isTemplateExpression,
  type Node,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { type Edit, replace } from '../edit.ts';

/** Another operator between two operands, or only the first of them. */
export function changeBinary(node: Node): Edit[] {
  if (!isBinaryExpression(node)) return [];
  const { left, right, operatorToken } = node;
  switch (operatorToken.kind) {
    case SyntaxKind.QuestionQuestionToken:
      return [replace('drop ?? x', node, `(${left.getText()})`)];
    case SyntaxKind.QuestionQuestionEqualsToken:
      return [replace('drop ?? x', operatorToken, '=')];
    case SyntaxKind.PlusEqualsToken:
      return [replace('arithmetic', operatorToken, '-=')];
    default: {
      const other = OTHERS[operatorToken.kind];
      if (!other || joinsText(node)) return [];
      return [replace(other.operator, node, `(${left.getText()} ${other.text} ${right.getText()})`)];
    }
  }
}

/** A counter that runs the wrong way. */
export function changeCounter(node: Node): Edit[] {
  if (!isPrefixUnaryExpression(node) && !isPostfixUnaryExpression(node)) return [];
  const other = COUNTERS[node.operator];
  if (!other) return [];
  const operand = node.operand.getText();
  return [replace('++ for --', node, isPrefixUnaryExpression(node) ? other + operand : operand + other)];
}

/** Any element for those that are asked for; some for every; the greatest for the least. */
export function changeCall(node: Node): Edit[] {
  if (!isCallExpression(node) || !isPropertyAccessExpression(node.expression)) return [];
  const { expression: object, name, questionDotToken } = node.expression;
  switch (name.text) {
    case 'filter':
      return [replace('drop filter', node, object.getText())];
    case 'find':
      return [
        replace('drop filter', node, `${object.getText()}${questionDotToken ? '?' : ''}.find(() => true)`),
      ];
    case 'some':
      return [replace('some for every', name, 'every')];
    case 'every':
      return [replace('some for every', name, 'some')];
    case 'min':
      return object.getText() === 'Math' ? [replace('min for max', name, 'max')] : [];
    case 'max':
      return object.getText() === 'Math' ? [replace('min for max', name, 'min')] : [];
    default:
      return [];
  }
}

const OTHERS: Partial<Record<SyntaxKind, { readonly operator: string; readonly text: string }>> = {
  [SyntaxKind.AmpersandAmpersandToken]: { operator: '&& for ||', text: '||' },
  [SyntaxKind.BarBarToken]: { operator: '&& for ||', text: '&&' },
  [SyntaxKind.LessThanToken]: { operator: 'boundary', text: '<=' },
  [SyntaxKind.LessThanEqualsToken]: { operator: 'boundary', text: '<' },
  [SyntaxKind.GreaterThanToken]: { operator: 'boundary', text: '>=' },
  [SyntaxKind.GreaterThanEqualsToken]: { operator: 'boundary', text: '>' },
  [SyntaxKind.EqualsEqualsEqualsToken]: { operator: '=== for !==', text: '!==' },
  [SyntaxKind.ExclamationEqualsEqualsToken]: { operator: '=== for !==', text: '===' },
  [SyntaxKind.PlusToken]: { operator: 'arithmetic', text: '-' },
  [SyntaxKind.MinusToken]: { operator: 'arithmetic', text: '+' },
  [SyntaxKind.AsteriskToken]: { operator: 'arithmetic', text: '/' },
  [SyntaxKind.SlashToken]: { operator: 'arithmetic', text: '*' },
  [SyntaxKind.AsteriskAsteriskToken]: { operator: 'arithmetic', text: '*' },
};

const COUNTERS: Partial<Record<SyntaxKind, string>> = {
  [SyntaxKind.PlusPlusToken]: '--',
  [SyntaxKind.MinusMinusToken]: '++',
};

/** Whether its `+` puts texts together. */
const joinsText = ({ left, right, operatorToken }: BinaryExpression): boolean =>
  operatorToken.kind === SyntaxKind.PlusToken &&
  [left, right].some((side) => isStringLiteral(side) || isTemplateExpression(side));

import { createHash } from 'node:crypto';
import {
  isExpressionWithTypeArguments,
  isFunctionDeclaration,
  isImportDeclaration,
  isInterfaceDeclaration,
  isMethodDeclaration,
  isPropertyAssignment,
  isTypeAliasDeclaration,
  isTypeNode,
  isVariableDeclaration,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import type { Edit } from './edit.ts';
import type { Source } from './files.ts';
import { dropNot, negateCondition } from './operators/conditions.ts';
import { changeBinary, changeCall, changeCounter } from './operators/expressions.ts';
import { dropStatement, isLogging, returnEarly } from './operators/statements.ts';
import { changeConstant, dropSpread } from './operators/values.ts';
import { parse } from './parse.ts';

/** A source with one small bug. */
export type Mutant = Edit & {
  /** Of what is changed, how and where: the same as long as that line and its function's name stay. */
  readonly id: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly before: string;
};

const OPERATORS = [
  negateCondition,
  dropNot,
  dropStatement,
  returnEarly,
  changeBinary,
  changeCounter,
  changeCall,
  changeConstant,
  dropSpread,
];

/** All mutants of some sources, in the order of the sources and their lines. */
export function listMutants(sources: readonly Source[]): Mutant[] {
  return parse(sources).flatMap((tree, index) => mutantsOf(sources[index] as Source, tree));
}

function mutantsOf({ file, text }: Source, tree: SourceFile): Mutant[] {
  const lines = text.split('\n');
  const times = new Map<string, number>();
  const found: Mutant[] = [];
  const visit = (node: Node, place: string): void => {
    if (isLeftAlone(node)) return;
    for (const operate of OPERATORS)
      for (const edit of operate(node)) {
        const line = text.slice(0, edit.start).split('\n').length;
        const before = text.slice(edit.start, edit.end);
        const key = [file, place, edit.operator, lines[line - 1]?.trim(), before, edit.after].join('\0');
        const time = times.get(key) ?? 0;
        times.set(key, time + 1);
        found.push({ id: hash(`${key}\0${time}`), file, line, before, ...edit });
      }
    const inner = nameOf(node);
    node.forEachChild((child) => visit(child, inner ? `${place}/${inner}` : place));
  };
  tree.forEachChild((child) => visit(child, ''));
  return found;
}

/** Types are gone when it runs; of what only logs, no promise depends. */
const isLeftAlone = (node: Node): boolean =>
  (isTypeNode(node) && !isExpressionWithTypeArguments(node)) ||
  isTypeAliasDeclaration(node) ||
  isInterfaceDeclaration(node) ||
  isImportDeclaration(node) ||
  isLogging(node);

/** The name of what a node declares: with the names around it, it says where in a file a line is. */
function nameOf(node: Node): string | undefined {
  const declares =
    isVariableDeclaration(node) ||
    isFunctionDeclaration(node) ||
    isMethodDeclaration(node) ||
    isPropertyAssignment(node);
  return declares ? node.name?.getText() : undefined;
}

const hash = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 10);

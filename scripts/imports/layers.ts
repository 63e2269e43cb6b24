import { reachable } from './circles.ts';
import type { Import, ImportGraph } from './import-graph.ts';

/**
 * The parts of src, lowest first. A file may import from its own part and from those above it in this list, not from
 * one that stands in the same row.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['config', 'log'],
  ['command-line'],
  ['host'],
  ['aws'],
  ['signals', 'operator-hooks'],
  ['agent', 'sandbox', 'lambda', 'oneshot', 'scaler'],
  ['metrics'],
  ['commands'],
  ['cli.ts'],
];

/** Parts that nothing else imports, with the files that may: they are not in the agent that an instance runs. */
const APART: Readonly<Record<string, readonly string[]>> = {
  sandbox: ['src/commands/sandbox.ts'],
  lambda: [],
  oneshot: [],
  scaler: [],
};

/** Parts that have one door: nothing outside imports another file of theirs. */
const DOORS: Readonly<Record<string, string>> = { sandbox: 'src/sandbox/index.ts' };

/** What loads an SDK of AWS: a program calls what these export, and the IAM policies are checked against that. */
const SDK_MODULES = /\/sdk\//;

/** Decisions are made from their arguments alone. */
const PURE = ['src/agent/decide/', 'src/oneshot/launch/', 'src/scaler/plan/'];

/** What breaks the order of src, one line each. */
export function layerProblems(graph: ImportGraph): readonly string[] {
  return [...graph].flatMap(([file, imports]) => [
    ...imports.flatMap(({ to }) => (to.includes('/') && isLocal(to) ? outOfOrder(file, to) : [])),
    ...(SDK_MODULES.test(file) ? [] : sdkProblems(file, imports)),
    ...(PURE.some((folder) => file.startsWith(folder)) ? impurities(graph, file) : []),
  ]);
}

function outOfOrder(file: string, to: string): readonly string[] {
  if (!to.startsWith('src/'))
    return to.endsWith('package.json') ? [] : [`${file} imports ${to}, which is not part of src`];
  const [from, target] = [partOf(file), partOf(to)];
  if (from === target) return [];
  const [fromLayer, targetLayer] = [layerOf(from), layerOf(target)];
  if (fromLayer < 0) return [`${file} is in no part that scripts/imports/layers.ts knows`];
  const allowed = APART[target];
  if (allowed && !allowed.includes(file)) return [`${file} imports ${to}: ${target} stands apart`];
  const door = DOORS[target];
  if (door && to !== door) return [`${file} imports ${to}: the door of ${target} is ${door}`];
  if (targetLayer < fromLayer) return [];
  return [`${file} imports ${to}: ${target} is not below ${from}`];
}

function sdkProblems(file: string, imports: readonly Import[]): readonly string[] {
  return imports
    .filter(({ to, kind }) => kind === 'value' && to.startsWith('@aws-sdk/'))
    .map(
      ({ to }) =>
        `${file} loads ${to}: only modules in a folder sdk do, so that what they export is all that is called`,
    );
}

/** What loads a module with effects into a file that must have none. */
function impurities(graph: ImportGraph, file: string): readonly string[] {
  return reachable(graph, file, ['value'])
    .filter((to) => !isLocal(to))
    .map((to) => `${file} loads ${to}, by way of its imports: decisions have no effects`);
}

const isLocal = (to: string) => !to.startsWith('node:') && /\.(ts|json|js|mjs)$/.test(to);
const partOf = (file: string) => file.split('/')[1] ?? '';
const layerOf = (part: string) => LAYERS.findIndex((parts) => parts.includes(part));

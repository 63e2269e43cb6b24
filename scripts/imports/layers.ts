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

/** Decisions are made from their arguments alone, and so is what an outcome means. */
const PURE = [
  'src/agent/decide/',
  'src/agent/act/settle',
  'src/agent/act/drain-state.ts',
  'src/agent/observe/container-instance.ts',
  'src/agent/observe/tasks.ts',
  'src/oneshot/launch/',
  'src/scaler/plan/',
];

/** The folders of a part through which data flows one way, each with those that its files may import from beside their own. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'src/agent/decide': [],
  'src/agent/observe': ['src/agent/decide'],
  'src/agent/act': ['src/agent/decide'],
  'src/agent/report': ['src/agent/decide'],
  'src/agent/state': [],
};

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
  if (from === target) return acrossFolders(file, to);
  const [fromLayer, targetLayer] = [layerOf(from), layerOf(target)];
  if (fromLayer < 0) return [`${file} is in no part that scripts/imports/layers.ts knows`];
  const allowed = APART[target];
  if (allowed && !allowed.includes(file)) return [`${file} imports ${to}: ${target} stands apart`];
  const door = DOORS[target];
  if (door && to !== door) return [`${file} imports ${to}: the door of ${target} is ${door}`];
  if (targetLayer < fromLayer) return [];
  return [`${file} imports ${to}: ${target} is not below ${from}`];
}

function acrossFolders(file: string, to: string): readonly string[] {
  const [from, target] = [folderOf(file), folderOf(to)];
  const allowed = FOLDERS[from];
  const isFine = !allowed || !FOLDERS[target] || from === target || allowed.includes(target);
  const part = from.split('/').slice(0, 2).join('/');
  const problem = `${target} is not before ${from}; what both need belongs into a file of ${part} itself`;
  return isFine ? [] : [`${file} imports ${to}: ${problem}`];
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
const folderOf = (file: string) => file.split('/').slice(0, 3).join('/');
const partOf = (file: string) => file.split('/')[1] ?? '';
const layerOf = (part: string) => LAYERS.findIndex((parts) => parts.includes(part));

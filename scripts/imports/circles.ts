import type { ImportGraph } from './import-graph.ts';

/**
 * The files that import each other, directly or by way of others: for each such group the shortest way round, from
 * its first file back to that file. Type imports count: files that need each other's types cannot be read apart.
 */
export function circles(graph: ImportGraph): readonly (readonly string[])[] {
  const seen = new Set<string>();
  const found: (readonly string[])[] = [];
  for (const start of graph.keys()) {
    if (seen.has(start)) continue;
    const circle = wayRound(graph, start);
    if (!circle) continue;
    found.push(circle);
    for (const file of groupOf(graph, start)) seen.add(file);
  }
  return found;
}

/** The shortest way from a file back to itself. */
function wayRound(graph: ImportGraph, start: string): readonly string[] | undefined {
  const ways: (readonly string[])[] = [[start]];
  const visited = new Set<string>();
  for (const way of ways) {
    for (const to of neighbours(graph, way.at(-1) ?? start)) {
      if (to === start) return [...way, start];
      if (visited.has(to)) continue;
      visited.add(to);
      ways.push([...way, to]);
    }
  }
  return undefined;
}

/** The files that can be reached from this one and from which it can be reached. */
function groupOf(graph: ImportGraph, start: string): readonly string[] {
  return reachable(graph, start).filter((file) => reachable(graph, file).includes(start));
}

/** All files that a file imports, directly or by way of others. */
export function reachable(
  graph: ImportGraph,
  start: string,
  kinds: readonly ('type' | 'value')[] = ['type', 'value'],
): readonly string[] {
  const reached = new Set<string>();
  const open = [start];
  for (const file of open) {
    for (const { to, kind } of graph.get(file) ?? []) {
      if (!kinds.includes(kind) || reached.has(to)) continue;
      reached.add(to);
      open.push(to);
    }
  }
  return [...reached];
}

function neighbours(graph: ImportGraph, file: string): readonly string[] {
  return (graph.get(file) ?? []).map(({ to }) => to).filter((to) => graph.has(to));
}

import { fileURLToPath } from 'node:url';
import { circles } from './imports/circles.ts';
import { readImportGraph } from './imports/import-graph.ts';
import { layerProblems } from './imports/layers.ts';

// `npm run check` holds the order of src with this: no file imports itself by way of others, and no part imports
// from one above it.

const graph = readImportGraph(fileURLToPath(new URL('..', import.meta.url)), 'src');
const problems = [
  ...circles(graph).map((circle) => `import circle:\n  ${circle.join('\n  → ')}`),
  ...layerProblems(graph),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

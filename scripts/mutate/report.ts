import type { Mutant } from './mutants.ts';
import { isKilled, score } from './score.ts';
import type { Verdict } from './stages.ts';

/** A mutant, and what became of it. */
export type Result = { readonly mutant: Mutant; readonly verdict: Verdict; readonly seconds: number };

/** One line for one mutant. */
export function describeResult({ mutant, verdict, seconds }: Result): string {
  const what = `${mutant.id} ${mutant.file}:${mutant.line} ${mutant.operator}`;
  const became =
    verdict.kind === 'survived'
      ? `SURVIVED ${shorten(mutant.before)} → ${shorten(mutant.after)}`
      : `killed by ${verdict.by}: ${shorten(verdict.test)}: ${shorten(verdict.why)}`;
  return `${what}: ${became} [${seconds.toFixed(1)} s]`;
}

/** A table by file, and what all of them came to. */
export function describeResults(results: readonly Result[], equivalents: number): string {
  const files = [...Map.groupBy(results, ({ mutant }) => mutant.file)].sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(4, ...files.map(([file]) => file.length));
  const row = (file: string, ...cells: readonly (string | number)[]) =>
    file.padEnd(width) + cells.map((cell) => String(cell).padStart(11)).join('');
  const killed = results.filter(isKilled).length;
  const survivors = results.filter((result) => !isKilled(result));
  return [
    row('file', 'mutants', 'unit', 'simulation', 'prior art', 'survived', 'killed'),
    ...files.map(([file, own]) => {
      const by = (stage: string) =>
        own.filter(({ verdict }) => verdict.kind === 'killed' && verdict.by === stage).length;
      const survived = own.length - own.filter(isKilled).length;
      return row(file, own.length, by('unit'), by('simulation'), by('prior art'), survived, percent(own));
    }),
    '',
    `a mutant took ${median(results.filter(isKilled))} s where it was killed, ${median(survivors)} s where it survived (medians)`,
    `killed ${killed} of ${results.length} (score ${percent(results)}), by file above; ${equivalents} equivalent are left out`,
  ].join('\n');
}

const percent = (results: readonly Result[]): string => `${score(results).toFixed(1)} %`;

function median(results: readonly Result[]): string {
  const seconds = results.map((result) => result.seconds).sort((a, b) => a - b);
  return (seconds[Math.floor(seconds.length / 2)] ?? 0).toFixed(1);
}

const shorten = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
};

import type { Result } from './report.ts';

/** In per cent of the mutants that are not equivalent: of all, and of each file. */
const LEAST_SCORE = 95;
const LEAST_SCORE_OF_FILE = 85;
/** A file of which fewer were tried has no score that counts. */
const FEWEST_OF_FILE = 20;
/** The score of so many is close enough to that of all: a run of 600, of which the equivalent ones are left out. */
const ENOUGH_TO_MEASURE = 500;
/** A smaller sample fails where chance alone explains its survivors less often than this. */
const UNLIKELY = 0.01;

/** Whether enough were killed, and why, in a line. */
export type Judgement = { readonly isEnough: boolean; readonly why: string };

/**
 * Judges the results of a run, of all and of each file. A small sample is left its luck: it fails only where it would
 * hardly have had so many survivors if as many of all were killed as must be.
 *
 * @param isWhole whether these are all mutants there are to try
 */
export function judge(results: readonly Result[], isWhole: boolean): Judgement {
  const measures = isWhole || results.length >= ENOUGH_TO_MEASURE;
  const files = [...Map.groupBy(results, ({ mutant }) => mutant.file)];
  const failed = [
    ...failure('all files', results, LEAST_SCORE, measures),
    ...files
      .filter(([, own]) => own.length >= FEWEST_OF_FILE)
      .flatMap(([file, own]) => failure(file, own, LEAST_SCORE_OF_FILE, measures)),
  ];
  if (failed.length > 0) return { isEnough: false, why: `not enough: ${failed.join('; ')}` };
  const why = measures
    ? `enough: at least ${LEAST_SCORE} % of all, and ${LEAST_SCORE_OF_FILE} % of each file of which ${FEWEST_OF_FILE} or more were tried`
    : `enough, as far as a sample of ${results.length} can say: with ${LEAST_SCORE} % of all killed, less than 1 such sample in 100 has ${fewestUnlikely(results.length, LEAST_SCORE)} survivors or more, and this one has ${survivorsOf(results)}`;
  return { isEnough: true, why };
}

export const isKilled = ({ verdict }: Result): boolean => verdict.kind === 'killed';

/** The killed, in per cent. */
export const score = (results: readonly Result[]): number =>
  results.length === 0 ? 100 : (100 * (results.length - survivorsOf(results))) / results.length;

const survivorsOf = (results: readonly Result[]): number =>
  results.filter((result) => !isKilled(result)).length;

function failure(of: string, results: readonly Result[], least: number, measures: boolean): string[] {
  const survivors = survivorsOf(results);
  if (measures)
    return score(results) < least
      ? [`${score(results).toFixed(1)} % of ${of}, at least ${least} % must be killed`]
      : [];
  const most = fewestUnlikely(results.length, least);
  return survivors >= most
    ? [
        `${survivors} of ${results.length} survived in ${of}: with ${least} % killed, less than 1 sample in 100 has ${most} or more`,
      ]
    : [];
}

/** How many survivors a sample has less often than once in 100, where so many per cent of all are killed. */
function fewestUnlikely(size: number, least: number): number {
  const survives = 1 - least / 100;
  let exactly = (1 - survives) ** size;
  let orMore = 1;
  let survivors = 0;
  while (survivors <= size && orMore >= UNLIKELY) {
    orMore -= exactly;
    survivors += 1;
    exactly *= ((size - survivors + 1) / survivors) * (survives / (1 - survives));
  }
  return survivors;
}

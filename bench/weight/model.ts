/** All that was measured of one figure of one program, in the order of the rounds. */
export type Sample = {
  readonly program: string;
  readonly figure: string;
  readonly values: readonly number[];
};

/** What gathers samples while rounds are run. */
export type Samples = {
  add(program: string, figure: string, value: number): void;
  all(): readonly Sample[];
  /** Undefined where nothing was measured. */
  median(program: string, figure: string): number | undefined;
};

export function createSamples(): Samples {
  const samples = new Map<string, { program: string; figure: string; values: number[] }>();
  const keyOf = (program: string, figure: string) => `${program}\n${figure}`;
  return {
    add: (program, figure, value) => {
      const key = keyOf(program, figure);
      const sample = samples.get(key) ?? { program, figure, values: [] };
      sample.values.push(value);
      samples.set(key, sample);
    },
    all: () => [...samples.values()],
    median: (program, figure) => {
      const values = samples.get(keyOf(program, figure))?.values;
      return values && quantile(values, 0.5);
    },
  };
}

/** By the nearest rank: a value that was measured. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

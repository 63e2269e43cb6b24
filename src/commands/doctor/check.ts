/** The result of one check of the host or of AWS. One line of output. */
export type Check = {
  readonly name: string;
  /**
   * `FAIL`: a drain would not complete, or would cost tasks. `warn`: it would complete, with something that an
   * operator should know. `skip`: not checked; the detail says why.
   */
  readonly status: 'ok' | 'warn' | 'FAIL' | 'skip';
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
};

/** Checks as they are made, and what they found out for the later ones. */
export type Checks<T = void> = AsyncGenerator<Check, T>;

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail });

export const skip = (name: string, detail: string): Check => ({ name, status: 'skip', detail });

export const warn = (name: string, detail: string, fix: string): Check => ({
  name,
  status: 'warn',
  detail,
  fix,
});

export const fail = (name: string, detail: string, fix: string): Check => ({
  name,
  status: 'FAIL',
  detail,
  fix,
});

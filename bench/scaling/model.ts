/** One task of a trace. Times in ms since the trace began, CPU in ECS units: 1,024 a vCPU. */
export type Job = {
  readonly id: number;
  readonly submittedAt: number;
  readonly runMs: number;
  /** What a scheduler would guess for `runMs`: wrong by up to a factor of two, either way. */
  readonly guessedMs: number;
  readonly cpu: number;
};

export type Trace = {
  readonly name: string;
  /** Whom to thank for it, where figures from it are shown. */
  readonly source: string | undefined;
  /** By the time of submission. */
  readonly jobs: readonly Job[];
};

export type Placement = 'binpack' | 'random' | 'lifetime-exact' | 'lifetime-rough';

export type PolicyName = 'seed-blind' | 'seed-chosen' | 'managed' | 'managed-eager' | 'scaler';

/** One replay: everything that its figures depend on, as plain data. */
export type Scenario = {
  /** A generated trace by its name, or a file. */
  readonly trace: string;
  readonly policy: PolicyName;
  readonly placement: Placement;
  /** From its launch to the registration of its ECS agent, in ms. */
  readonly bootMs: number;
  /** What an instance offers to tasks, in CPU units. */
  readonly instanceCpu: number;
  readonly seed: number;
  /** Of the scaler's configuration, in ms; undefined: its default. */
  readonly emptyForMs: number | undefined;
};

export type Figures = {
  readonly scenario: Scenario;
  readonly traceName: string;
  readonly source: string | undefined;
  readonly days: number;
  readonly jobs: number;
  readonly instanceHours: number;
  readonly oracleHours: number;
  /** From a job's submission to its start, in ms. */
  readonly wait: { readonly mean: number; readonly p99: number; readonly max: number };
  readonly launches: number;
  /** Hours that instances spent registered and without a task. */
  readonly emptyHours: number;
  /** Hours that they spent DRAINING. */
  readonly drainingHours: number;
  /** Requests to AWS, those of launchers left out. */
  readonly requests: number;
  /** What the replay took, in ms. */
  readonly tookMs: number;
};

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
export const VCPU = 1_024;

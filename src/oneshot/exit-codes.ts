import { EX_USAGE } from '../config/exit-codes.ts';

/**
 * What `ecs-oneshot run` exits with where it is not the container's own code. Most are of sysexits.h. A container may
 * exit with any of them too: the last line on stderr and the result file say whose code it is.
 */
export const EXIT = {
  /** The command line or the job file is wrong. */
  usage: EX_USAGE,
  /** The key was used with other parameters. */
  conflict: 65,
  /** The task could not be started, or failed to start. */
  notStarted: 69,
  /** The task ended without an exit code: its host was lost, or its Spot instance interrupted. */
  noExitCode: 71,
  /** There was no room in time. Nothing was started: safe to try again. */
  noRoom: 75,
  /** The launcher has lost track of the task: it may still run. */
  lost: 76,
  /** A policy forbids a call, or there are no credentials. */
  permission: 77,
  /** The time limit has passed, as of timeout(1). */
  timedOut: 124,
} as const;

/** 128 and the signal's number, as a shell says it. */
export const CANCELLED = { SIGINT: 130, SIGTERM: 143 } as const;

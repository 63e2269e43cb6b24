import { EX_USAGE } from '../config/exit-codes.ts';

/** What `ecs-scaler` exits with. Most are of sysexits.h. */
export const EXIT = {
  /** The command line is wrong. */
  usage: EX_USAGE,
  /** There is no such cluster or group, or none that can be sized. */
  nothingThere: 69,
  /** Something could not be read, so there is no plan: safe to try again. */
  notRead: 75,
  /** Some action could not be carried out: the next turn decides anew. */
  notDone: 76,
  /** A policy forbids a call, or there are no credentials. */
  permission: 77,
} as const;

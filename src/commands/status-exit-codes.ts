/** What the exit code of `status` tells. */
export const STATUS_EXIT_CODES = {
  watching: 0,
  draining: 10,
  released: 11,
  starting: 12,
  blocked: 13,
  'not-running': 3,
  unknown: 4,
} as const;

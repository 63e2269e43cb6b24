/** What the exit code of `status` tells. */
export const STATUS_EXIT_CODES = {
  watching: 0,
  'not-running': 3,
  unknown: 4,
  draining: 10,
  released: 11,
  starting: 12,
  blocked: 13,
} as const;

/** The same in words. */
export const STATUS_MEANING: Record<keyof typeof STATUS_EXIT_CODES, string> = {
  watching: 'watching: no signal says that this instance will be terminated',
  'not-running': 'no agent runs on this host',
  unknown: "not known: this user may not read the agent's status file",
  draining: 'draining',
  released: 'released: the instance is drained, and nothing is left to do',
  starting: 'starting: it waits for instance metadata',
  blocked:
    'watching or draining, and something must be fixed before a drain can begin or go on: status says what, since when, and how',
};

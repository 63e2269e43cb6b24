/** sysexits.h: the command line is wrong. */
export const EX_USAGE = 64;

/** sysexits.h: this installation lacks what the command needs. */
export const EX_UNAVAILABLE = 69;

/**
 * sysexits.h: another agent runs with the same state directory, or a file of the configuration, or of the program, cannot be
 * read. Each can pass at any time, so the unit starts this one again, at the growing intervals of `restart-delay`.
 */
export const EX_TEMPFAIL = 75;

/** sysexits.h: the environment or a configuration file is wrong. As after EX_USAGE, the unit does not start the agent again. */
export const EX_CONFIG = 78;

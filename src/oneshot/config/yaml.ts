/** A module of its own, to be loaded where a job file is read: a launch without one does without the parser. */
export { parse } from 'yaml';

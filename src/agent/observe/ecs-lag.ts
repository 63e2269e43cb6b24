/** ECS's answers can lag by minutes (RunTask's documentation): for this long, in ms, something new can be missing from them. */
export const LAG_MS = 5 * 60_000;
/** For this long, in ms, a single answer is not believed in which ECS does not know what it has just described. */
export const CONTRADICTION_MS = 30_000;

/** ECS's answers can lag by minutes (RunTask's documentation): for this long, in ms, what is new can be missing from them. */
export const LAG_MS = 5 * 60_000;
/** One answer that ECS does not know what it has just described is not believed for this long, in ms. */
export const CONTRADICTION_MS = 30_000;

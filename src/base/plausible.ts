/**
 * The most values that a body may hold. The largest that is real, of an ECS agent that still lists some thousand stopped
 * tasks, has about fifty a task. Eight megabytes of `"a":1,` or `{},` would take more memory than the process is given,
 * and seconds to parse.
 */
export const MAX_VALUES = 200_000;

/**
 * How many values a piece of JSON or XML may hold: it counts what begins or separates them, also inside of texts.
 * Native search only, since the agent runs without a compiler, and no further than one above `most`.
 */
export function countValues(piece: Searchable, most = MAX_VALUES): number {
  let found = 0;
  for (const sign of [',', '{', '[', '<']) {
    for (let at = piece.indexOf(sign); at >= 0; at = piece.indexOf(sign, at + 1))
      if (++found > most) return found;
  }
  return found;
}

/** A string or a Buffer. */
type Searchable = { indexOf(sign: string, from?: number): number };

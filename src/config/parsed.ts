/** What came of reading one option's text. `why` goes on from the text: `"5" has no unit`. */
export type Parsed<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'wrong'; readonly why: string };

export function parsed<T>(value: T): Parsed<T> {
  return { kind: 'ok', value };
}

export function wrong(why: string): Parsed<never> {
  return { kind: 'wrong', why };
}

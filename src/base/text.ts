/** The longest text from outside that is logged or shown, in UTF-16 code units. */
const LONGEST_TEXT = 512;

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A text of at most `longest` code units, with a mark where it was cut. */
export const clip = (text: string, longest = LONGEST_TEXT): string =>
  text.length > longest ? `${text.slice(0, longest)}…` : text;

/**
 * Text from outside, without what a terminal would obey or show otherwise than it stands: control characters, line
 * separators, and invisible ones that format, such as those that reverse the order of what follows or have no width.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

/** Text from outside, in a length and a form that a line on a terminal can hold. */
export const oneLine = (text: string): string => printable(clip(text));

/**
 * JSON with the same characters escaped; of them JSON itself escapes the first 32 only. In JSON they stand in texts
 * only, so it stays the same JSON.
 */
export function escaped(json: string): string {
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    // By code unit: a character beyond the first 65,536 is a pair of escapes.
    Array.from({ length: character.length }, (_, at) => escapeUnit(character.charCodeAt(at))).join(''),
  );
}

const escapeUnit = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;

/** A text from outside as messages show it: JSON shows what a terminal would not, control characters, spaces at the end. */
export const quote = (text: string) => escaped(JSON.stringify(clip(text, 200)));

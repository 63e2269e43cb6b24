/** Narrower than this, wrapping only makes it worse. */
const NARROWEST = 40;

type Stream = { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };

/** How wide a terminal is, in columns. One that does not know its width says 0; what is none does not wrap. */
export const columnsOf = ({ isTTY, columns }: Stream): number =>
  isTTY ? Math.max(NARROWEST, columns || 80) : Infinity;

/** The words in lines of at most `width` characters. A word that is longer has a line of its own. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** The same, all lines but the first behind an indent, as one text. @param used what stands in front of the first line, in characters */
export function wrapBehind(text: string, width: number, indent: string, used = indent.length): string {
  // A command that was broken into lines could not be copied into a shell.
  if (used + text.length <= width || /(^|[:;] )aws [a-z]/.test(text)) return text;
  const [first = ''] = wrap(text, Math.max(1, width - used));
  // A first word that does not fit beside what stands in front of it goes below.
  const isTooLong = used + first.length > width && used > indent.length;
  const rest = wrap(isTooLong ? text : text.slice(first.length + 1), width - indent.length);
  return [isTooLong ? '' : first, ...rest].filter((line, at) => at === 0 || line !== '').join(`\n${indent}`);
}

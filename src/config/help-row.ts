const COLUMN = 30;
const WIDTH = 100;

/** One line of `--help`, wrapped: a name, and beside it what it is. */
export function helpRow(name: string, text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH - COLUMN) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  lines.push(line);
  const indent = ' '.repeat(COLUMN);
  const first = name.length + 3 > COLUMN ? `  ${name}\n${indent}` : `  ${name}`.padEnd(COLUMN);
  return `${first}${lines.join(`\n${indent}`)}\n`;
}

import type { Progress } from './words.ts';

/** Where a launch says what it is doing: standard error. */
export type Screen = {
  /** Shows how it is now: in place on a terminal, and as a line of its own where that is news elsewhere. */
  progress(progress: Progress): void;
  /** Writes a line that stays. */
  say(text: string, tone?: Tone): void;
  /** Takes away what is shown in place. */
  clear(): void;
  /** Whether progress is shown in place: then it is worth showing anew how long something has been so. */
  readonly isLive: boolean;
};

export type Tone = 'plain' | 'good' | 'bad';

export type ScreenOptions = {
  readonly stream: { write(text: string): unknown; readonly columns?: number | undefined };
  /** Whether it is a terminal, on which a line can be written over. */
  readonly isTerminal: boolean;
  readonly hasColour: boolean;
};

const NAME = 'ecs-oneshot: ';

export function createScreen({ stream, isTerminal, hasColour }: ScreenOptions): Screen {
  let topic: string | undefined;
  /** What is shown in place; empty: nothing is. */
  let shown: readonly string[] = [];
  const paint = (code: string, text: string) => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text);
  /** To the first column of the first line that is shown in place, and everything from there away. */
  const wipe = () => {
    if (shown.length === 0) return '';
    return `${shown.length > 1 ? `\u001b[${shown.length - 1}A` : ''}\r\u001b[J`;
  };
  const clear = () => {
    const text = wipe();
    if (text !== '') stream.write(text);
    shown = [];
  };
  return {
    isLive: isTerminal,
    progress: (progress) => {
      if (!isTerminal) {
        if (progress.topic !== topic) stream.write(`${NAME}${progress.topic}\n`);
        topic = progress.topic;
        return;
      }
      // A terminal that does not know its width says 0.
      const columns = stream.columns || 80;
      const [first = '', ...details] = progress.lines;
      const lines = [
        paint(colours[progress.mood], fit(`${NAME}${first}`, columns)),
        ...details.flatMap((detail) => wrap(detail, columns)).map((line) => paint(DIM, fit(line, columns))),
      ];
      if (lines.join('\n') === shown.join('\n')) return;
      // At one go: nothing flickers.
      stream.write(`${wipe()}${lines.join('\n')}`);
      shown = lines;
    },
    say: (text, tone = 'plain') => {
      const line = `${NAME}${text}`;
      stream.write(`${wipe()}${tone === 'plain' ? line : paint(tone === 'good' ? '32' : '31', line)}\n`);
      shown = [];
    },
    clear,
  };
}

/** A line that wraps could not be written over; the terminal itself writes `^C` behind it. */
const fit = (text: string, columns: number) =>
  text.length < columns - 2 ? text : `${text.slice(0, Math.max(0, columns - 4))}…`;

/** The most lines that one detail takes. */
const MOST_LINES = 3;

/** Indented lines of whole words; what is left over stays in the last one. */
function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const isFull = last !== undefined && last.length + 1 + word.length >= columns - 2;
    if (last === undefined || (isFull && lines.length < MOST_LINES)) lines.push(`  ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

const DIM = '2';
const colours = { working: DIM, waiting: '33', running: '36' } as const;

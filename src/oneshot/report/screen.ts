import type { Progress } from './words.ts';

/** Where a launch says what it is doing: standard error. */
export type Screen = {
  /** Shows how it is now: in place on a terminal, and as a line of its own where that is news elsewhere. */
  progress(progress: Progress): void;
  /** Writes a line that stays. */
  say(text: string, tone?: Tone): void;
  /** Takes away what is shown in place. */
  clear(): void;
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
  let isShown = false;
  const paint = (code: string, text: string) => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const clear = () => {
    if (isShown) stream.write('\r\u001b[2K');
    isShown = false;
  };
  return {
    progress: (progress) => {
      if (!isTerminal) {
        if (progress.topic !== topic) stream.write(`${NAME}${progress.topic}\n`);
        topic = progress.topic;
        return;
      }
      // A terminal that does not know its width says 0.
      const columns = stream.columns || 80;
      const text = `${NAME}${progress.text}`;
      // One that wraps could not be written over.
      const shown = text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 2))}…`;
      clear();
      stream.write(paint(colours[progress.mood], shown));
      isShown = true;
    },
    say: (text, tone = 'plain') => {
      clear();
      stream.write(
        `${tone === 'plain' ? `${NAME}${text}` : paint(tone === 'good' ? '32' : '31', `${NAME}${text}`)}\n`,
      );
    },
    clear,
  };
}

const colours = { working: '2', waiting: '33', running: '36' } as const;

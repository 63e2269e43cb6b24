export type Style = 'dim' | 'bold' | 'red' | 'green' | 'yellow' | 'cyan' | 'plain';
/** A line in parts, each in its style. */
export type Line = readonly (readonly [text: string, style: Style])[];

/** An event, and the instance that it is about: its name, or empty. */
export type EventLine = { readonly who: string; readonly text: string; readonly style?: Style };

/** On a terminal the events appear above a panel that is redrawn; elsewhere there are only the events. */
export type Screen = {
  title(text: string): void;
  note(text: string): void;
  event(seconds: number, line: EventLine): void;
  plain(text: string): void;
  /** Leaves the panel as it is and goes on below it. */
  close(): void;
};

const REDRAW_MS = 100;

export function createScreen(out: NodeJS.WriteStream, panel: () => readonly Line[]): Screen {
  const isLive = out.isTTY === true && process.env.TERM !== 'dumb';
  const paint = isLive && !process.env.NO_COLOR ? painted : (text: string) => text;
  let drawn = 0;

  const render = (line: Line) =>
    cut(line, isLive ? (out.columns || 80) - 1 : Infinity)
      .map(([text, style]) => paint(text, style))
      .join('');
  const erasing = () => (drawn > 0 ? `\u001b[${drawn}A\u001b[J` : '');
  const panelText = () => {
    if (!isLive) return '';
    const lines: readonly Line[] = [[], ...panel()];
    drawn = lines.length;
    return lines.map((line) => `${render(line)}\n`).join('');
  };
  // In one write, so that nothing flickers.
  const redraw = (above = '') => out.write(erasing() + above + panelText());
  const timer = isLive ? setInterval(() => redraw(), REDRAW_MS) : undefined;
  timer?.unref();

  return {
    title: (text) => out.write(`${render([[text, 'bold']])}\n`),
    note: (text) => out.write(`${render([[text, 'dim']])}\n`),
    event: (seconds, { who, text, style = 'plain' }) =>
      redraw(
        `${render([
          [`${seconds.toFixed(1).padStart(5)} s  `, 'dim'],
          [`${who.padEnd(2)}`, 'cyan'],
          [text, style],
        ])}\n`,
      ),
    plain: (text) => out.write(`${text}\n`),
    close: () => {
      clearInterval(timer);
      redraw();
      drawn = 0;
    },
  };
}

const CODES: Record<Style, string> = {
  dim: '2',
  bold: '1',
  red: '31;1',
  green: '32',
  yellow: '33',
  cyan: '36;1',
  plain: '',
};

function painted(text: string, style: Style): string {
  return style === 'plain' ? text : `\u001b[${CODES[style]}m${text}\u001b[0m`;
}

/** A line that would wrap moves everything below it, and the panel could not be drawn in its place. */
function cut(line: Line, columns: number): Line {
  let left = columns;
  return line.map(([text, style]) => {
    const shown = text.slice(0, Math.max(0, left));
    left -= text.length;
    return [shown, style] as const;
  });
}

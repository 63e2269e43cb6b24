import type { TimelineEvent } from '../../src/sandbox/index.ts';

export type Theme = 'light' | 'dark';

type Colours = { ink: string; faint: string; rest: string; wait: string; task: string; end: string };

const THEMES: Readonly<Record<Theme, Colours>> = {
  light: {
    ink: '#1f2328',
    faint: '#d1d9e0',
    rest: '#59636e',
    wait: '#bc4c00',
    task: '#0969da',
    end: '#1a7f37',
  },
  dark: {
    ink: '#f0f6fc',
    faint: '#3d444d',
    rest: '#9198a1',
    wait: '#db6d28',
    task: '#4493f8',
    end: '#3fb950',
  },
};

const WIDTH = 880;
const PLOT = { left: 190, right: 860, top: 58 };
const ROW_HEIGHT = 34;
/** Of the demo's time that is shown before the group decides, in ms. */
const BEFORE_MS = 4_000;
/** And after the instance was terminated. */
const AFTER_MS = 3_000;

type Segment = {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  readonly colour: string;
};
type Row = {
  readonly name: string;
  readonly segments: readonly Segment[];
  readonly marks: readonly number[];
};

/**
 * One instance's drain as an SVG: what the group, ECS and each task were from when to when.
 *
 * @param history what happened in the simulated AWS, in order
 * @throws Error where the instance was not drained and terminated in it
 */
export function picture(history: readonly TimelineEvent[], instanceId: string, theme: Theme): string {
  const colours = THEMES[theme];
  const own = history.filter((event) => 'instanceId' in event && event.instanceId === instanceId);
  const chosenAt = firstOf(own, 'scale-in-chosen').at;
  const releasedAt = firstOf(own, 'lifecycle-action-ended').at;
  const until = firstOf(own, 'machine-terminated').at + AFTER_MS;
  const since = Math.max(chosenAt - BEFORE_MS, own[0]?.at ?? chosenAt);
  const tasks = tasksOf(own, until, colours);
  const lastTaskAt = Math.max(...tasks.map(({ segments }) => segments.at(-1)?.to ?? since));
  const rows = [groupRow(own, until, colours), instanceRow(own, until, colours), ...tasks];
  const bottom = PLOT.top + rows.length * ROW_HEIGHT;
  const x = (at: number) =>
    round(PLOT.left + ((Math.max(at, since) - since) / (until - since)) * (PLOT.right - PLOT.left));

  const line = (at: number, label: string, colour: string, y: number, anchor: string, to = x(at)) =>
    `<path d="M${x(at)} ${y + 6}V${bottom}" stroke="${colour}" stroke-dasharray="3 3"/>` +
    text(to, y, label, colour, anchor);
  // Not up to the end: there the mark of a heartbeat is explained.
  const ticks = Array.from(
    { length: Math.floor((releasedAt - chosenAt) / 5_000) + 1 },
    (_, index) => index * 5,
  ).map((seconds) =>
    text(x(chosenAt + seconds * 1_000), bottom + 20, `${seconds} s`, colours.rest, 'middle'),
  );
  const seconds = ((releasedAt - lastTaskAt) / 1_000).toFixed(1);
  const drawn = [
    ...rows.map((row, index) => drawRow(row, PLOT.top + index * ROW_HEIGHT, x, colours)),
    line(chosenAt, 'the group decides to terminate it', colours.wait, 20, 'middle'),
    line(lastTaskAt, 'the last task has ended', colours.task, 20, 'end'),
    line(releasedAt, `released ${seconds} s later`, colours.end, 38, 'end', PLOT.right),
    ...ticks,
    `<path d="M${PLOT.right - 74} ${bottom + 12}v8" stroke="${colours.ink}" stroke-width="2"/>`,
    text(PLOT.right, bottom + 20, 'a heartbeat', colours.rest, 'end'),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 32}" ` +
    'font-family="system-ui, sans-serif" font-size="12" role="img" ' +
    'aria-label="A drain: the group waits in Terminating:Wait, kept there by heartbeats, until the last task has ended">\n' +
    `${drawn.join('\n')}\n</svg>\n`
  );
}

function groupRow(own: readonly TimelineEvent[], until: number, { rest, wait, end }: Colours): Row {
  const states = own.flatMap((event) =>
    event.type === 'lifecycle-state' ? [{ at: event.at, is: String(event.to) }] : [],
  );
  const colour = (state: string) =>
    state === 'Terminating:Wait'
      ? wait
      : state === 'InService'
        ? rest
        : state.startsWith('Terminat')
          ? end
          : rest;
  const marks = own.flatMap((event) => (event.type === 'heartbeat' ? [event.at] : []));
  return { name: 'Auto Scaling group', segments: segmentsOf(states, until, colour), marks };
}

function instanceRow(own: readonly TimelineEvent[], until: number, { rest, wait, end }: Colours): Row {
  const states = own.flatMap((event) =>
    event.type === 'container-instance' ? [{ at: event.at, is: String(event.to) }] : [],
  );
  const colour = (state: string) => (state === 'DRAINING' ? wait : state === 'INACTIVE' ? end : rest);
  return { name: 'container instance', segments: segmentsOf(states, until, colour), marks: [] };
}

/** A row for each task of the instance, from RUNNING to STOPPED; the longest last. */
function tasksOf(own: readonly TimelineEvent[], until: number, { task: colour }: Colours): Row[] {
  const events = own.flatMap((event) => (event.type === 'task' ? [event] : []));
  return [...Map.groupBy(events, ({ taskArn }) => taskArn).values()]
    .map((changes) => {
      const from = changes.find(({ to }) => to === 'RUNNING')?.at ?? changes[0]?.at ?? 0;
      const to = changes.find(({ to }) => to === 'STOPPED')?.at ?? until;
      const name = changes[0]?.group.replace(/^(service|family):/, '') ?? 'task';
      const what = changes[0]?.group.startsWith('service:') ? 'a service’s task' : 'a batch job';
      return { name: `${name}, ${what}`, segments: [{ from, to, label: 'RUNNING', colour }], marks: [] };
    })
    .sort((a, b) => (a.segments[0]?.to ?? 0) - (b.segments[0]?.to ?? 0));
}

function segmentsOf(
  states: readonly { at: number; is: string }[],
  until: number,
  colour: (state: string) => string,
): Segment[] {
  return states.map(({ at, is }, index) => ({
    from: at,
    to: states[index + 1]?.at ?? until,
    label: is,
    colour: colour(is),
  }));
}

function drawRow(
  { name, segments, marks }: Row,
  top: number,
  x: (at: number) => number,
  colours: Colours,
): string {
  const middle = top + ROW_HEIGHT / 2;
  const bars = segments
    .filter(({ from, to }) => x(to) > x(from))
    .map(({ from, to, label, colour }) => {
      const width = round(x(to) - x(from));
      const bar = `<rect x="${x(from)}" y="${middle - 10}" width="${width}" height="20" rx="3" fill="${colour}" fill-opacity="0.22" stroke="${colour}"/>`;
      // A letter is about 6.6 wide.
      return label.length * 6.6 + 10 < width ? bar + text(x(from) + 6, middle + 4, label, colours.ink) : bar;
    });
  const hearts = marks.map(
    (at) => `<path d="M${x(at)} ${middle + 2}v8" stroke="${colours.ink}" stroke-width="2"/>`,
  );
  const base = `<path d="M${PLOT.left} ${top + ROW_HEIGHT}H${PLOT.right}" stroke="${colours.faint}"/>`;
  return base + text(PLOT.left - 10, middle + 4, name, colours.ink, 'end') + bars.join('') + hearts.join('');
}

function firstOf<T extends TimelineEvent['type']>(
  events: readonly TimelineEvent[],
  type: T,
): Extract<TimelineEvent, { type: T }> {
  const found = events.find((event): event is Extract<TimelineEvent, { type: T }> => event.type === type);
  if (found === undefined) throw new Error(`nothing to draw: there was no ${type}`);
  return found;
}

const round = (value: number) => Math.round(value * 10) / 10;

const text = (x: number, y: number, content: string, fill: string, anchor = 'start') =>
  `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}">${content}</text>`;

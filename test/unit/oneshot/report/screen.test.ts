import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createScreen } from '../../../../src/oneshot/report/screen.ts';
import type { Progress } from '../../../../src/oneshot/report/words.ts';

function open(options: { isTerminal: boolean; hasColour?: boolean; columns?: number }) {
  let written = '';
  const screen = createScreen({
    stream: {
      write: (text: string) => {
        written += text;
      },
      columns: options.columns,
    },
    isTerminal: options.isTerminal,
    hasColour: options.hasColour ?? false,
  });
  return { screen, written: () => written };
}

const waiting = (seconds: number, ...details: string[]): Progress => ({
  topic: ['waiting for room', ...details].join(': '),
  lines: [`waiting for room for ${seconds} s`, ...details],
  mood: 'waiting',
});

/** A pattern should hold no control character. */
const ESCAPE = '␛';

/** What a terminal shows after all of it. */
function shown(text: string): readonly string[] {
  const lines = [''];
  let row = 0;
  for (const [part] of text.replaceAll('\u001b', ESCAPE).matchAll(/␛\[\d*[A-Za-z]|[\r\n]|[^␛\r\n]+/g)) {
    const [, count, code] = /^␛\[(\d*)([A-Za-z])$/.exec(part) ?? [];
    if (code === 'A') row -= Number(count);
    else if (code === 'J') lines.splice(row, lines.length, '');
    else if (part === '\n') lines[++row] ??= '';
    else if (part !== '\r' && code === undefined) lines[row] += part;
  }
  return lines;
}

describe('into a pipe', () => {
  test('each change is one line, and what only time changes is none', () => {
    const { screen, written } = open({ isTerminal: false });
    screen.progress(waiting(1, 'no instance'));
    screen.progress(waiting(2, 'no instance'));
    screen.progress(waiting(3, 'the group launches one'));
    screen.say('done', 'good');
    screen.clear();
    assert.equal(
      written(),
      'ecs-oneshot: waiting for room: no instance\necs-oneshot: waiting for room: the group launches one\necs-oneshot: done\n',
    );
  });
});

describe('on a terminal', () => {
  test('progress is written over, however many lines it takes, and what is said stays', () => {
    const { screen, written } = open({ isTerminal: true });
    screen.say('begun');
    screen.progress(waiting(1, 'no instance', 'the group launches one'));
    screen.progress(waiting(2, 'no instance', 'the group launches one'));
    assert.deepEqual(shown(written()), [
      'ecs-oneshot: begun',
      'ecs-oneshot: waiting for room for 2 s',
      '  no instance',
      '  the group launches one',
    ]);
    screen.progress(waiting(3, 'no instance'));
    assert.deepEqual(shown(written()), [
      'ecs-oneshot: begun',
      'ecs-oneshot: waiting for room for 3 s',
      '  no instance',
    ]);
    screen.say('done');
    screen.progress(waiting(4));
    screen.clear();
    assert.deepEqual(shown(written()), ['ecs-oneshot: begun', 'ecs-oneshot: done', '']);
  });

  test('the same again is not written again', () => {
    const { screen, written } = open({ isTerminal: true });
    screen.progress(waiting(1, 'no instance'));
    const before = written();
    screen.progress(waiting(1, 'no instance'));
    assert.equal(written(), before);
  });

  test('no line is as wide as the terminal: one that wraps could not be written over', () => {
    for (const columns of [1, 2, 12, 20, 40]) {
      const { screen, written } = open({ isTerminal: true, columns });
      screen.progress(waiting(1, `an error that is told at length, ${'again and '.repeat(30)}`));
      for (const line of shown(written())) assert.ok(line.length <= Math.max(1, columns - 1), line);
      assert.ok(shown(written()).length <= 4);
    }
  });

  test('details go over to the next line between words', () => {
    const { screen, written } = open({ isTerminal: true, columns: 40 });
    screen.progress(waiting(1, 'the group web-asg launches none: there is no capacity'));
    assert.deepEqual(shown(written()), [
      'ecs-oneshot: waiting for room for 1 s',
      '  the group web-asg launches none:',
      '  there is no capacity',
    ]);
  });

  test('colours only where they are wanted', () => {
    const { screen, written } = open({ isTerminal: true, hasColour: true });
    screen.say('exit code 0', 'good');
    screen.say('exit code 1', 'bad');
    assert.equal(
      written(),
      '\u001b[32mecs-oneshot: exit code 0\u001b[0m\n\u001b[31mecs-oneshot: exit code 1\u001b[0m\n',
    );
    const plain = open({ isTerminal: true, hasColour: false });
    plain.screen.progress(waiting(1, 'no instance'));
    assert.ok(!plain.written().includes('\u001b[3'));
  });
});

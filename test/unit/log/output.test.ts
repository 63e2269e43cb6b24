import assert from 'node:assert/strict';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, type TestContext, test } from 'node:test';
import type { Level } from '../../../src/log/events.ts';
import type { Log } from '../../../src/log/log.ts';
import { createOutput, forPeople } from '../../../src/log/output.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

describe('in a file or a pipe', () => {
  test('an event is one JSON object on one line', (t) => {
    const [line = '', ...others] = linesOf(t, {}, (log) =>
      log('drain.progress', 'one task left\nor so', { instanceId: 'i-1', tasksLeft: 1 }),
    );
    assert.deepEqual(others, []);
    const { time, ...event } = JSON.parse(line);
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(event, {
      level: 'info',
      event: 'drain.progress',
      instanceId: 'i-1',
      tasksLeft: 1,
      msg: 'one task left\nor so',
    });
  });

  test('holds no control character as it is, of either set', (t) => {
    const hostile = 'a\u001b[2J\u009b1m\u007f\u0000\u2028\ud800';
    const [line = ''] = linesOf(t, {}, (log) => log('call.failed', hostile, { text: hostile }));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    assert.deepEqual([JSON.parse(line).msg, JSON.parse(line).text], [hostile, hostile]);
  });

  test('each has the level that its name has', (t) => {
    const lines = linesOf(t, {}, (log) => {
      log('agent.ready', 'a');
      log('agent.waiting', 'b');
      log('call.forbidden', 'c');
    });
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).level),
      ['info', 'warn', 'error'],
    );
  });

  for (const [level, count] of [
    ['debug', 3],
    ['info', 3],
    ['warn', 2],
    ['error', 1],
  ] as const) {
    test(`at --log-level ${level}, what is less is left out`, (t) => {
      const lines = linesOf(
        t,
        {},
        (log) => {
          log('agent.ready', 'a');
          log('agent.waiting', 'b');
          log('call.forbidden', 'c');
        },
        level,
      );
      assert.equal(lines.length, count);
    });
  }

  test('text, lists and depth from outside are bounded', (t) => {
    const deep = { a: { b: { c: { d: { e: { f: 'too deep' } } } } } };
    const [line = ''] = linesOf(t, {}, (log) =>
      log('call.failed', 'm'.repeat(600), {
        text: 'x'.repeat(600),
        list: Array.from({ length: 30 }, (_, index) => index),
        deep,
        none: undefined,
        nothing: null,
      }),
    );
    const event = JSON.parse(line);
    assert.equal(event.msg, `${'m'.repeat(512)}…`);
    assert.equal(event.text, `${'x'.repeat(512)}…`);
    assert.equal(event.list.length, 20);
    assert.ok(!line.includes('too deep'));
    assert.equal(event.nothing, null);
    assert.ok(!('none' in event));
  });
});

describe('in the journal', () => {
  test('each line begins with its priority, and stays one JSON object after it', (t) => {
    const lines = linesOf(t, 'journal', (log) => {
      log('agent.ready', 'a');
      log('agent.waiting', 'b');
      log('call.forbidden', 'c');
    });
    assert.deepEqual(
      lines.map((line) => line.slice(0, 3)),
      ['<6>', '<4>', '<3>'],
    );
    assert.deepEqual(
      lines.map((line) => JSON.parse(line.slice(3)).msg),
      ['a', 'b', 'c'],
    );
  });

  test('a stream that is another than journald’s has none', (t) => {
    const [line = ''] = linesOf(t, { JOURNAL_STREAM: '1:2' }, (log) => log('agent.ready', 'a'));
    assert.equal(line[0], '{');
  });
});

test('whoever reads the log may go away: the agent does not', (t) => {
  const fd = openSync(join(temporaryDirectory(t), 'log'), 'w');
  const log = createOutput({ level: 'info', environment: {}, fd });
  closeSync(fd);
  assert.doesNotThrow(() => log('agent.ready', 'a'));
});

describe('for people', () => {
  const line = JSON.stringify({
    level: 'warn',
    time: '2026-01-02T03:04:05.678Z',
    event: 'agent.waiting',
    msg: 'waiting for \u001b[2J\u009b1m\u2028it\n',
  });

  const zone = process.env.TZ;
  const inZone = (name: string | undefined) => {
    if (name === undefined) delete process.env.TZ;
    else process.env.TZ = name;
  };
  afterEach(() => inZone(zone));

  test('local time with its zone, since nobody thinks in UTC at 3 am', () => {
    const clock = () => forPeople(line, { colour: false }).slice(0, 15);
    inZone('Europe/Berlin');
    assert.equal(clock(), '04:04:05 +01:00');
    inZone('Asia/Kolkata');
    assert.equal(clock(), '08:34:05 +05:30');
    inZone('America/St_Johns');
    assert.equal(clock(), '23:34:05 -03:30');
    inZone('UTC');
    assert.equal(clock(), '03:04:05 UTC WA');
  });

  test('a line that is wider than the terminal is wrapped at words', () => {
    inZone('UTC');
    const long = JSON.stringify({ ...JSON.parse(line), msg: 'one two three four five six seven' });
    assert.equal(
      forPeople(long, { colour: false, width: 44 }),
      '03:04:05 UTC WARN  agent.waiting  one two\n' + '                   three four five six seven\n',
    );
  });

  test('time, level, name and message', () => {
    inZone('UTC');
    assert.equal(
      forPeople(line, { colour: false }),
      '03:04:05 UTC WARN  agent.waiting  waiting for \ufffd[2J\ufffd1m\ufffdit\ufffd\n',
    );
    assert.equal(
      forPeople(line),
      '03:04:05 UTC \u001b[33mWARN  agent.waiting\u001b[0m  waiting for \ufffd[2J\ufffd1m\ufffdit\ufffd\n',
    );
  });
});

function linesOf(
  t: TestContext,
  environment: Record<string, string> | 'journal',
  write: (log: Log) => void,
  level: Level = 'info',
): string[] {
  const path = join(temporaryDirectory(t), 'log');
  const fd = openSync(path, 'w');
  t.after(() => closeSync(fd));
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const told = environment === 'journal' ? { JOURNAL_STREAM: `${dev}:${ino}` } : environment;
  write(createOutput({ level, environment: told, fd }));
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

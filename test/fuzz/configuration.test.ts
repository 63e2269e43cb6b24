import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/base/duration.ts';
import { loadConfig } from '../../src/config/load.ts';
import { optionList } from '../../src/config/options.ts';
import { anyText, damaged } from './text.ts';

const runs = { seed: 7, numRuns: 1_000 };

describe('a time that an operator writes', () => {
  const MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const parts = fc.array(
    fc.tuple(fc.nat(10_000), fc.constantFrom(...(Object.keys(MS) as (keyof typeof MS)[]))),
    {
      minLength: 1,
      maxLength: 4,
    },
  );

  test('is the sum of its parts', () =>
    fc.assert(
      fc.property(parts, (all) => {
        const text = all.map(([amount, unit]) => `${amount}${unit}`).join('');
        let sum = 0;
        for (const [amount, unit] of all) sum += amount * MS[unit];
        assert.equal(parseDuration(text), sum);
      }),
      runs,
    ));

  test('of any other form is none, and never a number that is no time', () =>
    fc.assert(
      fc.property(fc.oneof(anyText, damaged(fc.constantFrom('1h30m', '500ms', '1.5d'))), (text) => {
        const ms = parseDuration(text);
        if (ms === undefined) return;
        assert.match(text, /^[0-9.mshd]+$/);
        assert.ok(Number.isFinite(ms) && ms >= 0);
      }),
      runs,
    ));

  test('however long, is read in no time, and shown as text', () => {
    for (const text of [
      '1'.repeat(100_000),
      '1m'.repeat(50_000),
      `${'1.1s'.repeat(25_000)}x`,
      `${'9'.repeat(400)}d`,
    ]) {
      const before = process.cpuUsage();
      parseDuration(text);
      const { user } = process.cpuUsage(before);
      assert.ok(user < 1_000_000, `${text.slice(0, 10)}… took ${user} µs of CPU`);
    }
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (ms) => {
        assert.match(formatDuration(ms), /^[0-9.e+]+ (d|h|min|s)( \d+ (h|min|s))?$/);
      }),
      runs,
    );
  });
});

describe('a configuration of any content', () => {
  const names = fc.oneof(
    fc.constantFrom(...optionList.map(({ env }) => env), 'ECS_DRAIN_TPYO', 'AWS_REGION', 'PATH', '__proto__'),
    fc.string({ maxLength: 12 }),
  );
  const line = fc.oneof(
    anyText,
    fc.tuple(names, anyText).map(([name, value]) => `${name}=${value}`),
    fc.constantFrom(...optionList).map(({ env, default: value }) => `${env}=${value}`),
  );
  const file = fc.array(line, { maxLength: 6 }).map((lines) => lines.join('\n'));
  const argv = fc.array(
    fc.oneof(
      anyText,
      fc.constantFrom(...optionList.map(({ flag }) => `--${flag}`), '--', '-', '--=', '--config'),
    ),
    { maxLength: 4 },
  );

  test('is read, or refused with reasons of one line each and a bounded length', () => {
    let read = 0;
    fc.assert(
      fc.property(file, argv, fc.boolean(), (text, flags, withFlags) => {
        const loaded = loadConfig(withFlags ? flags : [], {}, () => text);
        if (loaded.kind === 'loaded') {
          read++;
          const { pollInterval, drainTimeout, signals } = loaded.config;
          assert.ok(pollInterval >= 1_000 && pollInterval <= 300_000);
          assert.ok(drainTimeout === undefined || drainTimeout > 0);
          assert.ok(signals.length > 0);
          return;
        }
        assert.ok(loaded.problems.length > 0);
        if (withFlags) return;
        for (const problem of loaded.problems) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
          assert.doesNotMatch(problem, /[\u0000-\u001f]/);
          assert.ok(problem.length < 2_000, problem);
        }
      }),
      runs,
    );
    assert.ok(read > 20, `only ${read} were read: this looks at nothing`);
  });
});

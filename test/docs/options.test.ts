import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneshotTables, scalerTables, withTables } from '../../scripts/docs/options.ts';

test('the tables of a page are made anew, and the rest of it stays', () => {
  const begin = '<!-- From here to the end mark: `npm run docs`. -->';
  const end = '<!-- The end of what `npm run docs` makes. -->';
  const old = `before\n\n${begin}\n\nold\n\n${end}\n\nbetween\n\n${begin}\n\n${end}\n\nafter\n`;
  assert.equal(
    withTables(old, ['one', 'two']),
    `before\n\n${begin}\n\none\n\n${end}\n\nbetween\n\n${begin}\n\ntwo\n\n${end}\n\nafter\n`,
  );
  assert.throws(() => withTables(old, ['one']), /must have/, 'a table stays as it was for ever');
  assert.throws(() => withTables(`${begin}\n\nold`, ['one']), /must have/, 'the rest of the page is lost');
  assert.throws(() => withTables('a page without marks', ['one']), /must have/);
});

test('a reader finds the exit codes, the defaults, and what is allowed, on the page', () => {
  const [codes = '', options = ''] = oneshotTables();
  assert.match(codes, /^\| 64 \| .*\n\| 65 \| /m);
  assert.match(options, /^\| `--capacity-timeout` \| `30m` \| .* \| a time of at least 0s \|$/m);
  assert.match(options, /^\| `stop` \| 76 \| /m);
  const [scalerCodes = '', scalerOptions = ''] = scalerTables();
  assert.match(scalerCodes, /^\| 75 \| something could not be read/m);
  assert.match(scalerOptions, /^\| `--empty-for` \| `ECS_SCALER_EMPTY_FOR` \| `10m` \| /m);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneshotTables, scalerTables, withOptions } from '../../scripts/docs/options.ts';

test('the options of a page are made anew, and the rest of it stays', () => {
  const begin = '<!-- From here to the end mark: `npm run docs`. -->';
  const end = '<!-- The end of what `npm run docs` makes. -->';
  const page = withOptions(`before\n\n${begin}\n\nold\n\n${end}\n\nafter\n`, 'new');
  assert.equal(page, `before\n\n${begin}\n\nnew\n\n${end}\n\nafter\n`);
  assert.throws(() => withOptions('a page without marks', 'new'), /must have/);
});

test('a reader finds the defaults, and what is allowed, on the page', () => {
  assert.match(oneshotTables(), /^\| `--capacity-timeout` \| `30m` \| .* \| a time of at least 0s \|$/m);
  assert.match(oneshotTables(), /^\| `stop` \| 76 \| /m);
  assert.match(scalerTables(), /^\| `--empty-for` \| `ECS_SCALER_EMPTY_FOR` \| `10m` \| /m);
});

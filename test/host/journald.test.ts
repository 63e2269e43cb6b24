import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJournal, priorityPrefix } from '../../src/log/journald.ts';

test('stdout is the journal only when JOURNAL_STREAM names that very stream', () => {
  const stream = { dev: 9n, ino: 48_213n };
  assert.equal(isJournal({ JOURNAL_STREAM: '9:48213' }, stream), true);
  assert.equal(isJournal({ JOURNAL_STREAM: '9:48213' }, { dev: 9, ino: 48_213 }), true);
  assert.equal(isJournal({ JOURNAL_STREAM: '9:48214' }, stream), false, 'a pipe of a child of a service');
  assert.equal(isJournal({ JOURNAL_STREAM: '' }, stream), false);
  assert.equal(isJournal({}, stream), false);
  assert.equal(isJournal({ JOURNAL_STREAM: '9:48213' }, undefined), false, 'stdout is closed');
});

test('each level has the syslog priority that journalctl -p filters by', () => {
  assert.equal(priorityPrefix('fatal'), '<2>');
  assert.equal(priorityPrefix('error'), '<3>');
  assert.equal(priorityPrefix('warn'), '<4>');
  assert.equal(priorityPrefix('info'), '<6>');
  assert.equal(priorityPrefix('debug'), '<7>');
  assert.equal(priorityPrefix('trace'), '<7>');
});

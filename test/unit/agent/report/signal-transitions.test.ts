import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSignalTransitions } from '../../../../src/agent/report/signal-transitions.ts';
import { known, type Reading, unknown } from '../../../../src/base/reading.ts';
import type { Signal } from '../../../../src/signals/signal.ts';
import { MINUTE, NOW, nothing, tag } from '../decide/observations.ts';

const lifecycle = { source: 'lifecycle' } as const;
const manual = { source: 'manual' } as const;
const silence = unknown('no answer');

/** What is logged if the signals are said so, a minute apart; `silent` are the sources that do not answer then. */
function told(said: readonly (readonly [Reading<readonly Signal[]>, silent?: string])[]): readonly string[] {
  const events: string[] = [];
  const tell = createSignalTransitions((event) => events.push(event));
  for (const [times, [signals, silent]] of said.entries())
    tell({
      ...nothing,
      now: NOW + times * MINUTE,
      signals,
      silentSignals: silent === undefined ? undefined : { [silent]: 'no answer' },
    });
  return events;
}

describe('of sources of signals that fall silent is told', () => {
  it('once that they do, and once that they answer again', () => {
    const none = known([]);
    assert.deepEqual(told([[silence], [silence], [silence], [none], [none], [silence], [silence]]), [
      'signals.unknown',
      'signals.known',
      'signals.unknown',
    ]);
  });
  it('not that all answer again while only another one is heard: an operator would look no further', () => {
    const begun = [[silence], [silence], [known([manual]), 'tag'], [known([manual]), 'tag']] as const;
    assert.deepEqual(told(begun), ['signals.unknown', 'drain.signalled']);
    assert.deepEqual(told([...begun, [known([manual])]]).at(-1), 'signals.known');
  });
  it('not that a signal joins which was there before its source fell silent', () => {
    assert.deepEqual(
      told([[known([tag, lifecycle])], [known([tag]), 'lifecycle'], [known([tag, lifecycle])]]),
      ['drain.signalled'],
    );
  });
  it('that a signal comes again which was withdrawn while another source was silent', () => {
    const [asked, gone] = [
      [known([manual]), 'tag'],
      [silence, 'tag'],
    ] as const;
    assert.deepEqual(told([asked, gone, asked]), ['drain.signalled', 'drain.signalled']);
    assert.deepEqual(told([asked, [silence, 'manual'], asked]), ['drain.signalled'], 'it was not withdrawn');
  });
  it('that a signal joins which had been withdrawn', () => {
    assert.deepEqual(told([[known([tag, lifecycle])], [known([tag])], [known([tag, lifecycle])]]), [
      'drain.signalled',
      'drain.signal-joined',
    ]);
  });
});

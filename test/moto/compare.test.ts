import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { type Answers, answersOf } from './answers.ts';
import { knownDifferences } from './differences.ts';
import { startMoto } from './moto-server.ts';
import { script } from './script.ts';
import { setUpMoto, setUpSandbox } from './stage.ts';

// A second opinion: moto knows nothing of this project, and answers many of the same calls.

describe('the sandbox and moto give the same answers, but for what is listed', () => {
  test('comparison with moto', async (t) => {
    const moto = await startMoto();
    if ('missing' in moto) return t.skip(moto.missing);
    t.after(() => moto.stop());

    const theirs = await answersOf(await setUpMoto(moto.url), () => {});
    const clock = createVirtualClock();
    const { stage, sandbox } = await setUpSandbox(clock);
    t.after(() => sandbox.close());
    // Between two calls there is time enough for a task to start or to stop.
    const ours = await answersOf(stage, () => clock.pass(60_000));

    const used = new Set<(typeof knownDifferences)[number]>();
    for (const { name } of script) {
      await t.test(name, () => {
        const unexplained = differences(ours, theirs, name).filter((difference) => {
          const known = knownDifferences.find((one) => explains(one, difference));
          if (known) used.add(known);
          return !known;
        });
        assert.deepEqual(unexplained, []);
      });
    }
    await t.test('no difference is listed that does not occur', () => {
      const unused = knownDifferences.filter((one) => !used.has(one));
      assert.deepEqual(unused, []);
    });
    return undefined;
  });
});

type Difference = { step: string; path: string; ours: string | undefined; theirs: string | undefined };

function differences(ours: Answers, theirs: Answers, step: string): Difference[] {
  const our = ours.get(step) ?? new Map<string, string>();
  const their = theirs.get(step) ?? new Map<string, string>();
  return [...new Set([...our.keys(), ...their.keys()])]
    .map((path) => ({ step, path, ours: our.get(path), theirs: their.get(path) }))
    .filter((one) => one.ours !== one.theirs);
}

function explains(known: (typeof knownDifferences)[number], difference: Difference): boolean {
  return (
    (known.steps?.test(difference.step) ?? true) &&
    known.path.test(difference.path) &&
    (!('ours' in known) || known.ours === difference.ours) &&
    (!('theirs' in known) || known.theirs === difference.theirs)
  );
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AwsError, type AwsErrorKind } from '../../../src/aws/errors.ts';
import type { Imds } from '../../../src/aws/imds.ts';
import { known, type Reading, unknown } from '../../../src/base/reading.ts';
import { type TagOptions, tagSignal } from '../../../src/signals/tag.ts';
import { createVirtualClock, settled } from '../../support/virtual-clock.ts';

const key = 'ecs-drain-agent:terminate';
const seconds = 1_000;

describe('the tag in the metadata', () => {
  for (const [value, signal] of [
    ['', { source: 'tag', value: '' }],
    ['true', { source: 'tag', value: 'true' }],
    ['no', { source: 'tag', value: 'no' }],
    [
      'hook=drain time=2026-01-02T03:04:05Z',
      {
        source: 'tag',
        value: 'hook=drain time=2026-01-02T03:04:05Z',
        hook: 'drain',
        eventAt: 1_767_323_045_000,
      },
    ],
    ['hook=not;a;hook', { source: 'tag', value: 'hook=not;a;hook' }],
    ['time=yesterday', { source: 'tag', value: 'time=yesterday' }],
    ['false', undefined],
    [' FALSE ', undefined],
  ] as const) {
    test(`with the value ${JSON.stringify(value)}`, async () => {
      const host = setUp({ tags: { Name: 'x', [key]: value } });
      assert.deepEqual(await host.read(), known(signal));
      assert.equal(host.describeTags, 0);
      assert.deepEqual(host.told, [], 'the log would tell of a change of the source');
    });
  }

  test('is listed, but its value is not given: no word, or a drain would be cancelled', async () => {
    const host = setUp({ tags: { [key]: '' } });
    host.silentValue = true;
    assert.deepEqual(await host.read(), unknown('no answer'));
  });

  test('has 256 characters, as many as EC2 allows', async () => {
    const host = setUp({ tags: { [key]: 'x'.repeat(256) } });
    assert.deepEqual(await host.read(), known({ source: 'tag', value: 'x'.repeat(256) }));
    host.tags = { [key]: 'x'.repeat(257) };
    assert.deepEqual(await host.read(), known({ source: 'tag', value: 'x'.repeat(256) }));
  });

  test('is not there', async () => {
    const host = setUp({ tags: { Name: 'x', 'ecs-drain-agent:terminated': '' } });
    assert.deepEqual(await host.read(), known(undefined));
    const atFirst = host.asked.length;
    assert.equal(atFirst, 2, 'a list that was cut off would look the same: the tag itself is asked for');
    assert.deepEqual(await host.read(), known(undefined));
    assert.deepEqual(
      host.asked.slice(atFirst),
      ['meta-data/tags/instance'],
      'once that is known, one request',
    );
  });

  test('is there, though the list of keys was cut off', async () => {
    const host = setUp({ tags: { [key]: 'yes' } });
    assert.deepEqual(await host.read(), known({ source: 'tag', value: 'yes' }));
    host.cutOffList = true;
    assert.deepEqual(
      await host.read(),
      known({ source: 'tag', value: 'yes' }),
      'the drain would be cancelled',
    );
  });

  test('is listed, and said not to be there: no word, or one answer that is behind would cancel a drain', async () => {
    const host = setUp({ tags: { [key]: '' } });
    await host.read();
    host.isMissing = true;
    const contradiction = unknown('IMDS lists the tag, and says that it is not there');
    assert.deepEqual(await host.read(), contradiction);
    host.isMissing = false;
    assert.deepEqual(await host.read(), known({ source: 'tag', value: '' }));
  });

  for (const odd of ['', 'fa', '<html></html>', '\u0000\ufffd'])
    test(`says false, and one answer is ${JSON.stringify(odd)}: not known, or a drain would begin`, async () => {
      const host = setUp({ tags: { [key]: 'false' } });
      assert.deepEqual(await host.read(), known(undefined));
      host.odd = [odd];
      assert.deepEqual(await host.read(), unknown('IMDS has just given two values of the tag'));
      assert.deepEqual(await host.read(), known(undefined));
    });

  for (const odd of ['', 'hook=dr', '<html></html>'])
    test(`tells of an event, and one answer is ${JSON.stringify(odd)}: not known, or it would be an operator's own request`, async () => {
      const value = 'hook=drain time=2026-01-02T03:04:05Z';
      const host = setUp({ tags: { [key]: value } });
      const first = await host.read();
      host.odd = [odd];
      assert.deepEqual(await host.read(), unknown('IMDS has just given two values of the tag'));
      assert.deepEqual(await host.read(), first);
    });

  test('has another value by now: that counts at once', async () => {
    const host = setUp({ tags: { [key]: 'hook=other' } });
    await host.read();
    host.tags = { [key]: 'hook=drain' };
    assert.deepEqual(await host.read(), known({ source: 'tag', value: 'hook=drain', hook: 'drain' }));
  });

  test('is new, and fails to be given a second time: not known', async () => {
    const host = setUp({ tags: { [key]: 'true' } });
    host.odd = ['true', 'silence'];
    assert.deepEqual(await host.read(), unknown('no answer'));
    assert.deepEqual(await host.read(), known({ source: 'tag', value: 'true' }));
  });

  test('is not listed, and given without a value: not known, or a metadata service that answers nothing would drain all', async () => {
    const host = setUp({ tags: { Name: 'x' } });
    host.odd = ['', ''];
    assert.deepEqual(await host.read(), unknown('IMDS does not list the tag, and gives it no value'));
    assert.deepEqual(await host.read(), known(undefined));
  });

  test('is asked for twice where it is new, and once from then on', async () => {
    const host = setUp({ tags: { [key]: 'true' } });
    await host.read();
    assert.equal(host.asked.length, 3);
    await host.read();
    assert.equal(host.asked.length, 5);
  });

  test('was removed between the two requests: the next read notices', async () => {
    const host = setUp({ tags: { Name: 'x', [key]: '' } });
    await host.read();
    host.removeAfterList = true;
    assert.equal((await host.read()).kind, 'unknown');
    assert.deepEqual(await host.read(), known(undefined), 'the drain could not be cancelled');
  });

  test('no answer is no word about the tag, and no reason to ask EC2', async () => {
    const host = setUp({ tags: { [key]: '' } });
    host.silent = true;
    assert.deepEqual(await host.read(), unknown('no answer'));
    assert.equal(host.describeTags, 0);
    assert.deepEqual(host.told, []);
  });

  test('no tags in the metadata is no word about the tag, where nothing else may be asked', async () => {
    const host = setUp({ tags: undefined }, { tagSource: 'imds' });
    assert.deepEqual(
      await host.read(),
      unknown(
        'the instance metadata serves no tags; launch instances with InstanceMetadataTags=enabled, or set --tag-source auto',
      ),
    );
    assert.equal(host.describeTags, 0);
  });
});

describe('auto', () => {
  test('asks EC2 where the metadata serves no tags, says so once, and goes on looking there', async () => {
    const host = setUp({ tags: undefined });
    for (let polls = 0; polls < 120; polls++) {
      assert.deepEqual(await host.read(), known(undefined));
      host.pass(5 * seconds);
    }
    assert.deepEqual(host.told, ['ec2']);
    assert.equal(host.asked.length, 120, 'a tag that metadata serves by now is not seen');
    assert.equal(host.describeTags, 40, 'every 15 s');
  });

  test('goes back to the metadata once it serves tags', async () => {
    const host = setUp({ tags: undefined });
    await host.read();
    host.tags = { [key]: '' };
    host.pass(seconds);
    assert.deepEqual(await host.read(), known({ source: 'tag', value: '' }));
    assert.deepEqual(host.told, ['ec2', 'imds']);
    const before = host.describeTags;
    host.pass(60 * seconds);
    await host.read();
    assert.equal(host.describeTags, before);
  });

  test('stays with EC2 when the metadata does not answer as it looks again', async () => {
    const host = setUp({ tags: undefined, ec2: '' });
    await host.read();
    host.silent = true;
    host.pass(5 * seconds);
    assert.deepEqual(await host.read(), known({ source: 'tag', value: '' }));
    assert.deepEqual(host.told, ['ec2']);
  });

  test('does not ask EC2 when the metadata fails once to serve tags: at rest nothing is asked', async () => {
    const host = setUp({ tags: { [key]: '' } });
    await host.read();
    host.tags = undefined;
    assert.equal((await host.read()).kind, 'unknown');
    host.tags = { [key]: '' };
    assert.deepEqual(await host.read(), known({ source: 'tag', value: '' }));
    assert.deepEqual([host.describeTags, host.told], [0, []]);
  });

  test('asks EC2 when the metadata serves no tags any more', async () => {
    const host = setUp({ tags: { [key]: '' }, ec2: '' });
    await host.read();
    host.tags = undefined;
    await host.read();
    assert.deepEqual(await host.read(), known({ source: 'tag', value: '' }));
    assert.deepEqual(host.told, ['ec2']);
  });

  test('sees in the metadata the first tag of an instance that had none, where EC2 may not be asked', async () => {
    const host = setUp({ tags: undefined });
    host.failure = 'permission';
    assert.equal((await host.read()).kind, 'unknown');
    host.tags = { [key]: '' };
    host.pass(3 * seconds);
    assert.deepEqual(await host.read(), known({ source: 'tag', value: '' }), 'it was seen after ten minutes');
  });

  test('sees the tag by EC2', async () => {
    const host = setUp({ tags: undefined, ec2: 'hook=drain' });
    assert.deepEqual(await host.read(), known({ source: 'tag', value: 'hook=drain', hook: 'drain' }));
  });
});

describe('by the EC2 API', () => {
  test('never looks at the metadata', async () => {
    const host = setUp({ tags: { [key]: '' } }, { tagSource: 'ec2' });
    assert.deepEqual(await host.read(), known(undefined));
    assert.deepEqual(host.asked, []);
    assert.deepEqual(host.told, []);
  });

  test('each look asks where looks are further apart than 15 s: every other one would be late', async () => {
    const host = setUp({}, { tagSource: 'ec2' }, () => 1);
    for (const times of [1, 2, 3]) {
      await host.read();
      assert.equal(host.describeTags, times);
      host.pass(24 * seconds);
    }
  });

  test('instances that were started together drift apart', async () => {
    const host = setUp({}, { tagSource: 'ec2' }, () => 1);
    assert.deepEqual(await askTimes(host, 3), [0, 18, 36]);
  });

  test('is asked less and less while it throttles, every five minutes at least, and then as before', async () => {
    const host = setUp({ ec2: '' }, { tagSource: 'ec2' });
    host.failure = 'throttled';
    assert.deepEqual(await askTimes(host, 7), [0, 30, 90, 210, 450, 750, 1_050]);
    const throttled = await host.read();
    assert.deepEqual(throttled, unknown('calling ec2:DescribeTags: Failure'));
    host.failure = undefined;
    host.ec2 = undefined;
    assert.deepEqual(await askTimes(host, 6), [1_350, 1_500, 1_575, 1_613, 1_632, 1_647]);
    assert.deepEqual(await host.read(), known(undefined));
  });

  test('that was throttled is asked as before once the tag is there: the instance would be let go minutes after its removal', async () => {
    const host = setUp({ ec2: '' }, { tagSource: 'ec2' });
    host.failure = 'throttled';
    assert.deepEqual(await askTimes(host, 4), [0, 30, 90, 210]);
    host.failure = undefined;
    assert.deepEqual(await askTimes(host, 3), [450, 465, 480]);
  });

  test('whatever it fails with is told, and an error in this program to whoever can mend it', async () => {
    const host = setUp({}, { tagSource: 'ec2' });
    host.throws = 'a text';
    assert.deepEqual(await host.read(), unknown('a text'));
    assert.deepEqual(host.faults, ['a text'], 'nobody would look for it');
  });

  describe('that takes ten seconds to answer', () => {
    test('is waited for at the start: whether there is a tag is not known', async () => {
      const host = setUp({ ec2: '' }, { tagSource: 'ec2' });
      const answer = host.hang();
      const reading = host.read();
      answer();
      assert.deepEqual(await reading, known({ source: 'tag', value: '' }));
      assert.equal(host.news, 0, 'whoever waits for it needs not be told');
    });

    test('is not waited for where it said the same of late: a Spot notice would wait with it', async () => {
      const { host, answer } = await asked({ ec2: undefined });
      assert.deepEqual(
        await atOnce(host.read()),
        known(undefined),
        'what else asks for the instance waits for ten seconds',
      );
      host.pass(6 * seconds);
      assert.deepEqual(await atOnce(host.read()), known(undefined));
      assert.equal(host.describeTags, 2, 'one request at a time');
      answer();
      await settled();
      assert.equal(host.news, 0, 'all would be read once more, every 15 s, for nothing');
    });

    test('tells at once what is new, once', async () => {
      const { host, answer } = await asked({ ec2: undefined });
      assert.deepEqual(await atOnce(host.read()), known(undefined));
      host.ec2 = 'true';
      answer();
      await settled();
      assert.equal(host.news, 1, 'the tag would be seen a poll later');
      assert.deepEqual(await atOnce(host.read()), known({ source: 'tag', value: 'true' }));
      host.pass(16 * seconds);
      await atOnce(host.read());
      assert.equal(host.news, 1);
    });

    test('and fails in the end, is not known', async () => {
      const { host, answer } = await asked({ ec2: '' });
      assert.deepEqual(await atOnce(host.read()), known({ source: 'tag', value: '' }));
      host.failure = 'transient';
      answer();
      await settled();
      assert.equal(host.news, 1);
      assert.deepEqual(await atOnce(host.read()), unknown('calling ec2:DescribeTags: Failure'));
    });

    for (const [what, before, amid] of [
      ['before it was asked', 30, 0],
      ['while it was asked', 0, 30],
    ] as const)
      test(`is waited for where the host stood still ${what}: what it said before is old`, async () => {
        const { host, answer } = await asked({ ec2: '' }, 15 + before);
        const first = host.read();
        if (amid > 0) assert.notEqual(await atOnce(first), 'waits');
        host.pass(amid * seconds);
        const reading = host.read();
        assert.equal(await atOnce(reading), 'waits', 'a tag that was removed long ago would set it DRAINING');
        host.ec2 = undefined;
        answer();
        assert.deepEqual(await reading, known(undefined));
      });
  });

  test('is waited for once it is twelve seconds late, and not before: a request takes ten', async () => {
    const { host } = await asked({ ec2: '' });
    await atOnce(host.read());
    host.pass(12 * seconds - 1);
    assert.notEqual(await atOnce(host.read()), 'waits', 'a Spot notice would wait with it');
    host.pass(1);
    assert.equal(await atOnce(host.read()), 'waits');
  });

  for (const kind of ['transient', 'permission', 'credentials', 'rejected'] as const) {
    test(`${kind}: not known, and asked again at the usual pace`, async () => {
      const host = setUp({}, { tagSource: 'ec2' });
      host.failure = kind;
      assert.deepEqual(await host.read(), unknown('calling ec2:DescribeTags: Failure'));
      assert.deepEqual(await askTimes(host, 2), [15, 30]);
      assert.deepEqual(host.faults, []);
    });
  }
});

/** EC2 has answered once; so many seconds later it is due again, and will hang. */
async function asked(start: { ec2: string | undefined }, afterSeconds = 15) {
  const host = setUp(start, { tagSource: 'ec2' });
  await host.read();
  host.pass(afterSeconds * seconds);
  return { host, answer: host.hang() };
}

/** What is read without an answer of EC2. */
const atOnce = <T>(reading: Promise<T>): Promise<T | 'waits'> =>
  Promise.race([reading, settled().then(() => 'waits' as const)]);

/** When EC2 is asked the next times, in whole seconds, polled every second. */
async function askTimes(host: ReturnType<typeof setUp>, times: number): Promise<number[]> {
  const found: number[] = [];
  for (let polls = 0; found.length < times && polls < 5_000; polls++) {
    const before = host.describeTags;
    await host.read();
    if (host.describeTags > before) found.push(host.clock.monotonic() / seconds);
    if (found.length < times) host.pass(seconds);
  }
  return found;
}

function setUp(
  start: { tags?: Record<string, string> | undefined; ec2?: string | undefined },
  options: Partial<TagOptions> = {},
  random = () => 0,
) {
  const clock = createVirtualClock();
  const host = {
    clock,
    tags: start.tags as Record<string, string> | undefined,
    silent: false,
    silentValue: false,
    removeAfterList: false,
    isMissing: false,
    cutOffList: false,
    failure: undefined as AwsErrorKind | undefined,
    throws: undefined as unknown,
    asked: [] as string[],
    told: [] as string[],
    describeTags: 0,
    ec2: start.ec2,
    /** What the next requests for the value get instead of it. */
    odd: [] as (string | 'silence')[],
    news: 0,
    faults: [] as unknown[],
    hanging: undefined as Promise<void> | undefined,
    /** EC2 does not answer any more until the function returned is called. */
    hang: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      host.hanging = promise;
      return () => {
        host.hanging = undefined;
        resolve();
      };
    },
    pass: (ms: number) => {
      clock.at(clock.trueNow() + ms, () => {});
      clock.step();
    },
    read: undefined as unknown as () => Promise<Reading<unknown>>,
  };
  const imds: Imds = {
    get: async (path) => {
      host.asked.push(path);
      if (host.silent) return unknown('no answer');
      if (!host.tags) return known(undefined);
      const odd = path === 'meta-data/tags/instance' ? undefined : host.odd.shift();
      if (odd !== undefined) return odd === 'silence' ? unknown('no answer') : known(odd);
      if (path !== 'meta-data/tags/instance' && host.silentValue) return unknown('no answer');
      if (path !== 'meta-data/tags/instance' && host.isMissing) return known(undefined);
      if (path !== 'meta-data/tags/instance') return known(host.tags[path.split('/').at(-1) ?? '']);
      const list = Object.keys(host.tags).join('\n');
      if (host.removeAfterList) delete host.tags[key];
      return known(host.cutOffList ? list.slice(0, list.length >> 1) : list);
    },
  };
  host.read = tagSignal(
    { tagKey: key, tagSource: 'auto', ...options },
    {
      imds,
      describeTag: async () => {
        host.describeTags++;
        await host.hanging;
        if (host.throws !== undefined) throw host.throws;
        if (host.failure) {
          throw new AwsError(
            'ec2:DescribeTags',
            host.failure,
            'Failure',
            'calling ec2:DescribeTags: Failure',
          );
        }
        return host.ec2;
      },
      clock,
      random,
      onSource: (source) => host.told.push(source),
      onNews: () => host.news++,
      onFault: (error) => host.faults.push(error),
    },
  );
  return host;
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createImds, type Imds, readIdentity } from '../../src/aws/imds.ts';
import { known, type Reading } from '../../src/base/reading.ts';
import type { HttpResponse } from '../../src/host/http.ts';
import { lifecycleSignal, rebalanceSignal, spotSignal } from '../../src/signals/metadata.ts';
import { scheduledSignal } from '../../src/signals/scheduled.ts';
import { tagSignal } from '../../src/signals/tag.ts';
import { parseTagValue } from '../../src/signals/tag-value.ts';
import { scriptedHttp } from '../support/scripted-http.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { anyText, damaged, nearly } from './text.ts';

const runs = { seed: 4, numRuns: 1_500 };
const saying = (body: string): Imds => ({ get: async () => known(body) });
const answer = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 301, 400, 401, 403, 404, 429, 500, 503),
  body: anyText,
});

function isReading(reading: Reading<unknown>): void {
  assert.ok(reading.kind === 'known' || typeof reading.cause === 'string');
}

describe('instance metadata that says anything', () => {
  test('is a reading: known only from a 200 or a 404, with a token that fits into a header', () =>
    fc.assert(
      fc.asyncProperty(answer, answer, async (token, value) => {
        const { http, requests } = scriptedHttp(
          (request): HttpResponse => (request.method === 'PUT' ? token : value),
        );
        const reading = await createImds(http, 'http://imds').get('meta-data/x');
        const isToken = token.status === 200 && /^[!-~]{1,1024}$/.test(token.body);
        const expected =
          isToken && value.status === 200
            ? known(value.body)
            : isToken && value.status === 404
              ? known(undefined)
              : undefined;
        if (expected) assert.deepEqual(reading, expected);
        else assert.equal(reading.kind, 'unknown');
        assert.ok(requests.length <= 4, 'it asks for a new token once');
      }),
      runs,
    ));

  test('names an instance only by a whole id, and a Region by a word', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(anyText, damaged(fc.constant('i-0123456789abcdef0'))),
        fc.oneof(anyText, damaged(fc.constant('eu-west-1'))),
        async (id, region) => {
          const { http } = scriptedHttp((request, path) => {
            if (request.method === 'PUT') return { status: 200, body: 'token' };
            return { status: 200, body: path.endsWith('instance-id') ? id : region };
          });
          const identity = await readIdentity(createImds(http, 'http://imds'));
          isReading(identity);
          if (identity.kind === 'unknown') return;
          assert.match(identity.value.instanceId, /^i-([0-9a-f]{8}|[0-9a-f]{17})$/);
          assert.match(identity.value.region, /^[a-z0-9-]+$/);
          assert.equal(identity.value.instanceId, id);
          assert.equal(identity.value.region, region);
        },
      ),
      runs,
    ));

  test('a target lifecycle state is one that Auto Scaling has, or it is not known', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(anyText, damaged(fc.constantFrom('Terminated', 'InService', 'Warmed:Stopped'))),
        async (body) => {
          const others =
            /^\s*(InService|Detached|Standby|Warmed:(Running|Stopped|Hibernated|Terminated))\s*$/;
          const reading = await lifecycleSignal(saying(body))();
          isReading(reading);
          if (body.trim() === 'Terminated') assert.deepEqual(reading, known({ source: 'lifecycle' }));
          else assert.equal(reading.kind, others.test(body) ? 'known' : 'unknown', JSON.stringify(body));
        },
      ),
      runs,
    ));

  const time = fc.constantFrom('2026-01-02T03:04:05Z', '2026-01-02T03:04:05.678Z', 'soon', '5', '2026', '');
  const notice = fc.oneof(
    anyText,
    nearly({ action: fc.constantFrom('terminate', 'stop', 'hibernate'), time, noticeTime: time }).map((one) =>
      JSON.stringify(one),
    ),
  );

  test('scheduled events are none only where a list says so, and one is known by all that it has', () => {
    const event = nearly({
      Code: fc.constantFrom('instance-retirement', 'system-reboot', 'instance-party', ''),
      State: fc.constantFrom('active', 'active', 'completed', 'canceled', 'x'),
      EventId: fc.constantFrom('instance-event-1', ''),
      NotBefore: fc.constantFrom('2 Jan 2026 03:04:05 GMT', '2026-01-02T03:04:05Z', 'soon', ''),
    });
    const list = fc.array(event, { maxLength: 3 }).map((one) => JSON.stringify(one));
    return fc.assert(
      fc.asyncProperty(fc.oneof(anyText, list, damaged(list)), async (body) => {
        const reading = await scheduledSignal(saying(body), 60_000, () => 1_767_323_045_000)();
        isReading(reading);
        if (reading.kind === 'unknown') return;
        const said = JSON.parse(body) as { Code: string; State: string }[];
        assert.ok(Array.isArray(said), `${JSON.stringify(body)} was taken for a list`);
        const codes = ['instance-retirement', 'system-reboot'];
        for (const { Code } of said)
          assert.match(Code, /^[a-z-]+$/, `${body}: half of a code was taken for none`);
        const counts = said.some(({ Code, State }) => codes.includes(Code) && State === 'active');
        assert.equal(reading.value !== undefined, counts, body);
      }),
      runs,
    );
  });

  test('a notice is known by a time of AWS’s form only, and garbage is never "no notice"', () =>
    fc.assert(
      fc.asyncProperty(fc.oneof(notice, damaged(notice)), async (body) => {
        for (const [reading, at] of [
          [await spotSignal(saying(body))(), 'interruptionAt'],
          [await rebalanceSignal(saying(body))(), 'noticeAt'],
        ] as const) {
          isReading(reading);
          if (reading.kind === 'unknown') continue;
          const signal = reading.value as Record<string, unknown> | undefined;
          assert.ok(signal, `${JSON.stringify(body)} was taken for no notice`);
          assert.ok(Number.isFinite(signal[at]));
          assert.match(body, /"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"/);
          if (signal.source === 'spot') assert.equal(typeof signal.action, 'string');
        }
      }),
      runs,
    ));

  const KEY = 'ecs-drain-agent:terminate';
  const keys = fc.oneof(
    anyText,
    fc
      .array(fc.constantFrom('Name', KEY, 'aws:autoscaling:groupName', 'x'), { maxLength: 4 })
      .map((lines) => {
        return lines.join('\n');
      }),
    damaged(fc.constant(`Name\n${KEY}\nx`)),
  );

  test('a tag is there when its key is listed, absent when a list of keys lacks it, else not known', () =>
    fc.assert(
      fc.asyncProperty(keys, anyText, async (list, value) => {
        const lines = list.split('\n').map((line) => line.trim());
        const tag = lines.includes(KEY) ? value : undefined;
        const imds: Imds = { get: async (path) => known(path.endsWith(KEY) ? tag : list) };
        const read = tagSignal(
          { tagKey: KEY, tagSource: 'imds' },
          {
            imds,
            describeTag: async () => assert.fail('EC2 was asked'),
            clock: createVirtualClock(),
            random: () => 0.5,
            onSource: () => {},
            onNews: () => {},
            onFault: () => {},
          },
        );
        const reading = await read();
        isReading(reading);
        if (lines.includes(KEY)) {
          assert.equal(reading.kind, 'known');
          const signal = reading.kind === 'known' ? reading.value : undefined;
          assert.equal(signal === undefined, value.trim().toLowerCase() === 'false');
        } else if (lines.every((line) => /^[\w+\-=.,:@]*$/.test(line))) {
          assert.deepEqual(reading, known(undefined));
        } else assert.equal(reading.kind, 'unknown', JSON.stringify(list));
      }),
      runs,
    ));
});

describe('a tag’s value', () => {
  const field = fc.constantFrom('hook=', 'time=', 'drain', ' ', '\t', '2026-01-02T03:04:05Z', '/', ';', '\n');
  const value = fc.oneof(
    anyText,
    fc.array(fc.oneof(field, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 8 }).map((parts) => {
      return parts.join('');
    }),
  );

  test('of any content names a hook by the letters of hooks’ names only, and a time by a time', () =>
    fc.assert(
      fc.property(value, (text) => {
        const said = parseTagValue(text);
        assert.deepEqual(
          Object.keys(said).filter((name) => name !== 'hook' && name !== 'eventAt'),
          [],
        );
        if (said.hook !== undefined) {
          assert.match(said.hook, /^[A-Za-z0-9\-_/]{1,255}$/);
          assert.ok(text.split(/\s+/).includes(`hook=${said.hook}`));
        }
        if (said.eventAt !== undefined) assert.ok(Number.isFinite(said.eventAt));
      }),
      runs,
    ));

  test('of a megabyte is read in no time', () => {
    for (const unit of ['hook=', 'hook=a', ' ', 'time=', 'hook=a;', '\t\n']) {
      const before = process.cpuUsage();
      parseTagValue(unit.repeat(1_000_000 / unit.length));
      const { user } = process.cpuUsage(before);
      assert.ok(user < 1_000_000, `${JSON.stringify(unit)} took ${user} µs of CPU`);
    }
  });
});

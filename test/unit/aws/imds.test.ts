import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createImds, imdsEndpoint, readIdentity } from '../../../src/aws/imds.ts';
import { notFound, type Scripted, scriptedHttp, text } from '../../support/scripted-http.ts';

const endpoint = 'http://169.254.169.254';
const path = 'meta-data/spot/instance-action';

describe('reading metadata', () => {
  test('takes a token first, and keeps it', async () => {
    const { http, asked, requests } = scriptedHttp((request) => text(request.method === 'PUT' ? 'T0' : 'x'));
    const imds = createImds(http, endpoint);
    assert.deepEqual(await imds.get(path), { kind: 'known', value: 'x' });
    assert.deepEqual(await imds.get(path), { kind: 'known', value: 'x' });
    const reading = `GET /latest/${path}`;
    assert.deepEqual(asked, ['PUT /latest/api/token', reading, reading]);
    assert.deepEqual(requests[0]?.headers, { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' });
    assert.deepEqual(requests[2]?.headers, { 'X-aws-ec2-metadata-token': 'T0' });
  });

  test('takes 2 s and 64 kB at most for each answer, and ends with the agent: what hangs or floods would keep it', async () => {
    const { http, requests } = scriptedHttp(() => text('T'));
    const { signal } = new AbortController();
    await createImds(http, endpoint, signal).get(path);
    assert.deepEqual(
      requests.map(({ method, timeoutMs, maxBytes, signal }) => [method, timeoutMs, maxBytes, signal]),
      [
        ['PUT', 4_000, 65_536, signal],
        ['GET', 4_000, 65_536, signal],
      ],
    );
  });

  test('a 404 says "not there", which is an answer', async () => {
    assert.deepEqual(await ask(() => notFound), { kind: 'known', value: undefined });
  });

  test('a token that is refused is renewed once', async () => {
    let given = 0;
    const { http, asked } = scriptedHttp((request) => {
      if (request.method === 'PUT') return text(`T${given++}`);
      return request.headers?.['X-aws-ec2-metadata-token'] === 'T1' ? text('x') : text('', 401);
    });
    assert.deepEqual(await createImds(http, endpoint).get(path), { kind: 'known', value: 'x' });
    assert.deepEqual(asked, [
      'PUT /latest/api/token',
      `GET /latest/${path}`,
      'PUT /latest/api/token',
      `GET /latest/${path}`,
    ]);
  });

  test('and not again and again', async () => {
    const { http, asked } = scriptedHttp((request) => (request.method === 'PUT' ? text('T') : text('', 401)));
    assert.deepEqual(await createImds(http, endpoint).get(path), {
      kind: 'unknown',
      cause: `IMDS answered HTTP 401 for ${path}`,
    });
    assert.equal(asked.length, 4);
  });

  for (const [what, answer, cause] of [
    ['403', text('', 403), `IMDS answered HTTP 403 for ${path}`],
    ['500', text('', 500), `IMDS answered HTTP 500 for ${path}`],
    ['429', text('', 429), `IMDS answered HTTP 429 for ${path}`],
    ['a redirect', text('', 302), `IMDS answered HTTP 302 for ${path}`],
    ['no answer', new Error('connect ECONNREFUSED'), `asking IMDS for ${path}: connect ECONNREFUSED`],
  ] as const) {
    test(`${what} is no word about what was asked for`, async () => {
      assert.deepEqual(await ask(() => answer), { kind: 'unknown', cause });
    });
  }

  for (const [what, token, cause] of [
    ['a 403 for the token', text('', 403), 'IMDS is switched off for this instance (403)'],
    ['a 404 for the token', notFound, 'IMDS gave no session token (HTTP 404)'],
    ['a 500 for the token', text('', 500), 'IMDS gave no session token (HTTP 500)'],
    ['an empty token', text(''), 'IMDS gave no session token (HTTP 200)'],
    ['a page for a token', text('<html>\r\nX: y</html>'), 'IMDS gave no session token (HTTP 200)'],
    ['no answer', new Error('no complete answer in 2000 ms'), 'no complete answer in 2000 ms'],
  ] as const) {
    test(`${what} is no word either`, async () => {
      const { http } = scriptedHttp((request) => (request.method === 'PUT' ? token : text('x')));
      const reading = await createImds(http, endpoint).get(path);
      assert.deepEqual(reading, { kind: 'unknown', cause: `asking IMDS for ${path}: ${cause}` });
    });
  }

  test('a token that could not be had is asked for the next time', async () => {
    let isUp = false;
    const { http } = scriptedHttp(() => (isUp ? text('x') : new Error('connect ECONNREFUSED')));
    const imds = createImds(http, endpoint);
    assert.equal((await imds.get(path)).kind, 'unknown');
    isUp = true;
    assert.deepEqual(await imds.get(path), { kind: 'known', value: 'x' });
  });
});

describe('who this instance is', () => {
  const identity = (instanceId: Scripted, region: Scripted, given?: string) => {
    const { http, asked } = scriptedHttp((request, asking) => {
      if (request.method === 'PUT') return text('T');
      return asking.endsWith('instance-id') ? instanceId : region;
    });
    return readIdentity(createImds(http, endpoint), given).then((reading) => ({ reading, asked }));
  };
  const id = text('i-0123456789abcdef0');

  test('its id and its Region', async () => {
    const { reading } = await identity(id, text('eu-west-1'));
    assert.deepEqual(reading, {
      kind: 'known',
      value: { instanceId: 'i-0123456789abcdef0', region: 'eu-west-1' },
    });
  });

  test('the Region that is given is not asked for', async () => {
    const { reading, asked } = await identity(id, notFound, 'us-east-1');
    assert.equal(reading.kind === 'known' && reading.value.region, 'us-east-1');
    assert.deepEqual(asked, ['PUT /latest/api/token', 'GET /latest/meta-data/instance-id']);
  });

  for (const [what, instanceId, region, cause] of [
    ['no answer for the id', text('', 500), text('x'), 'IMDS answered HTTP 500 for meta-data/instance-id'],
    ['no id', notFound, text('eu-west-1'), 'IMDS names no instance id'],
    ['an empty id', text(''), text('eu-west-1'), 'IMDS names no instance id'],
    [
      'a page for an id',
      text('<html>i-0123456789abcdef0</html>'),
      text('eu-west-1'),
      'IMDS names no instance id',
    ],
    [
      'two ids',
      text('i-0123456789abcdef0\ni-0123456789abcdef1'),
      text('eu-west-1'),
      'IMDS names no instance id',
    ],
    ['no Region', id, notFound, 'IMDS names no Region; set AWS_REGION'],
    ['a page for a Region', id, text('<html>'), 'IMDS names no Region; set AWS_REGION'],
    ['no answer for the Region', id, text('', 500), 'IMDS answered HTTP 500 for meta-data/placement/region'],
  ] as const) {
    test(`is not known from ${what}`, async () => {
      assert.deepEqual((await identity(instanceId, region)).reading, { kind: 'unknown', cause });
    });
  }
});

describe('where the metadata is', () => {
  for (const [environment, expected] of [
    [{}, 'http://169.254.169.254'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://127.0.0.1:1338/' }, 'http://127.0.0.1:1338'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv6' }, 'http://[fd00:ec2::254]'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'ipv6' }, 'http://[fd00:ec2::254]'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: 'IPv4' }, 'http://169.254.169.254'],
    [{ AWS_EC2_METADATA_SERVICE_ENDPOINT: '' }, 'http://169.254.169.254'],
  ] as const) {
    test(JSON.stringify(environment), () => assert.equal(imdsEndpoint(environment), expected));
  }
});

function ask(answer: () => Scripted) {
  const { http } = scriptedHttp((request) => (request.method === 'PUT' ? text('T') : answer()));
  return createImds(http, endpoint).get(path);
}

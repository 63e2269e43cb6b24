import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { readNetwork } from '../../../src/config/network.ts';

const LOCAL = 'http://127.0.0.1:51678';
// Two that Node brings.
const [PEM = '', OTHER = ''] = rootCertificates;
const GARBAGE = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----';
const read = (environment: Record<string, string>, introspectionUrl = LOCAL) =>
  readNetwork(environment, introspectionUrl, (path) => {
    if (path === '/ca.pem') return PEM;
    if (path === '/empty.pem') return '';
    if (path === '/other.pem') return 'x';
    if (path === '/half.pem') return `${PEM}\n${OTHER.slice(0, 500)}`;
    if (path === '/garbage.pem') return GARBAGE;
    if (path === '/mixed.pem') return `${PEM}\n${GARBAGE}\n# ours\n${OTHER}\n`;
    throw Object.assign(new Error('x'), { code: 'EACCES' });
  });
const networkOf = (environment: Record<string, string>) => {
  const found = read(environment);
  assert.equal(found.kind, 'ok');
  return found.kind === 'ok' ? found.network : {};
};
const warningsOf = (environment: Record<string, string>, introspectionUrl?: string) => {
  const found = read(environment, introspectionUrl);
  return found.kind === 'ok' ? found.warnings : found.problems;
};
const problemsOf = (environment: Record<string, string>) => {
  const found = read(environment);
  return found.kind === 'wrong' ? found.problems : [];
};

describe('a proxy', () => {
  test('is none where nothing says so, nor where only NO_PROXY does', () => {
    assert.deepEqual(networkOf({}), {});
    assert.deepEqual(networkOf({ HTTP_PROXY: '', https_proxy: '', NO_PROXY: '*' }), {});
  });
  test('is that of its own scheme, by a name in capitals or not, which goes first', () => {
    const environment = {
      HTTP_PROXY: 'http://a:1',
      http_proxy: 'http://b:2',
      HTTPS_PROXY: 'https://c:3',
      no_proxy: 'x.internal',
    };
    assert.deepEqual(networkOf(environment).proxyEnv, {
      http_proxy: 'http://b:2/',
      https_proxy: 'https://c:3/',
      no_proxy: 'x.internal',
    });
  });
  test('may be written as the ECS agent takes it, without a scheme', () =>
    assert.deepEqual(networkOf({ HTTPS_PROXY: '10.0.0.131:3128' }).proxyEnv, {
      https_proxy: 'http://10.0.0.131:3128/',
    }));
  test('is told to people without its password', () => {
    const network = networkOf({ HTTPS_PROXY: 'http://user:s3cret@proxy:3128', NO_PROXY: 'a,b' });
    assert.equal(network.proxies, 'https through http://proxy:3128 (with a password); not for a,b');
    assert.equal(networkOf({ http_proxy: 'proxy:80' }).proxies, 'http through http://proxy');
  });
  for (const [text, why] of [
    ['socks5://u:s3cret@h:1', 'socks5:// is not supported; a proxy is asked by http:// or https://'],
    ['http://u:s3cret@', 'is not the URL of a proxy, such as http://proxy.example.com:3128'],
    ['http://u:s3cret@h:99999', 'is not the URL of a proxy, such as http://proxy.example.com:3128'],
    ['http://u:s3cret%@h:1', 'has a user name or password with a bare %; write it as %25'],
  ] as const)
    test(`is refused, and its password not repeated: ${text}`, () =>
      assert.deepEqual(problemsOf({ HTTPS_PROXY: text }), [`HTTPS_PROXY: ${why}`]));
  test('is refused where Node would go past it', () => {
    const found = (version: string) => readNetwork({ https_proxy: 'proxy:1' }, LOCAL, () => '', version);
    assert.deepEqual(found('24.4.1'), {
      kind: 'wrong',
      what: 'configuration',
      problems: ['https_proxy: this Node.js, 24.4.1, knows no proxies; 24.5 or newer does'],
    });
    assert.equal(found('22.21.0').kind, 'wrong');
    assert.equal(found('24.5.0').kind, 'ok');
    assert.equal(found('26.0.0').kind, 'ok');
    assert.equal(readNetwork({}, LOCAL, () => '', '22.21.0').kind, 'ok');
  });
  test('with networks in NO_PROXY is a warning: they would match nothing without a word', () => {
    const environment = { HTTPS_PROXY: 'proxy:1', NO_PROXY: '.internal, 10.0.0.0/8,fd00::/8' };
    assert.deepEqual(warningsOf(environment), [
      'NO_PROXY has 10.0.0.0/8, fd00::/8: networks are not compared. Write names, addresses, or a range such as 10.0.0.1-10.0.0.254.',
    ]);
    assert.deepEqual(warningsOf({ NO_PROXY: '10.0.0.0/8' }), []);
  });
});

describe('AWS_CA_BUNDLE', () => {
  test('gives the certificates', () => {
    assert.deepEqual(networkOf({ AWS_CA_BUNDLE: '/ca.pem' }), { ca: PEM });
    assert.deepEqual(networkOf({ AWS_CA_BUNDLE: '' }), {});
  });
  test('is refused where it gives none: every call would fail, the first one in a drain', () => {
    assert.deepEqual(read({ AWS_CA_BUNDLE: '/other.pem' }), {
      kind: 'wrong',
      what: 'configuration',
      problems: ['AWS_CA_BUNDLE: "/other.pem" holds no certificate in PEM (-----BEGIN CERTIFICATE-----)'],
    });
  });
  test('is refused where none of it can be read: every call would fail until somebody restarts the agent', () => {
    const problems = ['AWS_CA_BUNDLE: 1 of 1 certificates in "/garbage.pem" cannot be read'];
    assert.deepEqual(read({ AWS_CA_BUNDLE: '/garbage.pem' }), {
      kind: 'wrong',
      what: 'configuration',
      problems,
    });
  });
  test('with one that cannot be read is a warning: Node would trust none that comes after it', () => {
    const environment = { AWS_CA_BUNDLE: '/mixed.pem' };
    assert.deepEqual(networkOf(environment), { ca: `${PEM}\n${OTHER}` });
    assert.deepEqual(warningsOf(environment), [
      'AWS_CA_BUNDLE: 1 of 3 certificates in "/mixed.pem" cannot be read, and are not trusted',
    ]);
  });
  for (const [path, why] of [
    ['/root.pem', 'cannot be read (EACCES); the user of this process must be able to'],
    ['/empty.pem', 'is empty'],
    ['/half.pem', 'ends within a certificate'],
  ] as const)
    test(`that user data has yet to write, or to make readable, is no wrong configuration: it ${why}`, () => {
      const environment = { AWS_CA_BUNDLE: path };
      const problems = [`AWS_CA_BUNDLE: ${JSON.stringify(path)} ${why}`];
      assert.deepEqual(read(environment), { kind: 'wrong', what: 'unreadable', problems });
      const alsoWrong = read({ ...environment, HTTPS_PROXY: 'socks5://h:1' });
      assert.equal(alsoWrong.kind === 'wrong' && alsoWrong.what, 'configuration', 'restarted without end');
    });
});

describe('an endpoint', () => {
  const said = (name: string, shown: string, fix: string) =>
    `${name} is ${shown}, neither on this host nor encrypted: whoever is on the way can answer in its place, that all tasks have ended for one. ${fix}`;
  const HTTPS = 'Use https://.';
  const ON_HOST = 'Ask the one of this host: only http:// is there.';

  test('that leaves the host unencrypted is a warning, without what is secret in it', () => {
    const environment = {
      AWS_ENDPOINT_URL: 'http://u:s3cret@198.51.100.7:4566/x',
      AWS_ENDPOINT_URL_ECS: 'http://localhost.example.com',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: 'http://10.0.0.1/',
    };
    assert.deepEqual(warningsOf(environment, 'http://[2001:db8::1]:51678'), [
      said('AWS_ENDPOINT_URL', 'http://198.51.100.7:4566', HTTPS),
      said('AWS_ENDPOINT_URL_ECS', 'http://localhost.example.com', HTTPS),
      said('AWS_EC2_METADATA_SERVICE_ENDPOINT', 'http://10.0.0.1', ON_HOST),
      said('--introspection-url', 'http://[2001:db8::1]:51678', ON_HOST),
    ]);
  });
  test('that no request can be sent to is refused at once, not first in a drain', () => {
    const url =
      'is no URL with https:// or http://, such as https://vpce-0123456789abcdef0.ecs.eu-west-1.vpce.amazonaws.com';
    for (const text of [
      'vpce-0123456789abcdef0.ecs.eu-west-1.vpce.amazonaws.com',
      'localhost:4566',
      'ftp://x',
    ])
      assert.deepEqual(problemsOf({ AWS_ENDPOINT_URL_ECS: text }), [`AWS_ENDPOINT_URL_ECS: ${url}`], text);
    for (const text of ['169.254.169.254', 'https://169.254.169.254'])
      assert.deepEqual(
        problemsOf({ AWS_EC2_METADATA_SERVICE_ENDPOINT: text }),
        [
          'AWS_EC2_METADATA_SERVICE_ENDPOINT: is no URL with http://, such as http://169.254.169.254; metadata has no https://',
        ],
        'the agent would wait for metadata without end',
      );
  });
  test('that is encrypted or on the host is none', () => {
    for (const url of [
      'https://vpce.example.com',
      'http://127.0.0.1:1',
      'http://127.8.8.8',
      'http://localhost:8080',
      'http://[::1]:1',
      'http://169.254.169.254',
      'http://[fd00:ec2::254]',
      '',
    ])
      assert.deepEqual(warningsOf({ AWS_ENDPOINT_URL: url }), [], url);
  });
});

describe('what the SDK would stumble over, first in a drain,', () => {
  test('is refused where it is a Region: no call could be made, and the hook would time out', () => {
    const said = (name: string, text: string) => [
      `${name}: ${text} is not the name of a Region, such as eu-west-1`,
    ];
    assert.deepEqual(
      problemsOf({ AWS_REGION: 'eu-west-1 # Ireland' }),
      said('AWS_REGION', '"eu-west-1 # Ireland"'),
    );
    assert.deepEqual(
      problemsOf({ AWS_REGION: '', AWS_DEFAULT_REGION: 'EU (Ireland)' }),
      said('AWS_DEFAULT_REGION', '"EU (Ireland)"'),
    );
    // Nobody asks for the second one.
    assert.deepEqual(problemsOf({ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'x y' }), []);
    assert.deepEqual(problemsOf({ AWS_REGION: '', AWS_DEFAULT_REGION: '' }), []);
  });
  test('is a warning where it is a switch: a host with IPv6 alone would reach no API', () => {
    const said = (name: string, text: string) =>
      `${name}: "${text}" is neither true nor false: the AWS SDK takes it for false`;
    assert.deepEqual(warningsOf({ AWS_USE_DUALSTACK_ENDPOINT: 'True', AWS_USE_FIPS_ENDPOINT: '1' }), [
      said('AWS_USE_DUALSTACK_ENDPOINT', 'True'),
      said('AWS_USE_FIPS_ENDPOINT', '1'),
    ]);
    for (const text of ['true', 'false', ''])
      assert.deepEqual(warningsOf({ AWS_USE_DUALSTACK_ENDPOINT: text }), [], text);
  });
});

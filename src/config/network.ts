import { type Environment, regionIn } from '../base/environment.ts';
import { isNotReadableYet, readTextFile } from '../base/files.ts';
import { clip, escaped, quote } from '../base/text.ts';
import { awsNames } from './aws-names.ts';
import type { Parsed } from './parsed.ts';

/** How the AWS APIs are reached. Metadata, its credentials and the ECS agent are always asked directly. */
export type Network = {
  /** As Node's agents take it. Undefined where no proxy is set. */
  readonly proxyEnv?: ProxyEnvironment | undefined;
  /** The proxies for people, without what is secret in them. */
  readonly proxies?: string | undefined;
  /** The certificates that are trusted in place of Node's own, in PEM. */
  readonly ca?: string | undefined;
};

export type ProxyEnvironment = {
  readonly http_proxy?: string;
  readonly https_proxy?: string;
  readonly no_proxy?: string;
};

export type NetworkRead =
  | { readonly kind: 'ok'; readonly network: Network; readonly warnings: readonly string[] }
  | {
      readonly kind: 'wrong';
      readonly problems: readonly string[];
      /** `unreadable`: nothing but that AWS_CA_BUNDLE cannot be read at this moment. */
      readonly what: 'configuration' | 'unreadable';
    };

/**
 * Reads how the AWS APIs are reached from the environment: proxies, AWS_CA_BUNDLE, and endpoints that are not encrypted.
 * @param introspectionUrl where the ECS agent is asked; undefined: it is not
 * @param read reads a text file; replaced in tests
 */
export function readNetwork(
  environment: Environment,
  introspectionUrl: string | undefined,
  read = (path: string) => readTextFile(path, MOST_BYTES),
  nodeVersion = process.versions.node,
): NetworkRead {
  const problems: string[] = [];
  const proxyEnv: Record<string, string> = {};
  for (const name of ['http_proxy', 'https_proxy'] as const) {
    const given = firstSet(environment, name);
    if (!given) continue;
    const url = proxyUrl(given.value);
    if (url.kind === 'ok') proxyEnv[name] = url.value;
    else problems.push(`${given.name}: ${url.why}`);
  }
  // Node before 24.5 has no proxies, and would go past them without a word.
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [proxyName] = Object.keys(proxyEnv);
  if (proxyName && (major < 24 || (major === 24 && minor < 5)))
    problems.push(`${proxyName}: this Node.js, ${nodeVersion}, knows no proxies; 24.5 or newer does`);
  const noProxy = firstSet(environment, 'no_proxy');
  if (noProxy) proxyEnv.no_proxy = noProxy.value;

  problems.push(...wrongRegion(environment), ...wrongEndpoints(environment));
  const bundle = environment.AWS_CA_BUNDLE;
  const ca = bundle ? readBundle(bundle, read) : undefined;
  const isUnreadable = ca?.kind === 'unreadable' && problems.length === 0;
  if (ca && ca.kind !== 'ok') problems.push(`AWS_CA_BUNDLE: ${ca.why}`);
  if (problems.length > 0)
    return { kind: 'wrong', problems, what: isUnreadable ? 'unreadable' : 'configuration' };

  const hasProxy = proxyEnv.http_proxy !== undefined || proxyEnv.https_proxy !== undefined;
  return {
    kind: 'ok',
    network: {
      ...(hasProxy && { proxyEnv, proxies: describeProxies(proxyEnv) }),
      ...(ca?.kind === 'ok' && { ca: ca.value }),
    },
    warnings: [
      ...(ca?.kind === 'ok' ? ca.warnings : []),
      ...openEndpoints(environment, introspectionUrl),
      ...unheededSwitches(environment),
      ...(hasProxy && noProxy ? unmatchable(noProxy) : []),
    ],
  };
}

function describeProxies(proxyEnv: ProxyEnvironment): string {
  const { http_proxy: http, https_proxy: https, no_proxy: except } = proxyEnv;
  const through = [
    https && `https through ${withoutSecrets(https)}`,
    http && `http through ${withoutSecrets(http)}`,
  ];
  return `${through.filter(Boolean).join(', ')}${except ? `; not for ${escaped(clip(except, 200))}` : ''}`;
}

/** A bundle of all the world's authorities has some 300 kB. */
const MOST_BYTES = 4 * 1024 * 1024;

/** The first one that is set and not empty, in small letters first, as curl and Node have it. */
function firstSet(environment: Environment, name: string) {
  for (const one of [name, name.toUpperCase()]) {
    const value = environment[one];
    if (value) return { name: one, value };
  }
  return undefined;
}

/** As in /etc/ecs/ecs.config, a proxy may be given without `http://`. A refusal never repeats it: it can hold a password. */
function proxyUrl(text: string): Parsed<string> {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (!url || url.hostname === '')
    return { kind: 'wrong', why: 'is not the URL of a proxy, such as http://proxy.example.com:3128' };
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return {
      kind: 'wrong',
      why: `${url.protocol}// is not supported; a proxy is asked by http:// or https://`,
    };
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return { kind: 'wrong', why: 'has a user name or password with a bare %; write it as %25' };
  }
  return { kind: 'ok', value: url.href };
}

function withoutSecrets(text: string): string {
  const url = new URL(text);
  return `${url.protocol}//${url.host}${url.username || url.password ? ' (with a password)' : ''}`;
}

type Bundle =
  | { readonly kind: 'ok'; readonly value: string; readonly warnings: readonly string[] }
  | { readonly kind: 'wrong' | 'unreadable'; readonly why: string };

function readBundle(path: string, read: (path: string) => string): Bundle {
  const shown = escaped(JSON.stringify(clip(path, 200)));
  let text: string;
  try {
    text = read(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      kind: isNotReadableYet(error) ? 'unreadable' : 'wrong',
      why: `${shown} cannot be read (${code ?? message}); the user of this process must be able to`,
    };
  }
  if (text === '') return { kind: 'unreadable', why: `${shown} is empty` };
  const begun = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/g)?.length ?? 0;
  if (begun === 0)
    return { kind: 'wrong', why: `${shown} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)` };
  // Both this and an empty file are so while it is being written.
  if (text.lastIndexOf('-----BEGIN ') > text.lastIndexOf('-----END '))
    return { kind: 'unreadable', why: `${shown} ends within a certificate` };
  // Of what Node is given, it trusts those before the first that it cannot read, and says nothing.
  const certificates = (text.match(CERTIFICATE) ?? []).filter(isReadable);
  const lost = `${begun - certificates.length} of ${begun} certificates in ${shown} cannot be read`;
  if (certificates.length === 0) return { kind: 'wrong', why: lost };
  const isWhole = certificates.length === begun;
  return {
    kind: 'ok',
    value: certificates.join('\n'),
    warnings: isWhole ? [] : [`AWS_CA_BUNDLE: ${lost}, and are not trusted`],
  };
}

const CERTIFICATE = /-----BEGIN ((?:TRUSTED |X509 )?CERTIFICATE)-----[^-]*-----END \1-----/g;

function isReadable(certificate: string): boolean {
  const { X509Certificate } = process.getBuiltinModule('node:crypto');
  try {
    return new X509Certificate(certificate).subject !== undefined;
  } catch {
    return false;
  }
}

/** The APIs that the programs of this project ask, and STS for credentials. */
const API_ENDPOINTS = [
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_ECS',
  'AWS_ENDPOINT_URL_AUTO_SCALING',
  'AWS_ENDPOINT_URL_EC2',
  'AWS_ENDPOINT_URL_CLOUDWATCH',
  'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
  'AWS_ENDPOINT_URL_SQS',
  'AWS_ENDPOINT_URL_STS',
];
const METADATA_ENDPOINT = 'AWS_EC2_METADATA_SERVICE_ENDPOINT';

/** With what is no Region, such as one with a comment behind it, the SDK makes no call; at rest the agent makes none either. */
function wrongRegion(environment: Environment): string[] {
  const region = regionIn(environment) ?? '';
  const read = awsNames.region(region);
  const name = environment.AWS_REGION ? 'AWS_REGION' : 'AWS_DEFAULT_REGION';
  return read.kind === 'ok' ? [] : [`${name}: ${quote(region)} ${read.why}, such as eu-west-1`];
}

/** Read by the SDK, which takes any other word than these two for false. */
function unheededSwitches(environment: Environment): string[] {
  return ['AWS_USE_DUALSTACK_ENDPOINT', 'AWS_USE_FIPS_ENDPOINT'].flatMap((name) => {
    const text = environment[name];
    return !text || text === 'true' || text === 'false'
      ? []
      : [`${name}: ${quote(text)} is neither true nor false: the AWS SDK takes it for false`];
  });
}

/** What could be asked at no time, but would be found out in a drain. Not repeated: it can hold a password. */
function wrongEndpoints(environment: Environment): string[] {
  const isUrl = (text: string, ...protocols: string[]) => protocols.includes(URL.parse(text)?.protocol ?? '');
  const metadata = environment[METADATA_ENDPOINT];
  return [
    ...API_ENDPOINTS.filter((name) => {
      const text = environment[name];
      return text && !isUrl(text, 'https:', 'http:');
    }).map(
      (name) =>
        `${name}: is no URL with https:// or http://, such as https://vpce-0123456789abcdef0.ecs.eu-west-1.vpce.amazonaws.com`,
    ),
    ...(metadata && !isUrl(metadata, 'http:')
      ? [
          `${METADATA_ENDPOINT}: is no URL with http://, such as http://169.254.169.254; metadata has no https://`,
        ]
      : []),
  ];
}

function openEndpoints(environment: Environment, introspectionUrl: string | undefined): string[] {
  const onHost = 'Ask the one of this host: only http:// is there.';
  const given = [
    ...API_ENDPOINTS.map((name) => [name, environment[name], 'Use https://.'] as const),
    [METADATA_ENDPOINT, environment[METADATA_ENDPOINT], onHost] as const,
    ['--introspection-url', introspectionUrl, onHost] as const,
  ];
  return given.flatMap(([name, text, fix]) => {
    const url = text ? URL.parse(text) : undefined;
    if (url?.protocol !== 'http:' || isOwnHost(url.hostname)) return [];
    return [
      `${name} is ${escaped(clip(`${url.protocol}//${url.host}`, 200))}, neither on this host nor encrypted: whoever is on the way can answer in its place, that all tasks have ended for one. ${fix}`,
    ];
  });
}

/** Loopback, and the addresses of instance metadata, which never leave the host. */
function isOwnHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    /^127(?:\.\d{1,3}){3}$/.test(hostname) ||
    hostname === '[::1]' ||
    hostname === '169.254.169.254' ||
    hostname === '[fd00:ec2::254]'
  );
}

/** Node compares names, addresses and ranges of addresses written with a hyphen. */
function unmatchable({ name, value }: { name: string; value: string }): string[] {
  const nets = value.split(/[\s,]+/).filter((part) => /^[\d.:a-f]+\/\d+$/i.test(part));
  return nets.length === 0
    ? []
    : [
        `${name} has ${escaped(clip(nets.join(', '), 200))}: networks are not compared. Write names, addresses, or a range such as 10.0.0.1-10.0.0.254.`,
      ];
}

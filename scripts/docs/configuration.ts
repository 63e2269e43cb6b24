import { usageError } from '../../src/command-line/front.ts';
import { program } from '../../src/commands/program.ts';
import { EX_CONFIG, EX_TEMPFAIL, EX_USAGE } from '../../src/config/exit-codes.ts';
import { DEFAULT_CONFIG_FILE, loadConfig, NEEDS } from '../../src/config/load.ts';
import { optionList, options } from '../../src/config/options.ts';
import { block, code, paragraphs, table } from './markdown.ts';

/** The file that docs/configuration.md shows; a test loads it. */
export const EXAMPLE_FILE = `# Read the tag from the metadata only: this group's launch template has InstanceMetadataTags=enabled.
ECS_DRAIN_TAG_SOURCE=imds

# The group has two terminating hooks; this one is ours.
ECS_DRAIN_LIFECYCLE_HOOK=drain

# No task here should take longer than six hours. After that, tasks are asked to stop: SIGTERM, then their stop time-out.
ECS_DRAIN_TIMEOUT=6h
ECS_DRAIN_ON_TIMEOUT=stop-tasks

# For the AWS SDK: this instance reaches ECS by a VPC endpoint that has a name of its own.
AWS_ENDPOINT_URL_ECS="https://vpce-0123456789abcdef0.ecs.eu-west-1.vpce.amazonaws.com"
`;

/** docs/configuration.md, from the one schema that the program itself reads. */
export function configurationPage(): string {
  return `${[
    '<!-- Made from src/config/options.ts by `npm run docs`: change it there. -->',
    '# Configuration',
    paragraphs(`
Most instances need no configuration. The defaults are right if instance metadata serves the instance's tags and the group
has one terminating lifecycle hook. \`ecs-drain-agent doctor\` checks whether they are right on an instance.`),
    '## Where it is read',
    paragraphs(`
You can set every option in three ways. If several set it, the first in this list counts:

1. as a flag: ${code('--poll-interval 10s')} or ${code('--poll-interval=10s')}
2. in the environment: ${code('ECS_DRAIN_POLL_INTERVAL=10s')}
3. in the configuration file, by the same name as in the environment

An empty variable counts as unset. A flag with an empty value is an error. So is a flag that is followed by another flag instead of
its value: if the value really begins with dashes, write \`--flag=--value\`.

The file is ${code(DEFAULT_CONFIG_FILE)}, unless ${code('--config PATH')} or ${code('ECS_DRAIN_CONFIG')} names another one.
The default file need not exist; a file that you name must. It has the form of ${code('/etc/ecs/ecs.config')}:
${code('NAME=value')}, one per line, the value with or without quotes. Lines that begin with ${code('#')} are comments.
Variables in values are not expanded. Names that begin with ${code('AWS_')} are passed to the AWS SDK if the environment
does not set them. So are the [proxy variables](#proxies).`),
    block(EXAMPLE_FILE),
    paragraphs(`
A change takes effect when you restart the agent: \`systemctl restart ecs-drain-agent\`. That is safe at any time, even
during a drain and in user data. The agent starts before user data has ended, so user data that writes the file must restart it too.`),
    '## All options',
    table(
      ['flag', 'environment and file', 'default'],
      optionList.map((option) => [
        `[${code(`--${option.flag}`)}](#--${option.flag})`,
        code(option.env),
        shownDefault(option),
      ]),
    ),
    paragraphs(`
Write times with a unit: ${code('500ms')}, ${code('90s')}, ${code('5m')}, ${code('1h30m')}, ${code('2d')}.`),
    ...optionList.map(optionSection),
    '## What a mistake looks like',
    paragraphs(`
If a value is not allowed or a flag does not exist, the agent exits at once, and systemd does not restart it. The exit code is
${EX_USAGE} if something on the command line is wrong, else ${EX_CONFIG}. The agent reports all mistakes together, and says where each of them is.

If the configuration file cannot be read, it may still appear: when user data ends on the first boot, or when its volume is mounted. In
that case the agent exits with ${EX_TEMPFAIL}, and systemd starts it again, at growing intervals of up to a minute, until the file can be read.

For example:`),
    block(usageError('ecs-drain-agent', 'run', problems())),
    paragraphs(`
If a name in the environment or the file begins with ${code('ECS_DRAIN_')} and is not an option, the agent logs a warning,
ignores it and starts:`),
    block(warnings()),
    paragraphs(`
It also warns if an option is set that has no effect without another:`),
    table(
      ['option', 'needs'],
      NEEDS.map(([name, needs]) => [code(`--${options[name].flag}`), needs]),
    ),
    '## What the AWS SDK reads',
    paragraphs(`
The agent finds its credentials, Region and endpoints as every program does that uses the AWS SDK for JavaScript. These variables are
the most useful ones:`),
    table(
      ['environment and file', 'meaning'],
      [
        [
          code('AWS_REGION'),
          "the Region, if metadata cannot tell it. The agent warns if it is not the instance's own",
        ],
        [
          `${code('AWS_ENDPOINT_URL')}, ${code('AWS_ENDPOINT_URL_ECS')}, ${code('AWS_ENDPOINT_URL_AUTO_SCALING')}, ${code('AWS_ENDPOINT_URL_EC2')}`,
          "the APIs' endpoints, for example a VPC endpoint without private DNS names, or the [sandbox](sandbox.md)",
        ],
        [
          `${code('AWS_EC2_METADATA_SERVICE_ENDPOINT')}, ${code('AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6')}`,
          'the endpoint of instance metadata',
        ],
        [
          `${code('AWS_ACCESS_KEY_ID')}, ${code('AWS_PROFILE')} and the rest of the credential chain`,
          "the agent's credentials, if they are not those of the instance's role",
        ],
        [
          `${code('AWS_USE_DUALSTACK_ENDPOINT=true')}, ${code('AWS_USE_FIPS_ENDPOINT=true')}`,
          'the endpoints that also have IPv6 addresses, or the FIPS ones',
        ],
        [
          code('AWS_CA_BUNDLE'),
          "a PEM file with the certificates that the agent trusts in place of the public ones; for an https:// proxy it trusts both. The agent's user must be able to read the file",
        ],
        [
          `${code('HTTPS_PROXY')}, ${code('HTTP_PROXY')}, ${code('NO_PROXY')}`,
          'the proxy for https:// endpoints of the AWS APIs, the one for http:// endpoints, and the hosts that are reached without a proxy ([below](#proxies))',
        ],
      ],
    ),
    '### Proxies',
    paragraphs(`
If ${code('HTTPS_PROXY')} (or ${code('https_proxy')}) is set, the agent reaches the AWS APIs through that proxy. The value has the form
${code('http://proxy.example.com:3128')}. You may leave out ${code('http://')}, as in ${code('/etc/ecs/ecs.config')}, and you may put
${code('user:password@')} before the host. The log and ${code('doctor')} name the proxy without the password.
The agent always reaches instance metadata, with the credentials in it, and the ECS agent directly, whatever ${code('NO_PROXY')} says, and
even with ${code('NODE_USE_ENV_PROXY=1')}.

${code('NO_PROXY')} is a list of names (${code('vpce.example.com')}), domains (${code('.internal')}), addresses, and ranges of
addresses (${code('10.0.0.1-10.0.0.254')}), separated by commas. List the names of your VPC endpoints there. The agent ignores networks
such as ${code('10.0.0.0/8')} and warns about them.

While the proxy is down, no request reaches AWS. That is an outage like any other ([guarantees.md](guarantees.md)).

These are wrong configurations: a proxy or an endpoint whose URL is neither http:// nor https://, an ${code('AWS_REGION')} that is not the name of
a Region, such as one with a comment behind it, and an ${code('AWS_CA_BUNDLE')} file in which no certificate can be read. If that file itself cannot be read, is empty, or ends within a certificate, the agent waits for it. If only some of its
certificates cannot be read, the agent warns. It also warns about an http:// endpoint that is not on this host, because anyone on the network
path can answer in its place, and about an ${code('AWS_USE_DUALSTACK_ENDPOINT')} or ${code('AWS_USE_FIPS_ENDPOINT')} that is neither ${code('true')} nor ${code('false')}, because
the SDK takes every other word for ${code('false')}.`),
    '## Exit codes',
    table(
      ['command', 'code', 'meaning'],
      [
        ...Object.entries(program.commands).flatMap(([name, { exitCodes }]) =>
          exitCodes.map(([exitCode, meaning]) => [name, exitCode, meaning]),
        ),
        ['status --health', '0', 'an agent runs on this host and does not hang, whatever it is doing'],
        [
          'status --health',
          '1',
          'no agent runs, or it has done nothing for three minutes, or it is not known: for a health check',
        ],
        ...program.exitCodes.map(([exitCode, meaning]) => ['all', exitCode, meaning]),
      ],
    ),
  ].join('\n\n')}\n`;
}

type OptionEntry = (typeof optionList)[number];

function optionSection(option: OptionEntry): string {
  const alsoFrom = (option.alsoFrom ?? []).map((name) => ` ${code(name)} gives it when nothing else does.`);
  return [
    `### \`--${option.flag}\``,
    `${option.help}${alsoFrom.join('')}`,
    [
      `- environment and file: ${code(option.env)}`,
      `- allowed: ${option.allowed}`,
      `- default: ${shownDefault(option)}`,
    ].join('\n'),
  ].join('\n\n');
}

const shownDefault = ({ default: text, defaultShown }: OptionEntry): string =>
  text === '' ? (defaultShown ?? 'none') : code(text);

/** Real messages, so that the page cannot promise others. */
function problems(): readonly string[] {
  const loaded = loadConfig(
    ['--poll-interval', '5', '--drain-timout', '6h'],
    {
      ECS_DRAIN_TAG_KEY: 'drain me',
    },
    noFile,
  );
  return loaded.kind === 'wrong' ? loaded.problems : [];
}

function warnings(): string {
  const loaded = loadConfig([], { ECS_DRAIN_SIGNAL: 'tag' }, noFile);
  return loaded.kind === 'loaded' ? loaded.warnings.join('\n') : '';
}

function noFile(): never {
  throw Object.assign(new Error('there is none'), { code: 'ENOENT' });
}

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
You can set every option in three ways. The first one that sets it counts:

1. as a flag: ${code('--poll-interval 10s')} or ${code('--poll-interval=10s')}
2. in the environment: ${code('ECS_DRAIN_POLL_INTERVAL=10s')}
3. in the configuration file, by the same name as in the environment

An empty variable counts as unset. An empty flag is an error, and so is one with another flag in the
place of its value: write \`--flag=--value\` where that is the value.

The file is ${code(DEFAULT_CONFIG_FILE)}, unless ${code('--config PATH')} or ${code('ECS_DRAIN_CONFIG')} names another one.
The default file need not exist; a file that you name must. It has the form of ${code('/etc/ecs/ecs.config')}:
${code('NAME=value')}, one per line, the value with or without quotes. Lines that begin with ${code('#')} are comments.
Variables in values are not expanded. Names that begin with ${code('AWS_')} are passed to the AWS SDK if the environment
does not set them, and so are the names of proxies, below.`),
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
If a value is not allowed or a flag does not exist, the agent ends at once, and systemd does not restart it: with exit code
${EX_USAGE} where something on the command line is wrong, else with ${EX_CONFIG}. It reports all mistakes at once, each with its place.
A file that cannot be read may be there later: after the first boot's user data, or once its volume is mounted. Then the agent ends with
${EX_TEMPFAIL}, and systemd starts it again until it can read the file, at growing intervals of up to a minute.

For example:`),
    block(usageError('ecs-drain-agent', 'run', problems())),
    paragraphs(`
If a name in the environment or the file begins with ${code('ECS_DRAIN_')} and is not an option, the agent logs a warning,
ignores it and starts:`),
    block(warnings()),
    paragraphs(`
So it does where an option is set that has no effect without another:`),
    table(
      ['option', 'needs'],
      NEEDS.map(([name, needs]) => [code(`--${options[name].flag}`), needs]),
    ),
    '## What the AWS SDK reads',
    paragraphs(`
The agent finds credentials, Region and endpoints like every program that uses the AWS SDK for JavaScript. The most useful
variables here:`),
    table(
      ['environment and file', 'meaning'],
      [
        [code('AWS_REGION'), "the Region, if it is not the instance's"],
        [
          `${code('AWS_ENDPOINT_URL')}, ${code('AWS_ENDPOINT_URL_ECS')}, ${code('AWS_ENDPOINT_URL_AUTO_SCALING')}, ${code('AWS_ENDPOINT_URL_EC2')}`,
          "the APIs' endpoints, e.g. a VPC endpoint without private DNS names, or the [sandbox](sandbox.md)",
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
          "a file with the certificates, in PEM, that are trusted in place of the public ones; an https:// proxy is trusted by either. The agent's user must be able to read it",
        ],
        [
          `${code('HTTPS_PROXY')}, ${code('HTTP_PROXY')}, ${code('NO_PROXY')}`,
          'a proxy for the AWS APIs, for https:// and for http:// endpoints, and what is asked without it; below',
        ],
      ],
    ),
    '### Proxies',
    paragraphs(`
The agent asks the AWS APIs through a proxy where ${code('HTTPS_PROXY')} (or ${code('https_proxy')}) is set. It has the form
${code('http://proxy.example.com:3128')}; ${code('http://')} may be left out, as in ${code('/etc/ecs/ecs.config')}, and
${code('user:password@')} may stand before the host. The log and ${code('doctor')} name the proxy without the password.
Instance metadata, the credentials in it, and the ECS agent are always asked directly, whatever ${code('NO_PROXY')} says, and even with
${code('NODE_USE_ENV_PROXY=1')}.

${code('NO_PROXY')} is a list of names (${code('vpce.example.com')}), domains (${code('.internal')}), addresses, and ranges of
addresses (${code('10.0.0.1-10.0.0.254')}), separated by commas. Networks such as ${code('10.0.0.0/8')} are not compared, and
the agent warns of them. Give it the names of your VPC endpoints.

While the proxy is down nothing reaches AWS: it is an outage as any other ([guarantees.md](guarantees.md)). A proxy other than
http:// and https://, an endpoint that is no such URL, and a file in ${code('AWS_CA_BUNDLE')} without a certificate that can be read, are wrong
configurations. A file that cannot be read, is empty, or ends within a certificate, is waited for; single certificates that cannot be read
are a warning. An http:// endpoint that is not on this host is a warning, because whoever is on the way to it can answer in its place.`),
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

import { isCluster } from '../base/arn.ts';
import { DEFAULT_TAG_KEY, isLifecycleHookName, METADATA_TAG_KEY_CHARACTERS } from './names.ts';
import { boolean, duration, list, listOf, type OptionText, oneOf, type ValuesOf } from './option.ts';
import { parsed as ok, type Parsed, wrong } from './parsed.ts';
import { parseTaskPatterns, TASK_PATTERNS_ALLOWED } from './task-patterns.ts';

/** One option of the agent: an environment variable can give it too. */
export type Option<T> = OptionText<T> & {
  readonly env: string;
  /** Environment variables that give the value when nothing else does. */
  readonly alsoFrom?: readonly string[];
};

export const SIGNALS = ['tag', 'lifecycle', 'spot', 'rebalance', 'scheduled'] as const;
export type SignalName = (typeof SIGNALS)[number];

/** The one schema: types, `--help`, docs/configuration.md and error messages all come from here. */
export const options = {
  signals: {
    flag: 'signals',
    env: 'ECS_DRAIN_SIGNALS',
    placeholder: 'LIST',
    default: 'tag,lifecycle,spot',
    help: 'What starts a drain. `ecs-drain-agent drain` on the host always does.',
    allowed: `one or more of ${SIGNALS.join(', ')}, separated by commas`,
    parse: list(SIGNALS),
  },
  tagKey: {
    flag: 'tag-key',
    env: 'ECS_DRAIN_TAG_KEY',
    placeholder: 'KEY',
    default: DEFAULT_TAG_KEY,
    help: 'The EC2 tag of the instance that starts a drain. Present means terminate, unless its value is "false".',
    allowed: `1 to 128 characters, not beginning with aws:; with instance metadata ${METADATA_TAG_KEY_CHARACTERS} only`,
    parse: (text) =>
      text === ''
        ? wrong('is empty')
        : text.length > 128
          ? wrong('is longer than the 128 characters that EC2 allows')
          : /^aws:/i.test(text)
            ? wrong('begins with aws:, which EC2 keeps for itself')
            : text === '.' || text === '..' || text === '_index'
              ? wrong('is a key that instance metadata cannot serve')
              : ok(text),
  },
  tagSource: {
    flag: 'tag-source',
    env: 'ECS_DRAIN_TAG_SOURCE',
    placeholder: 'SOURCE',
    default: 'auto',
    help: 'Where the tag is read: instance metadata (imds), the EC2 API (ec2), or metadata where it serves tags and else the API (auto).',
    allowed: 'auto, imds, ec2',
    parse: oneOf(['auto', 'imds', 'ec2']),
  },
  pollInterval: {
    flag: 'poll-interval',
    env: 'ECS_DRAIN_POLL_INTERVAL',
    placeholder: 'TIME',
    default: '3s',
    help: 'How often the agent reads the signals, jittered by a fifth. It reads notices of Spot interruptions and scheduled events no more often than every 5s, which by default is every 6s, and asks the EC2 API no more often than every 15s.',
    allowed: 'a time from 1s to 5m',
    parse: duration(1_000, 300_000),
  },
  mode: {
    flag: 'mode',
    env: 'ECS_DRAIN_MODE',
    placeholder: 'MODE',
    default: 'drain',
    help: 'drain: set the container instance DRAINING, then wait. deregister: leave it ACTIVE, and try to deregister it until ECS agrees.',
    allowed: 'drain, deregister',
    parse: oneOf(['drain', 'deregister']),
  },
  drainTimeout: {
    flag: 'drain-timeout',
    env: 'ECS_DRAIN_TIMEOUT',
    placeholder: 'TIME',
    default: '',
    defaultShown: 'none',
    help: 'Your own limit on how long the agent waits for tasks; --on-timeout says what happens then.',
    allowed: 'a time of at least 1s, or "none"',
    parse: (text) => (text === '' || text === 'none' ? ok(undefined) : duration(1_000, Infinity)(text)),
  },
  onTimeout: {
    flag: 'on-timeout',
    env: 'ECS_DRAIN_ON_TIMEOUT',
    placeholder: 'ACTION',
    default: 'wait',
    help: 'What the agent does at the drain timeout: go on waiting (wait), ask the tasks to stop (stop-tasks), release the instance with its tasks (continue), or abandon the lifecycle action (abandon).',
    allowed: 'wait, stop-tasks, continue, abandon',
    parse: oneOf(['wait', 'stop-tasks', 'continue', 'abandon']),
  },
  ignoreTasks: {
    flag: 'ignore-tasks',
    env: 'ECS_DRAIN_IGNORE_TASKS',
    placeholder: 'LIST',
    default: '',
    defaultShown: 'none',
    help: 'Tasks that never end by themselves, such as a monitoring agent. They do not hold up a drain: the agent asks them to stop once no other task is left, and releases the instance when they have stopped.',
    allowed: TASK_PATTERNS_ALLOWED,
    parse: parseTaskPatterns,
  },
  lifecycleHook: {
    flag: 'lifecycle-hook',
    env: 'ECS_DRAIN_LIFECYCLE_HOOK',
    placeholder: 'NAME',
    default: '',
    defaultShown: 'found',
    help: "The terminating lifecycle hook that the agent keeps alive and completes. If not set: the one that the tag's value names, else the group's only one.",
    allowed: 'the name of a lifecycle hook: A-Z a-z 0-9 - _ /, at most 255 characters',
    parse: (text) =>
      text === ''
        ? ok(undefined)
        : !isLifecycleHookName(text)
          ? wrong('is not the name of a lifecycle hook')
          : text === MANAGED_DRAINING_HOOK
            ? wrong('belongs to ECS managed draining, which completes it itself')
            : ok(text),
  },
  spotStopTasks: {
    flag: 'spot-stop-tasks',
    env: 'ECS_DRAIN_SPOT_STOP_TASKS',
    default: 'true',
    help: 'Thirty seconds before a Spot interruption, ask the tasks that still run to stop, so that they receive SIGTERM before the instance stops.',
    allowed: 'true, false',
    parse: boolean,
  },
  rebalanceTerminate: {
    flag: 'rebalance-terminate',
    env: 'ECS_DRAIN_REBALANCE_TERMINATE',
    default: 'false',
    help: 'Once the instance is drained, and EC2 recommends to rebalance it, terminate it in its group; the group replaces it.',
    allowed: 'true, false',
    parse: boolean,
  },
  scheduledAhead: {
    flag: 'scheduled-ahead',
    env: 'ECS_DRAIN_SCHEDULED_AHEAD',
    placeholder: 'TIME',
    default: '1d',
    help: 'With the signal scheduled: how long before an event that EC2 has scheduled the drain begins. Longer than your longest task.',
    allowed: 'a time from 1m to 30d',
    parse: duration(60_000, 30 * 86_400_000),
  },
  cluster: {
    flag: 'cluster',
    env: 'ECS_DRAIN_CLUSTER',
    placeholder: 'NAME',
    default: '',
    defaultShown: 'from /etc/ecs/ecs.config',
    help: 'The ECS cluster, for when the ECS agent cannot name it. Without it: ECS_CLUSTER in /etc/ecs/ecs.config. A host whose ECS agent is silent is looked for in both.',
    allowed: 'the name or ARN of a cluster',
    parse: (text) =>
      text === '' ? ok(undefined) : isCluster(text) ? ok(text) : wrong('is not the name of an ECS cluster'),
  },
  introspectionUrl: {
    flag: 'introspection-url',
    env: 'ECS_DRAIN_INTROSPECTION_URL',
    placeholder: 'URL',
    default: 'http://127.0.0.1:51678',
    help: "The URL of the ECS agent's introspection API.",
    allowed: 'an http:// URL',
    parse: (text) => (URL.parse(text)?.protocol === 'http:' ? ok(text) : wrong('is not an http:// URL')),
  },
  stateDir: {
    flag: 'state-dir',
    env: 'ECS_DRAIN_STATE_DIR',
    alsoFrom: ['STATE_DIRECTORY'],
    placeholder: 'PATH',
    default: '/var/lib/ecs-drain-agent',
    help: 'Where the agent keeps its state across restarts.',
    allowed: 'an absolute path to a directory that the agent can write',
    parse: (text) => (text.startsWith('/') ? ok(text) : wrong('is not an absolute path')),
  },
  hooksDir: {
    flag: 'hooks-dir',
    env: 'ECS_DRAIN_HOOKS_DIR',
    placeholder: 'PATH',
    default: '/etc/ecs-drain-agent/hooks.d',
    help: 'The directory of your own executables that run during a drain, in draining/, drained/ and released/.',
    allowed: 'an absolute path; it need not exist',
    parse: (text) => (text.startsWith('/') ? ok(text) : wrong('is not an absolute path')),
  },
  hookTimeout: {
    flag: 'hook-timeout',
    env: 'ECS_DRAIN_HOOK_TIMEOUT',
    placeholder: 'TIME',
    default: '60s',
    help: 'How long each of your hooks may run.',
    allowed: 'a time from 1s to 1h',
    parse: duration(1_000, 3_600_000),
  },
  hookFailure: {
    flag: 'hook-failure',
    env: 'ECS_DRAIN_HOOK_FAILURE',
    placeholder: 'ACTION',
    default: 'ignore',
    help: 'What the agent does when a hook in drained/ fails: go on (ignore), or keep the instance and run the failed hooks again until all have succeeded (hold).',
    allowed: 'ignore, hold',
    parse: oneOf(['ignore', 'hold']),
  },
  metricsListen: {
    flag: 'metrics-listen',
    env: 'ECS_DRAIN_METRICS_LISTEN',
    placeholder: 'ADDRESS',
    default: '',
    defaultShown: 'off',
    help: 'Serve metrics in the Prometheus format on this host, for example at 127.0.0.1:9464.',
    allowed: 'a loopback address and a port, such as 127.0.0.1:9464 or [::1]:9464, or "off"',
    parse: (text) => (text === '' || text === 'off' ? ok(undefined) : loopbackAddress(text)),
  },
  metricsFile: {
    flag: 'metrics-file',
    env: 'ECS_DRAIN_METRICS_FILE',
    placeholder: 'PATH',
    default: '',
    defaultShown: 'off',
    help: "Write the metrics to a file, for node_exporter's textfile collector.",
    allowed: 'an absolute path that ends in .prom, or "off"',
    parse: (text) =>
      text === '' || text === 'off'
        ? ok(undefined)
        : !text.startsWith('/')
          ? wrong('is not an absolute path')
          : text.endsWith('.prom')
            ? ok(text)
            : wrong('does not end in .prom, so node_exporter would not read it'),
  },
  metricsEmf: {
    flag: 'metrics-emf',
    env: 'ECS_DRAIN_METRICS_EMF',
    placeholder: 'PATH',
    default: '',
    defaultShown: 'off',
    help: 'Write metrics for CloudWatch, in its embedded metric format, to a file that the CloudWatch agent reads, or into the log (log). CloudWatch charges for them.',
    allowed: 'an absolute path, "log", or "off"',
    parse: (text) =>
      text === '' || text === 'off'
        ? ok(undefined)
        : text === 'log' || text.startsWith('/')
          ? ok(text)
          : wrong('is neither an absolute path nor "log"'),
  },
  dryRun: {
    flag: 'dry-run',
    env: 'ECS_DRAIN_DRY_RUN',
    default: 'false',
    help: 'Log every call that would change something, and make none of them.',
    allowed: 'true, false',
    parse: boolean,
  },
  logLevel: {
    flag: 'log-level',
    env: 'ECS_DRAIN_LOG_LEVEL',
    placeholder: 'LEVEL',
    default: 'info',
    help: 'The lowest level that is logged.',
    allowed: 'debug, info, warn, error',
    parse: oneOf(['debug', 'info', 'warn', 'error']),
  },
} as const satisfies Record<string, Option<unknown>>;

/** The hook that ECS managed draining adds to a group. Completing it would break its owner. */
export const MANAGED_DRAINING_HOOK = 'ecs-managed-draining-termination-hook';

export type OptionName = keyof typeof options;

export const optionList: readonly (Option<unknown> & { readonly name: OptionName })[] = listOf(options);

/** Every option's value. Times are in ms. */
export type Config = ValuesOf<typeof options>;

/** Metrics are served to this host only: they name its cluster, and the port has no authentication. */
function loopbackAddress(text: string): Parsed<{ host: string; port: number }> {
  const [, name = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const host = name === 'localhost' ? '127.0.0.1' : name.replace(/^\[(.*)\]$/, '$1');
  const port = Number(digits);
  if (name === '' || port > 65_535) return wrong('is not an address and a port');
  if (/^127(\.\d{1,3}){3}$/.test(host) || name === '[::1]') return ok({ host, port });
  return wrong(
    'is not a loopback address: metrics are served to this host only. For a Prometheus elsewhere use --metrics-file with node_exporter, or a collector on this host',
  );
}

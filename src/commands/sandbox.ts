import { parseArgs } from 'node:util';
import { type Clock, systemClock } from '../base/clock.ts';
import { parseDuration } from '../base/duration.ts';
import { nearest } from '../base/nearest.ts';
import { messageOf } from '../base/text.ts';
import { DEFAULT_TAG_KEY } from '../config/names.ts';
import {
  attachTagger,
  bucketNames,
  createFleet,
  type Fleet,
  isDetail,
  type Limits,
  parseLimits,
  type Sandbox,
  startSandbox,
  timelineLine,
} from '../sandbox/index.ts';

export type SandboxIo = {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly clock?: Clock;
  /** Ends the sandbox; SIGINT and SIGTERM do without it. */
  readonly stop?: AbortSignal;
};

/**
 * `ecs-drain-agent sandbox`: a small cluster on loopback, for trying the agent, an SDK or the AWS CLI.
 * Resolves with the exit code.
 */
export async function runSandbox(argv: string[], io: SandboxIo): Promise<number> {
  const settings = readSettings(argv);
  if (settings.kind === 'help') {
    io.stdout.write(help);
    return 0;
  }
  if (settings.kind === 'wrong') {
    io.stderr.write(`${settings.message}\nTry: ecs-drain-agent sandbox --help\n`);
    return usageError;
  }

  const clock = io.clock ?? systemClock;
  const stop = io.stop ?? stopSignal();
  const fleet = buildFleet(settings, clock);
  let sandbox: Sandbox;
  try {
    sandbox = await startSandbox(fleet, { clock, port: settings.port });
  } catch (error) {
    const reason = messageOf(error);
    io.stderr.write(
      `The sandbox cannot listen on 127.0.0.1:${settings.port}: ${reason}\nChoose another --port, or 0 for any.\n`,
    );
    return 1;
  }
  io.stdout.write(introduction(fleet, sandbox, settings));
  for (const event of sandbox.timeline) if (!isDetail(event)) io.stdout.write(`${timelineLine(event)}\n`);
  fleet.world.onEvent((event) => {
    if (settings.verbose || !isDetail(event)) io.stdout.write(`${timelineLine(event)}\n`);
  });
  if (!stop.aborted)
    await new Promise<void>((resolve) => stop.addEventListener('abort', () => resolve(), { once: true }));
  await sandbox.close();
  const { length } = fleet.world.interruptions;
  io.stdout.write(`The sandbox has ended. Tasks interrupted: ${length}.\n`);
  return 0;
}

/** EX_USAGE of sysexits.h. */
const usageError = 64;

type Settings = {
  kind: 'settings';
  instances: number;
  port: number;
  heartbeatTimeout: number;
  hook: string;
  batchMs: number;
  limits: Limits;
  metadataTags: boolean;
  retain: boolean;
  tagger: boolean;
  verbose: boolean;
};

const flags = {
  instances: { type: 'string', default: '2' },
  port: { type: 'string', default: '0' },
  'heartbeat-timeout': { type: 'string', default: '1h' },
  hook: { type: 'string', default: 'drain' },
  'batch-task': { type: 'string', default: '2m' },
  limits: { type: 'string', default: 'none' },
  'no-metadata-tags': { type: 'boolean', default: false },
  retain: { type: 'boolean', default: false },
  tagger: { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

const help = `Usage: ecs-drain-agent sandbox [options]

Starts a small simulated AWS on 127.0.0.1: an ECS cluster, an Auto Scaling group with a terminating lifecycle
hook, and instances with a metadata service, an ECS agent and some tasks. Nothing here reaches the real AWS.

  --instances N            how many instances, 1 to 50                          (2)
  --port PORT              the port of the AWS APIs; 0 takes a free one         (0)
  --heartbeat-timeout TIME the hook's heartbeat time-out, 30s to 2h             (1h)
  --hook NAME              the hook's name                                      (drain)
  --batch-task TIME        how long the standalone task runs                    (2m)
  --limits LIMITS          the request limits that all instances share          (none)
                           none; aws: as AWS allows an account in a Region; auto-scaling=50/10: 50 at once and
                           10 a second of Auto Scaling; more of them after commas
  --no-metadata-tags       instance tags are not in the metadata, as by default in EC2
  --retain                 an abandoned hook retains the instance instead of terminating it
  --tagger                 put the tag ecs-drain-agent:terminate on an instance when its hook begins to wait
  --verbose                tell every step of every task
  --help                   this text

It ends on Ctrl-C.
`;

function readSettings(argv: string[]): Settings | { kind: 'help' } | { kind: 'wrong'; message: string } {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return { kind: 'wrong', message: explain(error, argv) };
  }
  if (values.help) return { kind: 'help' };

  const instances = integerBetween(values.instances, 1, 50);
  if (instances === undefined) return wrong('--instances', values.instances, 'a number from 1 to 50');
  const port = integerBetween(values.port, 0, 65_535);
  if (port === undefined) return wrong('--port', values.port, 'a port number, or 0 for any free one');
  const heartbeatMs = parseDuration(values['heartbeat-timeout']);
  if (heartbeatMs === undefined || heartbeatMs < 30_000 || heartbeatMs > 7_200_000)
    return wrong(
      '--heartbeat-timeout',
      values['heartbeat-timeout'],
      'a time from 30s to 2h, as Auto Scaling allows',
    );
  const batchMs = parseDuration(values['batch-task']);
  if (batchMs === undefined) return wrong('--batch-task', values['batch-task'], 'a time such as 90s or 10m');
  if (!/^[\w/-]{1,255}$/.test(values.hook))
    return wrong('--hook', values.hook, 'up to 255 letters, digits, "_", "-" and "/"');
  const limits = parseLimits(values.limits);
  if (limits === undefined)
    return wrong(
      '--limits',
      values.limits,
      `none, aws, or sizes such as auto-scaling=50/10 of ${bucketNames.join(', ')}`,
    );
  return {
    kind: 'settings',
    instances,
    port,
    heartbeatTimeout: Math.round(heartbeatMs / 1000),
    hook: values.hook,
    batchMs,
    limits,
    metadataTags: !values['no-metadata-tags'],
    retain: values.retain,
    tagger: values.tagger,
    verbose: values.verbose,
  };
}

function parse(argv: string[]) {
  return parseArgs({ args: argv, options: flags, strict: true, allowPositionals: false }).values;
}

function explain(error: unknown, argv: string[]): string {
  const message = messageOf(error);
  const unknown = argv.find((word) => /^--?\w/.test(word) && !isFlag(word));
  if (unknown === undefined) return message.split('. ')[0] ?? message;
  const near = nearest(unknown.replace(/^-+/, '').split('=')[0] ?? '', Object.keys(flags));
  return `There is no option ${unknown}.${near ? ` Did you mean --${near}?` : ''}`;
}

function isFlag(word: string): boolean {
  return word === '-h' || Object.hasOwn(flags, word.replace(/^--/, '').split('=')[0] ?? '');
}

function wrong(option: string, value: string, allowed: string): { kind: 'wrong'; message: string } {
  return { kind: 'wrong', message: `${option} must be ${allowed}: it was ${JSON.stringify(value)}.` };
}

function integerBetween(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,6}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

function buildFleet(settings: Settings, clock: Clock): Fleet {
  const fleet = createFleet({
    clock,
    limits: settings.limits,
    timings: { pending: 1500, deprovisioning: 1000, exitAfterSigterm: 2000, agentReportLag: 500 },
    groupOptions: { onAbandon: settings.retain ? 'retain' : 'terminate' },
    hooks: [{ name: settings.hook, heartbeatTimeout: settings.heartbeatTimeout }],
  });
  for (let index = 0; index < settings.instances; index++)
    fleet.addInstance({ metadataTags: settings.metadataTags });
  const [first] = fleet.world.machines.values();
  fleet.addService({ name: 'site', desiredCount: settings.instances });
  fleet.addService({ name: 'log-router', strategy: 'DAEMON' });
  // On the instance that a scale-in chooses: the one that was launched first.
  if (first) fleet.runTask(first, { family: 'nightly-report', runsForMs: settings.batchMs });
  if (settings.tagger) attachTagger(fleet, { hook: settings.hook });
  return fleet;
}

function introduction(fleet: Fleet, sandbox: Sandbox, settings: Settings): string {
  const ids = [...fleet.world.machines.keys()];
  const [first = ''] = ids;
  const blocks = ids.map((id) => {
    const lines = Object.entries(sandbox.environment(id)).map(([name, value]) => `  export ${name}=${value}`);
    return `# the agent on ${id}\n${lines.join('\n')}\n`;
  });
  const url = sandbox.apiUrl;
  return `A simulated AWS answers at ${url}: cluster ${fleet.cluster.name}, Auto Scaling group ${fleet.group.name}, hook ${settings.hook}.
Point an agent, an SDK or the AWS CLI at it with the environment of one instance. Credentials come from its
metadata service, as on a real instance.

${blocks.join('\n')}
Start the agent in such a shell:
  ecs-drain-agent run --state-dir "$(mktemp -d)"

Let the group terminate an instance (it takes the first one; a report runs on it for a while):
  aws autoscaling set-desired-capacity --auto-scaling-group-name ${fleet.group.name} --desired-capacity ${ids.length - 1}
${
  settings.tagger
    ? ''
    : `Put the terminate tag on it:
  aws ec2 create-tags --resources ${first} --tags Key=${DEFAULT_TAG_KEY},Value=
`
}Look at it:
  aws ecs list-container-instances --cluster ${fleet.cluster.name} --status DRAINING
  aws autoscaling describe-auto-scaling-instances

Without the AWS CLI:
  curl -X POST ${url}/_sandbox/instances/${first}/scale-in
  curl ${url}/_sandbox/snapshot
  curl ${url}/_sandbox/requests
  curl -X POST ${url}/_sandbox/faults -d '{"match":{"api":"ecs:ListTasks"},"fault":{"what":"throttle"},"count":3}'
  curl ${url}/_sandbox/     # what else there is

What happens from here on:
`;
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
}

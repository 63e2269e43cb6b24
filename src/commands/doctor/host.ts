import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { createFileStore } from '../../agent/state/state-file.ts';
import { type Clock, parseTime } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import { tryToWrite } from '../../base/files.ts';
import { howOthersMayReplace } from '../../base/ownership.ts';
import { messageOf } from '../../base/text.ts';
import { requestedInstance } from '../../signals/manual.ts';
import { type Check, type Checks, fail, ok, skip, warn } from './check.ts';

const UNIT = 'ecs-drain-agent.service';
const CLOCK_SUSPECT_MS = 30_000;

/** The state directory: whether what must outlive a restart can be kept there, and what is there now. */
export async function* checkStateDir(stateDir: string, instanceId: string | undefined): Checks {
  const name = 'state directory';
  const fix =
    'run this as root or as the agent’s user; make the directory writable for it, or set --state-dir (ECS_DRAIN_STATE_DIR)';
  try {
    if (!existsSync(stateDir)) {
      const parent = nearestDirectory(stateDir);
      accessSync(parent, constants.W_OK | constants.X_OK);
      yield ok(name, `${stateDir} is not there yet and can be made in ${parent}`);
      return;
    }
    // Root would write where another user leads it.
    const why = process.geteuid?.() === 0 ? howOthersMayReplace(stateDir) : undefined;
    if (why !== undefined) {
      yield fail(name, `another user could put another directory in the place of ${stateDir}: ${why}`, fix);
      return;
    }
    tryToWrite(stateDir);
  } catch (error) {
    yield fail(name, `${stateDir} cannot be written: ${messageOf(error)}`, fix);
    return;
  }
  yield stateCheck(name, stateDir, instanceId);
}

function stateCheck(name: string, stateDir: string, instanceId: string | undefined): Check {
  const remove = `remove ${join(stateDir, 'state.json*')}; an image must be baked without it`;
  const requestedOn = requestedInstance(stateDir);
  if (requestedOn !== undefined && instanceId !== undefined && requestedOn !== instanceId)
    return warn(
      name,
      `${stateDir} holds a request to drain that was made on another instance, ${requestedOn}: it does not count here`,
      'run `ecs-drain-agent drain --cancel`; an image must be baked without it',
    );
  try {
    const state = createFileStore(stateDir).load();
    if (state && instanceId !== undefined && state.instanceId !== instanceId) {
      return warn(name, `${stateDir} holds the state of another instance, ${state.instanceId}`, remove);
    }
  } catch (error) {
    return warn(
      name,
      `${stateDir} can be written, but its state file is unusable: ${messageOf(error)}`,
      remove,
    );
  }
  return ok(name, `${stateDir} can be written`);
}

/** The nearest directory above that is there. */
function nearestDirectory(path: string): string {
  const parent = dirname(path);
  return parent === path || existsSync(parent) ? parent : nearestDirectory(parent);
}

/** What `systemctl show` says of a unit; undefined where there is no systemd. */
export type ShowUnit = (unit: string, properties: readonly string[]) => Promise<string | undefined>;

/**
 * Whether systemd starts the agent, now and at boot.
 *
 * @param agent whether an agent runs here, by whatever means; `unknown` where this user may not see it
 */
export async function* checkUnit(show: ShowUnit, agent: 'runs' | 'off' | 'unknown'): Checks {
  const name = 'systemd unit';
  const said = await show(UNIT, ['LoadState', 'ActiveState', 'UnitFileState']);
  if (said === undefined) {
    yield skip(name, 'no systemd runs on this host; `ecs-drain-agent run` must be started by other means');
    return;
  }
  const properties = new Map(said.split('\n').map((line) => line.split('=', 2) as [string, string]));
  const active = properties.get('ActiveState');
  const enabled = properties.get('UnitFileState');
  if (properties.get('LoadState') !== 'loaded') {
    yield warn(
      name,
      `systemd knows no ${UNIT}: nothing starts the agent`,
      'install the package, or install.sh',
    );
  } else if (active !== 'active') {
    const fix = `systemctl start ${UNIT}; journalctl -u ${UNIT} -n 50 tells why it ended`;
    const isOff = agent === 'off' && (active === 'failed' || active === 'inactive');
    if (agent === 'runs')
      yield warn(name, `${UNIT} is ${active}: the agent that runs here was started by other means`, fix);
    // While it is starting, or about to be started again, it may run in a moment.
    else yield (isOff ? fail : warn)(name, `${UNIT} is ${active}: the agent does not run`, fix);
  } else if (enabled === 'disabled' || enabled === 'masked') {
    yield warn(
      name,
      `${UNIT} runs, but is ${enabled}: it will not at the next boot`,
      `systemctl enable ${UNIT}`,
    );
  } else {
    yield ok(name, `${UNIT} is active, ${enabled || 'started by hand'}`);
  }
}

/** Whether the log outlives a reboot. */
export async function* checkJournal(exists: (path: string) => boolean = existsSync): Checks {
  const name = 'journal';
  if (!exists('/run/systemd/journal/socket')) yield skip(name, 'no journald runs on this host');
  else if (exists('/var/log/journal')) yield ok(name, 'journald keeps the log on disk');
  else
    yield warn(
      name,
      'journald keeps the log in memory: a reboot loses it',
      'mkdir -p /var/log/journal && systemctl restart systemd-journald',
    );
}

/** The host's clock against the one of the metadata service, in ms since the Unix epoch. */
export async function* checkClock(clock: Clock, metadataTime: () => Promise<number | undefined>): Checks {
  const name = 'clock';
  const theirs = await metadataTime();
  if (theirs === undefined) {
    yield skip(name, 'not compared: instance metadata gives no time');
    return;
  }
  const off = Math.abs(clock.now() - theirs);
  if (off < CLOCK_SUSPECT_MS) yield ok(name, 'agrees with instance metadata');
  else
    yield warn(
      name,
      `${formatDuration(off)} off: requests to AWS are signed with its own time, but when a Spot interruption or a scheduled event comes is told by this clock`,
      'let chrony or systemd-timesyncd set it; 169.254.169.123 serves the time on every EC2 instance',
    );
}

/** The time that the metadata service puts on its answers; any answer has it. Undefined where it cannot be asked. */
export function timeOfMetadata(endpoint: string): Promise<number | undefined> {
  return new Promise<number | undefined>((resolve) => {
    const signal = AbortSignal.timeout(2_000);
    const outgoing = request(`${endpoint}/latest/meta-data/`, { signal, agent: false }, (response) => {
      resolve(parseTime(response.headers.date ?? ''));
      response.destroy();
    });
    outgoing.on('error', () => resolve(undefined));
    outgoing.end();
  }).catch(() => undefined);
}

/** Asks the systemd of this host. */
export const systemctlShow: ShowUnit = (unit, properties) => {
  // As sd_booted(3) tells whether systemd is the init system.
  if (!statSync('/run/systemd/system', { throwIfNoEntry: false })?.isDirectory())
    return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const wanted = properties.map((property) => `--property=${property}`);
    execFile('systemctl', ['show', unit, ...wanted], { timeout: 5_000 }, (error, stdout) => {
      resolve(error ? undefined : stdout);
    });
  });
};

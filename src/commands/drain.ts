import { existsSync } from 'node:fs';
import { createImds, imdsEndpoint, readInstanceId } from '../aws/imds.ts';
import { systemClock } from '../base/clock.ts';
import type { Environment } from '../base/environment.ts';
import { howOthersMayReplace } from '../base/ownership.ts';
import { ifKnown } from '../base/reading.ts';
import { oneLine } from '../base/text.ts';
import type { Config } from '../config/options.ts';
import { createNodeHttp } from '../host/node-http.ts';
import { requestDrain, withdrawDrain } from '../signals/manual.ts';
import { findAgent } from './find-agent.ts';
import type { Status } from './status-file.ts';

/** `ecs-drain-agent drain [--cancel]`: asks the running agent to drain this host, or withdraws that request. */
export async function drain(config: Config, environment: Environment, cancel: boolean): Promise<number> {
  const agent = findAgent(config.stateDir, environment);
  // A user who may not read the status may not leave a request either: that error says so.
  const status = agent.kind === 'running' ? agent.status : undefined;
  let message: string;
  try {
    refuseToBeLedElsewhere(config.stateDir);
    if (cancel) {
      const wasThere = await withdrawDrain(config.stateDir);
      message = `${wasThere ? 'The request is withdrawn.' : 'There was no request to withdraw.'} ${afterCancel(status, config)}`;
    } else {
      const isNew = await requestDrain(
        config.stateDir,
        status?.instanceId ?? (await askInstanceId(environment)),
      );
      message = isNew ? afterRequest(status) : afterSecondRequest(status);
    }
  } catch (error) {
    const what = cancel ? 'withdrawn from' : 'left in';
    process.stderr.write(cannotWrite(error as NodeJS.ErrnoException, `${what} ${config.stateDir}`));
    return 1;
  }
  process.stdout.write(`${message}\n`);
  return 0;
}

/** The metadata is asked for so many ms: the request does without a name, too. */
const ASKED_FOR_MS = 2_000;

async function askInstanceId(environment: Environment): Promise<string | undefined> {
  const imds = createImds(
    createNodeHttp(systemClock),
    imdsEndpoint(environment),
    AbortSignal.timeout(ASKED_FOR_MS),
  );
  return ifKnown(await readInstanceId(imds));
}

/** Root must not be led by a link or a new directory that another user put there. Throws where it could be. */
function refuseToBeLedElsewhere(stateDir: string): void {
  if (process.geteuid?.() !== 0 || !existsSync(stateDir)) return;
  const why = howOthersMayReplace(stateDir);
  if (why !== undefined) throw new Error(`another user could put something else there: ${why}`);
}

function afterRequest(status: Status | undefined): string {
  if (!status) {
    return (
      'Drain requested, but no agent runs on this host: it begins when one is started ' +
      '(systemctl start ecs-drain-agent).'
    );
  }
  const others = otherSignals(status);
  if (status.state === 'released')
    return `Drain requested, but this host is drained already: ${oneLine(status.summary)}.`;
  if (others.length > 0) {
    return `Drain requested. The agent was draining already, because of ${others.join(', ')}: it goes on until both are withdrawn.`;
  }
  return 'Drain requested: the agent begins at its next poll. `ecs-drain-agent status` shows how it goes; `drain --cancel` withdraws it.';
}

function afterSecondRequest(status: Status | undefined): string {
  const again = 'A drain was requested before, and still is: nothing changes.';
  if (!status)
    return `${again} No agent runs on this host: it begins when one is started (systemctl start ecs-drain-agent).`;
  if (status.state === 'released') return `${again} It is done: ${oneLine(status.summary)}.`;
  return `${again} \`ecs-drain-agent status\` shows how it goes; \`drain --cancel\` withdraws it.`;
}

function afterCancel(status: Status | undefined, config: Config): string {
  if (!status)
    return 'No agent runs on this host; if one had set the instance DRAINING, it stays DRAINING until an agent runs again.';
  const others = otherSignals(status);
  if (others.length > 0) {
    const how = others.includes('tag') ? ` Remove the tag ${config.tagKey} to cancel it.` : '';
    const beyond = others.includes('lifecycle')
      ? ' The Auto Scaling group is terminating this instance: that cannot be cancelled.'
      : how;
    return `The drain goes on, because of ${others.join(', ')}.${beyond}`;
  }
  if (status.state === 'released') {
    return (
      'But it came too late: the container instance is deregistered. To use the host again, restart its ECS ' +
      'agent without its checkpoint, so that it registers again.'
    );
  }
  if (status.state !== 'draining') return 'The agent goes on watching.';
  return 'The agent sets the container instance ACTIVE again at its next poll, if it was the one that set it DRAINING.';
}

const otherSignals = ({ state, signals }: Status) =>
  state === 'watching' ? [] : signals.filter((source) => source !== 'manual').map(oneLine);

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'Run this as root or as the agent’s user, with the --state-dir that the agent runs with.',
  EDQUOT: 'Make room there: its quota is used up.',
  EISDIR: 'Remove the directory of that name: nothing of the agent makes one.',
  ENOENT:
    'No agent has run here with this state directory: start it first, or give the --state-dir that it runs with.',
  ENOSPC: 'Make room there: the disk is full.',
  EROFS:
    'Its file system is read-only: mount it writable, or give the agent and this command another --state-dir.',
};

function cannotWrite({ code, message }: NodeJS.ErrnoException, what: string): string {
  const hint = HINTS[code ?? ''] ?? HINTS.EACCES;
  return `ecs-drain-agent: the request cannot be ${what}: ${message}\n${hint}\n`;
}

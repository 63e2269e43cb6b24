import type { Config } from '../options.ts';
import { requestDrain, withdrawDrain } from '../signals/manual.ts';

/** `ecs-drain-agent drain [--cancel]`: asks the running agent to drain this host, or takes that back. */
export async function drain(
  config: Config,
  _environment: Readonly<Record<string, string | undefined>>,
  cancel: boolean,
): Promise<number> {
  try {
    await (cancel ? withdrawDrain : requestDrain)(config.stateDir);
  } catch (error) {
    const { message } = error as Error;
    process.stderr.write(
      `ecs-drain-agent: the request cannot be left in ${config.stateDir}: ${message}\n` +
        'Run this as root or as the agent’s user, with the --state-dir that the agent runs with.\n',
    );
    return 1;
  }
  process.stdout.write(
    cancel
      ? 'The request is withdrawn. Unless another signal asks for the drain, the agent sets the instance ACTIVE again.\n'
      : 'Drain requested: the agent begins at its next poll. `ecs-drain-agent status` shows how it goes; `drain --cancel` takes it back.\n',
  );
  return 0;
}

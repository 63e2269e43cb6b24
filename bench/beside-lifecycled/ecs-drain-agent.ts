import { join } from 'node:path';
import { startAgentProcess } from '../../test/e2e/agent-process.ts';
import type { Candidate, Stage } from './stage.ts';

/** This checkout's build, with nothing but its defaults. */
export function ecsDrainAgent({ sandbox, timeline, directory, kills }: Stage): Candidate {
  return {
    start: (machine) => {
      const args = ['run', '--state-dir', join(directory, machine.id)];
      const { log, signal, exited } = startAgentProcess(args, sandbox.environment(machine.id));
      kills.add(() => signal('SIGKILL'));
      const ready = log.first(({ event }) => event === 'agent.watching', 'the agent to watch');
      // One that is started again in the midst of a drain has no time to watch, and nobody waits for it.
      ready.catch(() => {});
      return {
        ready,
        stop: async () => {
          signal('SIGTERM');
          await exited;
        },
        kill: async () => {
          signal('SIGKILL');
          await exited;
        },
      };
    },
    noticed: (machine) =>
      timeline.first(
        (event) =>
          event.type === 'container-instance' && event.instanceId === machine.id && event.to === 'DRAINING',
        `${machine.id} to be DRAINING`,
      ),
  };
}

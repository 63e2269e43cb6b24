import type { EcsAgent, Registration } from '../../host/ecs-agent.ts';
import type { Log } from '../../log/log.ts';

/** The same ECS agent, which logs when it does not answer and when it does again. */
export function reportEcsAgent(
  ecsAgent: EcsAgent,
  onRegistration: (registration: Registration) => void,
  log: Log,
): EcsAgent {
  let isThere: boolean | undefined;
  let unknownLists = 0;
  async function registration() {
    const registration = await ecsAgent.registration();
    const wasThere = isThere;
    isThere = registration.kind === 'known';
    if (registration.kind === 'known') {
      onRegistration(registration.value);
      const { cluster, containerInstanceArn: containerInstance } = registration.value;
      if (!wasThere) log('agent.ready', `registered in cluster ${cluster}`, { cluster, containerInstance });
    } else if (wasThere !== false) {
      log('agent.waiting', `waiting for the ECS agent: ${registration.cause}`, { for: 'ecs-agent' });
    }
    return registration;
  }

  /** One that is down has said nothing strange: whether it is there is asked again. */
  async function tellStrange(cause: string) {
    if ((await registration()).kind === 'known')
      log('introspection.strange', `its list of tasks is not believed: ${cause}`);
  }

  return {
    registration,
    tasks: async () => {
      const tasks = await ecsAgent.tasks();
      unknownLists = tasks.kind === 'unknown' ? unknownLists + 1 : 0;
      // One that is lost comes again in a second; where the agent does not answer at all, that is said already.
      if (tasks.kind === 'unknown' && unknownLists === 2 && isThere) void tellStrange(tasks.cause);
      return tasks;
    },
  };
}

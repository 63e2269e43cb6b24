import type { ContainerSpec, TaskBehaviour, TaskOverrides } from './state.ts';

/** What a container's command makes of its task: how it behaves, and what it prints when. */
export type Program = {
  readonly behaviour: TaskBehaviour;
  /** `atMs` counts from the moment the container began to run. */
  readonly output: readonly { readonly atMs: number; readonly text: string }[];
};

/** What a container runs: its own command, unless a task's overrides name it with another. */
export function commandOf(
  { name, command }: ContainerSpec,
  overrides: TaskOverrides | undefined,
): readonly string[] | undefined {
  return overrides?.containerOverrides?.find((one) => one.name === name)?.command ?? command;
}

/**
 * Runs a command in thought. It understands `sleep SECONDS`, `echo TEXT`, `exit CODE`, `true`, `false`, `ignore-sigterm`,
 * `on-sigterm CODE` and `oom`, one of them or several with `;` or `&&` between them, as words or behind `sh -c`. Undefined for any other
 * command: what that would do, nobody here knows.
 */
export function programOf(command: readonly string[] | undefined): Program | undefined {
  if (!command || command.length === 0) return undefined;
  const [shell = '', flag = '', script = ''] = command;
  const text = /^(\/bin\/)?(ba)?sh$/.test(shell) && flag === '-c' ? script : command.join(' ');
  let atMs = 0;
  let behaviour: TaskBehaviour = {};
  const output: { atMs: number; text: string }[] = [];
  for (const step of text.split(/;|&&|\n/).map((one) => one.trim())) {
    const [name = '', ...rest] = step.split(/\s+/);
    const argument = rest.join(' ');
    switch (name) {
      case '':
        break;
      case 'sleep':
        atMs += Math.round(Number(argument) * 1000);
        break;
      case 'echo':
        output.push({ atMs, text: unquoted(argument) });
        break;
      case 'ignore-sigterm':
        behaviour = { ...behaviour, ignoresSigterm: true };
        break;
      case 'on-sigterm':
        behaviour = { ...behaviour, sigtermExitCode: Number(argument) };
        break;
      case 'oom':
        return ended({ ...behaviour, exitCode: 137, exitReason: OUT_OF_MEMORY });
      case 'true':
        break;
      case 'false':
        return ended({ ...behaviour, exitCode: 1 });
      case 'exit':
        return ended({ ...behaviour, exitCode: Number(argument || '0') });
      default:
        return undefined;
    }
    if (!Number.isFinite(atMs)) return undefined;
  }
  return ended({ ...behaviour, exitCode: 0 });

  function ended(how: TaskBehaviour): Program {
    // A shell that is killed by SIGTERM ends with 128 + 15.
    return { behaviour: { sigtermExitCode: 143, ...how, runsForMs: atMs }, output };
  }
}

/** As the ECS agent words it (amazon-ecs-agent, `OutOfMemoryError`). */
const OUT_OF_MEMORY = 'OutOfMemoryError: Container killed due to memory usage';

const unquoted = (text: string) => text.replace(/^(['"])(.*)\1$/, '$2');

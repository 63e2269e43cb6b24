import type { Environment } from '../base/environment.ts';
import type { HookFacts, HookStage } from './model.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The whole environment of a hook: these and no others. What is not known is an empty string. */
export function hookEnvironment(
  stage: HookStage,
  facts: HookFacts,
  attempt: number,
  { PATH, HOME, STATE_DIRECTORY, TMPDIR, CREDENTIALS_DIRECTORY }: Environment,
): Record<string, string> {
  return {
    PATH: PATH || DEFAULT_PATH,
    // The unit leaves the agent no home.
    HOME: STATE_DIRECTORY || HOME || '/',
    // The unit leaves no /tmp, and names another place.
    ...(TMPDIR && { TMPDIR }),
    // Where systemd puts what LoadCredential= names, for secrets that only root may read.
    ...(CREDENTIALS_DIRECTORY && { CREDENTIALS_DIRECTORY }),
    LANG: 'C.UTF-8',
    AWS_REGION: facts.region,
    ECS_DRAIN_HOOK_STAGE: stage,
    ECS_DRAIN_HOOK_ATTEMPT: String(attempt),
    ECS_DRAIN_HOOK_INSTANCE_ID: facts.instanceId,
    ECS_DRAIN_HOOK_REGION: facts.region,
    ECS_DRAIN_HOOK_CLUSTER: facts.cluster ?? '',
    ECS_DRAIN_HOOK_CONTAINER_INSTANCE: facts.containerInstance ?? '',
    ECS_DRAIN_HOOK_GROUP: facts.group ?? '',
    ECS_DRAIN_HOOK_LIFECYCLE_STATE: facts.lifecycleState ?? '',
    ECS_DRAIN_HOOK_SIGNALS: facts.signals.join(','),
    ECS_DRAIN_HOOK_SIGNALLED_AT: facts.signalledAt ?? '',
    ECS_DRAIN_HOOK_TASKS_LEFT: String(facts.tasksLeft ?? ''),
    ECS_DRAIN_HOOK_WAITED_SECONDS: String(facts.waitedSeconds ?? ''),
  };
}

/** The same as one JSON object; what is not known is null. */
export function hookInput(stage: HookStage, facts: HookFacts, attempt: number): string {
  const input = {
    stage,
    attempt,
    instanceId: facts.instanceId,
    region: facts.region,
    cluster: facts.cluster ?? null,
    containerInstance: facts.containerInstance ?? null,
    group: facts.group ?? null,
    lifecycleState: facts.lifecycleState ?? null,
    signals: facts.signals,
    signalledAt: facts.signalledAt ?? null,
    tasksLeft: facts.tasksLeft ?? null,
    waitedSeconds: facts.waitedSeconds ?? null,
  };
  return `${JSON.stringify(input)}\n`;
}

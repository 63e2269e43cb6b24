import { PROBLEM_KINDS } from '../agent/report/problems.ts';
import type { JsonSchema } from '../base/json-schema.ts';
import { JSON_VERSION } from './json-version.ts';

/** The states of an agent that runs. */
export const RUNNING_STATES = ['starting', 'watching', 'draining', 'released'] as const;

const text = (description: string): JsonSchema => ({ type: 'string', description });
const time = (description: string): JsonSchema => ({ type: 'string', format: 'date-time', description });
const number = (description: string): JsonSchema => ({ type: 'integer', minimum: 0, description });
const list = (items: JsonSchema, description: string): JsonSchema => ({ type: 'array', items, description });
const object = (
  properties: Readonly<Record<string, JsonSchema>>,
  required: readonly string[],
  description = '',
): JsonSchema => ({ type: 'object', description, properties, required });

/** What `status --json` prints, and what the agent writes for it. docs/schemas/status.schema.json is made from it. */
export const statusSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'ecs-drain-agent status --json',
  ...object(
    {
      schemaVersion: {
        type: 'integer',
        const: JSON_VERSION,
        description: 'The version of this form. It rises when a field goes or means something else.',
      },
      state: {
        type: 'string',
        enum: [...RUNNING_STATES, 'not-running', 'unknown'],
        description:
          'What the agent is doing. unknown: this user may not read it. All else but summary is there only while an agent runs.',
      },
      summary: text('The same in one line for people. Its words can change at any time.'),
      version: text('The version of the agent that runs.'),
      pid: { type: 'integer', minimum: 1, description: 'Its process id.' },
      startedTicks: text('When it was started, in the kernel’s ticks since the boot.'),
      updatedAt: time('When this was written. During a drain at most 10 s ago, else at the last change.'),
      instanceId: text('The EC2 instance.'),
      region: text('Its Region.'),
      cluster: text('The ECS cluster. At rest as the ECS agent on the host says, in a drain as ECS does.'),
      containerInstance: text('The ARN of the container instance.'),
      group: text(
        'The Auto Scaling group. At rest it is known only where instance metadata serves the instance’s tags.',
      ),
      lifecycleState: text('The instance’s state in its group, in a drain.'),
      signals: list(text('tag, lifecycle, spot, rebalance, scheduled or manual'), 'What asks for the drain.'),
      problems: list(
        object(
          {
            kind: text(`What kind of problem it is: ${PROBLEM_KINDS.join(', ')}. There may be more.`),
            why: text('In plain words.'),
            fix: text('What to do about it.'),
            iamAction: text('The permission that is missing, for kind permission.'),
            since: time('Since when this process of the agent has seen it.'),
          },
          ['kind', 'why', 'fix'],
        ),
        'What somebody must fix before the drain can go on, or before one can begin. Empty: nothing.',
      ),
      tasksLeft: number('Tasks that have not ended. Absent while that is not known.'),
      tasks: list(
        object(
          {
            group: text('As ECS names it: family:NAME, service:NAME, or your own.'),
            id: text('The last part of the task’s ARN.'),
            status: text('Its last status.'),
            ageSeconds: number('Since it was created.'),
          },
          ['group', 'id', 'status'],
        ),
        'Up to five of them, the oldest first.',
      ),
      blockedBy: list(
        object(
          {
            kind: text('standalone, stopping, protected, replacing, daemon, no-replacement, …'),
            group: text('The tasks’ group.'),
            tasks: number('How many of its tasks are left.'),
            why: text('Why they are still there, in plain words.'),
            fix: text('What to do about it, where it does not pass by itself.'),
          },
          ['why'],
        ),
        'Why tasks are still there, by group. Most of these pass by themselves.',
      ),
      lastTaskEndedAt: time('When the last task ended, as the ECS agent on the host saw it.'),
      waitedSeconds: number('Since the drain’s first signal.'),
      deadline: time(
        'When the nearest limit ends the drain. Left out is one at which the wait goes on: your own with on-timeout wait, and the lifecycle hook’s in a group that retains, which the agent asks 65 minutes before.',
      ),
      otherHook: object(
        {
          name: text('The hook.'),
          endsAt: time('When its time-out ends every hook of the instance.'),
        },
        ['name', 'endsAt'],
        'Another owner’s lifecycle hook that will end the wait.',
      ),
    },
    ['schemaVersion', 'state'],
  ),
};

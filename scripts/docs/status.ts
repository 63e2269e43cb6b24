import type { JsonSchema } from '../../src/base/json-schema.ts';
import { doctorSchema } from '../../src/commands/doctor/schema.ts';
import { STATUS_EXIT_CODES, STATUS_MEANING } from '../../src/commands/status-exit-codes.ts';
import { statusSchema } from '../../src/commands/status-schema.ts';
import { block, code, paragraphs, table } from './markdown.ts';

/** docs/status.md, from the schemas that the program itself uses. */
export function statusPage(): string {
  return `${[
    '<!-- Made from src/commands/status-schema.ts and others by `npm run docs`: change it there. -->',
    '# status',
    paragraphs(`
${code('ecs-drain-agent status')} shows what the agent on this host is doing and what it waits for. Every user may run it. It
sends no requests: it shows what the agent last wrote.`),
    block(`$ ecs-drain-agent status
state               draining: 2 tasks left, oldest 41 min
problem             ecs:UpdateContainerInstancesState is forbidden (AccessDeniedException: …), since 2026-11-26T03:12:40.114Z (4 min 2 s ago)
fix                 allow ecs:UpdateContainerInstancesState in the instance's role; it takes effect within a minute, without a restart
because of          lifecycle
instance            i-0123456789abcdef0 in eu-west-1
…`),
    paragraphs(`
A ${code('problem')} is something that somebody must fix before the drain can go on, or before one can begin: a permission,
a lifecycle hook that nothing names, an ECS agent that is down, a service that cannot move its tasks. What passes by itself is not a
problem: a task that still works, or an API that was throttled for a minute. The time is when this process of the agent first saw the problem.
${code('ecs-drain-agent doctor')} shows the same problems together with its own checks ([doctor.md](doctor.md)).`),
    '## Exit codes',
    table(
      ['code', 'meaning'],
      Object.entries(STATUS_EXIT_CODES).map(([state, exitCode]) => [
        String(exitCode),
        STATUS_MEANING[state as keyof typeof STATUS_EXIT_CODES],
      ]),
    ),
    paragraphs(`
${code('status --health')} exits with 0 while an agent runs, whatever it does, else with 1. If the agent has not touched its
status file for three minutes, it hangs, and the exit code is 1: outside systemd no watchdog ends such an agent.`),
    '## --json',
    paragraphs(`
${code('status --json')} prints one object on one line, of the form of [schemas/status.schema.json](schemas/status.schema.json)
(JSON Schema, draft 2020-12). ${code('schemaVersion')} rises when a field is removed or changes its meaning. New fields, and new
values of ${code('kind')}, can appear without that, so ignore what you do not know. Texts are for people, and their wording can change
at any time.`),
    fields(statusSchema),
    paragraphs(`
For example, this command prints what blocks a drain, for an alert: ${code('ecs-drain-agent status --json | jq -r \'.problems[]? | .kind + ": " + .fix\'')}`),
    '## doctor --json',
    paragraphs(`
${code('doctor --json')} prints one object of the form of [schemas/doctor.schema.json](schemas/doctor.schema.json). The same rules apply.`),
    fields(doctorSchema),
  ].join('\n\n')}\n`;
}

/** A schema as a file of its own. */
export const schemaFile = (schema: JsonSchema): string => `${JSON.stringify(schema, undefined, 2)}\n`;

const fields = (schema: JsonSchema): string => table(['field', 'type', 'meaning'], rowsOf(schema, ''));

function rowsOf({ properties = {}, required = [] }: JsonSchema, path: string): string[][] {
  return Object.entries(properties).flatMap(([name, one]) => {
    const { type, description = '', items, enum: names, format } = one;
    const isNeeded = path === '' && required.includes(name);
    const shown = format === 'date-time' ? 'ISO 8601 time in UTC' : names ? names.map(code).join(', ') : type;
    return [
      [code(`${path}${name}`), `${shown}${isNeeded ? ', always there' : ''}`, description],
      ...rowsOf(one, `${path}${name}.`),
      ...(items ? rowsOf(items, `${path}${name}[].`) : []),
    ];
  });
}

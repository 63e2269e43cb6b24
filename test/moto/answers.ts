import { createSdk } from '../unit/sandbox/sdk.ts';
import { script } from './script.ts';
import type { Stage } from './stage.ts';

/** What one step gave: each member by its path (`tasks[0].lastStatus`), ids and times by what they stand for. */
export type Answers = Map<string, Map<string, string>>;

/** Goes through the script on one stage. `between` is called before each step. */
export async function answersOf(stage: Stage, between: () => void): Promise<Answers> {
  const sdk = createSdk(stage.url);
  const names = new Map(stage.names);
  const answers: Answers = new Map();
  for (const { name, call } of script) {
    between();
    const [operation, input] = call;
    const filled = JSON.parse(replaceAll(JSON.stringify(input), names)) as never;
    const answer = await sdk.call(operation, filled).catch((error: Error) => ({
      error: { name: error.name, message: error.message },
    }));
    for (const arn of startedTasks(operation, answer)) {
      const number = [...names.keys()].filter((key) => key.startsWith('$task')).length + 1;
      names.set(`$task${number}`, arn);
    }
    answers.set(name, flatten(answer, names));
  }
  sdk.destroy();
  return answers;
}

/** The ARNs that a StartTask gave: the next steps name them. */
function startedTasks(operation: string, answer: object): string[] {
  if (operation !== 'ecs:StartTask' || !('tasks' in answer)) return [];
  return (answer.tasks as { taskArn?: string }[]).map(({ taskArn }) => taskArn ?? '');
}

function replaceAll(text: string, names: Map<string, string>): string {
  let replaced = text;
  for (const [name, value] of names) replaced = replaced.replaceAll(`${name}"`, `${value}"`);
  return replaced;
}

function flatten(answer: object, names: Map<string, string>): Map<string, string> {
  const flat = new Map<string, string>();
  const walk = (value: unknown, path: string): void => {
    if (value === undefined) return;
    if (value instanceof Date) {
      flat.set(path, '(time)');
    } else if (Array.isArray(value)) {
      if (value.length === 0) flat.set(path, '[]');
      // Neither says anything about the order in which it lists ARNs.
      const listed = value.every((one) => typeof one === 'string')
        ? value.map((one) => normal(one, names)).sort()
        : value;
      listed.forEach((one, index) => {
        walk(one, `${path}[${index}]`);
      });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, one] of Object.entries(value)) walk(one, path === '' ? name : `${path}.${name}`);
    } else {
      flat.set(path, typeof value === 'string' ? JSON.stringify(normal(value, names)) : String(value));
    }
  };
  walk(answer, '');
  return flat;
}

function normal(text: string, names: Map<string, string>): string {
  let said = text;
  for (const [name, value] of names) {
    if (value === '') continue;
    said = said.replaceAll(value, name);
    const id = value.slice(value.lastIndexOf('/') + 1);
    said = said.replaceAll(id, name);
  }
  return said
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) =>
      time.startsWith('2026-01-02') ? time : '(time)',
    )
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '(uuid)');
}

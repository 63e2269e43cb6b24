import { type EventName, events, type Level } from '../../src/log/events.ts';
import { block, code, paragraphs, table } from './markdown.ts';

/** docs/events.md, from the closed list that the program itself logs by. */
export function eventsPage(): string {
  const groups = Map.groupBy(Object.keys(events) as EventName[], (name) => name.slice(0, name.indexOf('.')));
  return `${[
    '<!-- Made from src/log/events.ts by `npm run docs`: change it there. -->',
    '# Events',
    paragraphs(`
The agent logs only these events. Alarms and searches can rely on the names, because a name keeps its meaning.

In a file, a pipe or the journal each event is one JSON object on one line. On a terminal it is one line of plain text.
In the journal an event's level is the message's priority, so this command shows what needs attention:`),
    block('journalctl -u ecs-drain-agent -p warning'),
    paragraphs('This command shows the course of each drain:'),
    block(
      `journalctl -u ecs-drain-agent -o cat | jq -rR 'fromjson? | select(.event | startswith("drain.")) | [.time, .event, .msg] | @tsv'`,
    ),
    '## Levels',
    table(['level', 'journal priority', 'meaning'], LEVELS),
    '## Fields',
    paragraphs('Besides its own fields, an event has each of these fields that is known when it is logged.'),
    table(['field', 'meaning'], FIELDS),
    ...[...groups].map(([group, names]) => section(group, names)),
  ].join('\n\n')}\n`;
}

const LEVELS: readonly [Level, string, string][] = [
  [
    'debug',
    '7',
    'for developers: each observation and decision that changed; logged with `--log-level debug` only',
  ],
  ['info', '6', 'normal operation'],
  ['warn', '4', 'something is wrong and the agent goes on, or tasks may be lost later'],
  ['error', '3', 'the drain does not end until somebody fixes something'],
];

const FIELDS: readonly [string, string][] = [
  [code('time'), 'when it was logged, ISO 8601 in UTC'],
  [code('level'), 'see above'],
  [code('event'), 'its name'],
  [code('msg'), 'the event in plain text; the wording may change'],
  [code('instanceId'), 'the EC2 instance that the agent runs on'],
  [code('signals'), 'the signals that are present'],
  [code('containerInstance'), 'the ARN of the container instance'],
  [code('cluster'), 'its ECS cluster'],
  [code('group'), 'its Auto Scaling group'],
  [code('lifecycleState'), 'its state in that group, for example `Terminating:Wait`'],
  [code('tasksLeft'), 'how many tasks have not stopped'],
  [code('tasks'), 'up to five of them, the oldest first: `group`, `id`, `status`, `ageSeconds`'],
  [code('waitedSeconds'), 'since the signal was first seen'],
  [code('deadline'), 'when the nearest limit ends the wait, ISO 8601 in UTC'],
  [code('hook'), 'the lifecycle hook that the event is about; in `hook.…` events your own hook'],
  [
    `${code('operation')}, ${code('code')}, ${code('kind')}`,
    'the call that failed: its IAM name, the service’s error code, and the kind of failure',
  ],
  [code('iamAction'), 'the permission that is missing'],
];

const TITLES: Record<string, string> = {
  agent: 'The agent itself',
  config: 'Configuration',
  proxy: 'Proxies',
  state: 'The state file',
  introspection: 'The ECS agent’s introspection',
  identity: 'Identity',
  tag: 'The terminate tag',
  signals: 'Signals',
  drain: 'A drain',
  lifecycle: 'The lifecycle action',
  instance: 'The instance',
  'dry-run': 'Dry run',
  call: 'Calls to AWS',
  hook: 'The operator’s hooks',
  metrics: 'Metrics',
  debug: 'For developers',
};

function section(group: string, names: readonly EventName[]): string {
  const rows = names.map((name) => {
    const { level, meaning, remedy } = events[name];
    return [code(name), level, meaning, remedy || '–'];
  });
  return `## ${TITLES[group] ?? group}\n\n${table(['event', 'level', 'meaning', 'what to do'], rows)}`;
}

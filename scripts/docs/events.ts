import { type EventName, events, type Level } from '../../src/log/events.ts';
import { block, code, paragraphs, table } from './markdown.ts';

/** docs/events.md, from the closed list that the program itself logs by. */
export function eventsPage(): string {
  const groups = Map.groupBy(Object.keys(events) as EventName[], (name) => name.slice(0, name.indexOf('.')));
  return `${[
    '<!-- Made from src/log/events.ts by `npm run docs`: change it there. -->',
    '# Events',
    paragraphs(`
The agent logs what happens under these names and no others. Alarms and searches can rely on them: a name keeps its
meaning.

Where the log goes to a file, a pipe or journald, each event is one JSON object on one line; on a terminal it is a line
for people. In the journal its level is the message's priority, so this shows what needs attention:`),
    block('journalctl -u ecs-drain-agent -p warning'),
    paragraphs('This shows the course of the drains:'),
    block(
      `journalctl -u ecs-drain-agent -o cat | jq -rR 'fromjson? | select(.event | startswith("drain.")) | [.time, .event, .msg] | @tsv'`,
    ),
    '## Levels',
    table(['level', 'journal priority', 'meaning'], LEVELS),
    '## Fields',
    paragraphs('Beside its own, an event has those of these fields that are known when it is logged.'),
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
  ['warn', '4', 'something is wrong, and the agent goes on; or tasks may be lost later'],
  ['error', '3', 'the drain does not end until somebody fixes something'],
];

const FIELDS: readonly [string, string][] = [
  [code('time'), 'when it was logged, ISO 8601 in UTC'],
  [code('level'), 'see above'],
  [code('event'), 'its name'],
  [code('msg'), 'the same for people; its wording may change'],
  [code('instanceId'), 'the EC2 instance that the agent runs on'],
  [code('signals'), 'the signals that say that the instance will be terminated'],
  [code('containerInstance'), 'the ARN of the container instance'],
  [code('cluster'), 'its ECS cluster'],
  [code('group'), 'its Auto Scaling group'],
  [code('lifecycleState'), 'its state in that group, e.g. `Terminating:Wait`'],
  [code('tasksLeft'), 'how many tasks have not stopped'],
  [code('tasks'), 'up to five of them, the oldest first: `group`, `id`, `status`, `ageSeconds`'],
  [code('waitedSeconds'), 'since the signal was first seen'],
  [code('deadline'), 'when the nearest limit ends the wait, ISO 8601 in UTC'],
  [code('hook'), 'the lifecycle hook that it is about; in `hook.…` events the operator’s hook'],
  [
    `${code('operation')}, ${code('code')}, ${code('kind')}`,
    'a call that failed: its IAM name, the error of the service, and what kind of failure that is',
  ],
  [code('iamAction'), 'the permission that is missing'],
];

const TITLES: Record<string, string> = {
  agent: 'The agent itself',
  config: 'Configuration',
  state: 'The state file',
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

import type { FlagText, Program } from '../command-line/program.ts';
import { EX_CONFIG, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE } from '../config/exit-codes.ts';
import { CONFIG_FLAG, DEFAULT_CONFIG_FILE } from '../config/load.ts';
import { type OptionName, optionList } from '../config/options.ts';
import { STATUS_EXIT_CODES, STATUS_MEANING } from './status-exit-codes.ts';

const CONFIG: FlagText = {
  ...CONFIG_FLAG,
  env: 'ECS_DRAIN_CONFIG',
  help: 'The configuration file: the same variables, one a line.',
  default: DEFAULT_CONFIG_FILE,
};
const OPTIONS: readonly FlagText[] = [...optionList, CONFIG];
const JSON_FLAG: FlagText = {
  flag: 'json',
  help: 'Print one JSON object for programs; docs/status.md describes its form.',
};

const only = (...names: OptionName[]): readonly FlagText[] => [
  ...optionList.filter(({ name }) => names.includes(name)),
  CONFIG,
];

/** The command line of `ecs-drain-agent`. */
export const program = {
  name: 'ecs-drain-agent',
  section: 8,
  about: 'Drains this Amazon ECS container instance before it is terminated, however long its tasks take.',
  commands: {
    run: {
      summary:
        'Watch, and drain this instance when its termination has been decided. The systemd unit starts this.',
      usage: '[options]',
      flags: [],
      options: OPTIONS,
      exitCodes: [
        ['0', 'stopped by SIGTERM or SIGINT; nothing changes in AWS'],
        [
          String(EX_TEMPFAIL),
          'another agent runs with the same state directory, or a file of the program cannot be read; as after each 75, the unit tries again, at growing intervals of up to a minute',
        ],
      ],
    },
    status: {
      summary:
        'Show what the agent on this host is doing, what it waits for, and what somebody must fix first.',
      usage: '[--json] [--health]',
      flags: [
        JSON_FLAG,
        {
          flag: 'health',
          help: 'Let the exit code say only whether an agent runs and does not hang (0) or not (1), for a health check.',
        },
      ],
      options: only('stateDir'),
      exitCodes: Object.entries(STATUS_EXIT_CODES).map(
        ([state, code]) => [String(code), STATUS_MEANING[state as keyof typeof STATUS_EXIT_CODES]] as const,
      ),
    },
    doctor: {
      summary:
        'Check that the agent can work on this host: one line per check, with the fix. Changes nothing.',
      details: [
        'Give it the options that the agent runs with; it reads the same configuration file. Run it as root or as the agent’s user.',
      ],
      usage: '[--json] [options]',
      flags: [JSON_FLAG],
      options: OPTIONS,
      exitCodes: [
        ['0', 'the agent can work on this host; there may be warnings'],
        ['1', 'something must be fixed; each line that begins with FAIL says what, and how'],
        [String(STATUS_EXIT_CODES.blocked), 'the same, and a drain is on here that waits for it'],
      ],
    },
    drain: {
      summary: 'Drain this instance now, by hand.',
      details: [
        'Leaves a request for the agent that runs here, which goes on through restarts until it is withdrawn. Run it as root or as the agent’s user.',
      ],
      usage: '[--cancel]',
      flags: [
        {
          flag: 'cancel',
          help: 'Withdraw the request. The agent sets the container instance ACTIVE again, if it was the one that set it DRAINING.',
        },
      ],
      options: only('stateDir'),
      exitCodes: [
        ['0', 'the request is made, or withdrawn, or was already'],
        ['1', 'the state directory cannot be written by this user'],
      ],
    },
    sandbox: {
      summary: 'Start a simulated AWS on loopback, to try the agent. From a checkout only.',
      usage: '[options]',
      flags: [],
      options: [],
      exitCodes: [[String(EX_UNAVAILABLE), 'it is not part of the packages for hosts']],
    },
  },
  options: OPTIONS,
  optionsTitle: 'Options of run, status, doctor and drain, each with its environment variable',
  exitCodes: [
    [String(EX_USAGE), 'the command line is wrong'],
    [
      String(EX_TEMPFAIL),
      'the configuration file, or AWS_CA_BUNDLE, cannot be read: it may not be there yet, as where its volume is mounted later',
    ],
    [String(EX_CONFIG), 'the environment or the configuration file is wrong'],
  ],
  notes: [
    'Write times with a unit: 500ms, 90s, 5m, 1h30m, 2d.',
    'Flags override the environment; the environment overrides the file.',
  ],
  files: [
    [DEFAULT_CONFIG_FILE, 'the configuration'],
    ['/etc/ecs-drain-agent/hooks.d', 'your own executables that run during a drain'],
    ['/var/lib/ecs-drain-agent', 'what the agent keeps across restarts'],
    ['/run/ecs-drain-agent/status.json', 'what status shows'],
  ],
} as const satisfies Program;

export type CommandName = keyof typeof program.commands;

import type { FlagText, Program } from '../command-line/program.ts';
import { ENV_FLAG, JSON_FLAG } from './config/load.ts';
import { type OptionName, optionList } from './config/options.ts';
import { CANCELLED, EXIT } from './exit-codes.ts';

const ENV: FlagText = {
  ...ENV_FLAG,
  help: "Adds to the container's environment; without a value that of this process. May be given several times.",
};
const OPTIONS: readonly FlagText[] = [...optionList, ENV];
const JSON_TEXT: FlagText = { ...JSON_FLAG, help: 'Print one JSON object for programs, or null.' };

const only = (...names: OptionName[]): readonly FlagText[] =>
  optionList.filter(({ name }) => names.includes(name));

const PERMISSION = [String(EXIT.permission), 'permission or credentials are missing'] as const;

/** The command line of `ecs-oneshot`. */
export const program = {
  name: 'ecs-oneshot',
  section: 1,
  about: 'Runs one Amazon ECS task to its end, once, and exits with its exit code.',
  commands: {
    run: {
      summary: 'Run one task to its end, and exit with its exit code.',
      details: [
        "A job file is YAML: the flags' names are its keys, with env as a map and command as a list. Flags win.",
        "The last line on standard error says whether a code is the container's or the launcher's.",
      ],
      usage: '[JOB.yml] [options] [-- COMMAND…]',
      flags: [],
      options: OPTIONS,
      exitCodes: [
        ['0–255', "the container's own"],
        [String(EXIT.conflict), 'the key was used with other parameters; nothing was started'],
        [
          String(EXIT.notStarted),
          'the task could not be started, or failed to start; or no instance of the group could ever hold it',
        ],
        [
          String(EXIT.noExitCode),
          'the task ended without an exit code: its host was lost, or its Spot instance interrupted',
        ],
        [String(EXIT.noRoom), 'there was no room in time; nothing was started, and it is safe to try again'],
        [
          String(EXIT.lost),
          'it has lost track of the task, which may still run: status and stop with the same key',
        ],
        PERMISSION,
        [
          String(EXIT.timedOut),
          'the time limit (--timeout) passed: the task was stopped, or left to run with --on-timeout detach',
        ],
        [
          Object.values(CANCELLED).join(', '),
          'cancelled by SIGINT or SIGTERM: the task has been stopped, or none was started',
        ],
      ],
    },
    status: {
      summary: 'Say how the task of a key is.',
      usage: '--cluster NAME --key KEY [--json]',
      flags: [JSON_TEXT],
      options: only('cluster', 'key', 'region'),
      exitCodes: [
        ['0', 'it runs, or has ended'],
        ['1', 'there is none'],
        [String(EXIT.lost), 'AWS did not say'],
        PERMISSION,
      ],
    },
    stop: {
      summary: 'Stop the task of a key, and wait until it has stopped.',
      usage: '--cluster NAME --key KEY',
      flags: [],
      options: only('cluster', 'key', 'region'),
      exitCodes: [
        ['0', 'none runs any more'],
        [String(EXIT.lost), 'AWS did not say: it may still run'],
        PERMISSION,
      ],
    },
  },
  options: OPTIONS,
  optionsTitle: 'Options of run, status and stop',
  exitCodes: [[String(EXIT.usage), 'the command line or the job file is wrong; nothing was started']],
  notes: ['Write times with a unit: 500ms, 90s, 5m, 1h30m, 2d.'],
  files: [],
} as const satisfies Program;

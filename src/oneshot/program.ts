import type { FlagText, Program } from '../command-line/program.ts';
import { ENV_FLAG, JSON_FLAG } from './config/load.ts';
import { type OptionName, optionList } from './config/options.ts';

const ENV: FlagText = {
  ...ENV_FLAG,
  help: "Adds to the container's environment; without a value that of this process. May be given several times.",
};
const OPTIONS: readonly FlagText[] = [...optionList, ENV];
const JSON_TEXT: FlagText = { ...JSON_FLAG, help: 'Print one JSON object for programs, or null.' };

const only = (...names: OptionName[]): readonly FlagText[] =>
  optionList.filter(({ name }) => names.includes(name));

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
        ['65', 'the key was used with other parameters; nothing was started'],
        ['69', 'the task could not be started'],
        ['71', 'it ended without an exit code: host lost, Spot'],
        ['75', 'no room in time; nothing was started, safe to try again'],
        ['76', 'lost track of the task: it may still run'],
        ['77', 'permission or credentials are missing'],
        ['124', 'the time limit passed (--timeout)'],
        ['130, 143', 'cancelled by SIGINT, SIGTERM: the task has been stopped, or none was started'],
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
        ['76', 'AWS did not say'],
        ['77', 'permission or credentials are missing'],
      ],
    },
    stop: {
      summary: 'Stop the task of a key, and wait until it has stopped.',
      usage: '--cluster NAME --key KEY',
      flags: [],
      options: only('cluster', 'key', 'region'),
      exitCodes: [
        ['0', 'none runs any more'],
        ['76', 'AWS did not say: it may still run'],
        ['77', 'permission or credentials are missing'],
      ],
    },
  },
  options: OPTIONS,
  optionsTitle: 'Options of run, status and stop',
  exitCodes: [['64', 'the command line or the job file is wrong; nothing was started']],
  notes: ['Write times with a unit: 500ms, 90s, 5m, 1h30m, 2d.'],
  files: [],
} as const satisfies Program;

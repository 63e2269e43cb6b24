import type { FlagText, Program } from '../command-line/program.ts';
import { EX_CONFIG } from '../config/exit-codes.ts';
import { optionList } from './config/options.ts';
import { EXIT } from './exit-codes.ts';

const OPTIONS: readonly FlagText[] = optionList.map(({ variable, ...option }) => ({
  ...option,
  env: variable,
}));
const usage = '--cluster NAME --group NAME [options]';

/** The command line of `ecs-scaler`. */
export const program = {
  name: 'ecs-scaler',
  section: 1,
  about:
    'Adds the instances that jobs of an Amazon ECS cluster wait for, and takes away those that nobody needs.',
  commands: {
    plan: {
      summary:
        'Print what it would do, and why each instance stays or goes and each job waits. Changes nothing.',
      usage,
      flags: [],
      options: OPTIONS,
      exitCodes: [],
    },
    once: { summary: 'Take one turn: for a timer.', usage, flags: [], options: OPTIONS, exitCodes: [] },
    run: {
      summary: 'Take turn after turn, and at once when a launcher says that it waits.',
      usage,
      flags: [],
      options: OPTIONS,
      exitCodes: [],
    },
  },
  options: OPTIONS,
  optionsTitle: 'Options, each with its environment variable',
  exitCodes: [
    [
      '0',
      'the turn is complete, whether there was something to do or not; also where ECS managed scaling is on, and nothing is carried out',
    ],
    [String(EXIT.usage), 'the command line is wrong'],
    [
      String(EXIT.nothingThere),
      'there is no such cluster or group, or the group counts its sizes in weights or vCPUs',
    ],
    [String(EXIT.notRead), 'something could not be read, so there is no plan; safe to try again'],
    [String(EXIT.notDone), 'some action could not be carried out; the next turn decides anew'],
    [String(EXIT.permission), 'permission or credentials are missing'],
    [String(EX_CONFIG), 'the environment is wrong, e.g. a variable of scaler.conf'],
  ],
  notes: ['Write times with a unit: 500ms, 90s, 5m, 1h30m, 2d.', 'Flags override the environment.'],
  files: [],
} as const satisfies Program;

export type CommandName = keyof typeof program.commands;

import type { Program as CommandLine } from '../../src/command-line/program.ts';
import { program as agent } from '../../src/commands/program.ts';
import { program as oneshot } from '../../src/oneshot/program.ts';
import { program as scaler } from '../../src/scaler/program.ts';

/** What is packaged, each program apart: a host that starts jobs needs no agent, and a container instance no launcher. */
export const programs = {
  'ecs-drain-agent': {
    name: 'ecs-drain-agent',
    entry: 'src/cli.ts',
    commandLine: agent,
    /** Whether systemd runs it: then its packages bring a unit and a configuration file, and start it. */
    isService: true,
    /** What goes into `share/docs`: all pages, or these. */
    docs: 'all',
    /** What the names of its IAM policies begin with, if they go into `share`: what is deployed once is not on each host. */
    policies: undefined,
    /** Units that go into `share/systemd`, for whoever wants them: a package that is no service starts none. */
    units: [],
    description:
      'Drains this Amazon ECS container instance before it is terminated.\n' +
      'Waits until no task runs on it, deregisters it, and only then lets its Auto Scaling group terminate it.',
  },
  'ecs-oneshot': {
    name: 'ecs-oneshot',
    entry: 'src/oneshot/cli.ts',
    commandLine: oneshot,
    isService: false,
    docs: ['oneshot.md', 'configuration.md'],
    policies: 'oneshot',
    units: [],
    description:
      'Runs one Amazon ECS task to its end, and exits with its exit code.\n' +
      'For cron, job schedulers and workers of queues: once for each key, with room made where there is none.',
  },
  'ecs-scaler': {
    name: 'ecs-scaler',
    entry: 'src/scaler/cli.ts',
    commandLine: scaler,
    isService: false,
    docs: ['scaling.md', 'configuration.md'],
    policies: 'scaler',
    units: ['ecs-scaler.service', 'ecs-scaler.timer', 'ecs-scaler-run.service'],
    description:
      'Sizes the Auto Scaling group of an Amazon ECS cluster.\n' +
      'Adds the instances that jobs wait for, and takes away those that nobody needs, without cutting a task short.',
  },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof programs;

export type Program = {
  readonly name: string;
  readonly entry: string;
  readonly commandLine: CommandLine;
  readonly isService: boolean;
  readonly docs: 'all' | readonly string[];
  readonly policies: string | undefined;
  readonly units: readonly string[];
  /** The first line is the summary. */
  readonly description: string;
};

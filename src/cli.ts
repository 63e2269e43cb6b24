import { nearest } from './base/nearest.ts';
import { version } from './base/version.ts';
import { EX_CONFIG, EX_USAGE } from './config/exit-codes.ts';
import { type CommandName, commands, help } from './config/help.ts';
import { loadConfig } from './config/load.ts';

/** What a command takes beside the options. */
const OWN_FLAGS: Record<Exclude<CommandName, 'sandbox'>, readonly string[]> = {
  run: [],
  status: ['--json'],
  doctor: ['--json'],
  drain: ['--cancel'],
};

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...argv]: string[]): Promise<number> {
  if (name === '--version' || name === '-V') return say(version);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    return name === undefined ? complain(help(), EX_USAGE) : say(help().trimEnd());
  }
  if (!Object.hasOwn(commands, name)) {
    const near = nearest(name, Object.keys(commands));
    const hint = near ? ` Did you mean ${near}?` : ` The commands are ${Object.keys(commands).join(', ')}.`;
    return complain(`ecs-drain-agent: ${JSON.stringify(name)} is not a command.${hint}\n`, EX_USAGE);
  }
  if (name === 'sandbox') return (await import('./commands/sandbox.ts')).runSandbox(argv, process);
  if (argv.includes('--help') || argv.includes('-h')) return say(help().trimEnd());
  return runConfigured(name as Exclude<CommandName, 'sandbox'>, argv);
}

async function runConfigured(name: Exclude<CommandName, 'sandbox'>, argv: string[]): Promise<number> {
  const own = OWN_FLAGS[name];
  const loaded = loadConfig(
    argv.filter((word) => !own.includes(word)),
    process.env,
  );
  if (loaded.kind === 'wrong') {
    const problems = loaded.problems.map((problem) => `  ${problem}\n`).join('');
    return complain(`ecs-drain-agent: the configuration is wrong.\n${problems}`, EX_CONFIG);
  }
  const { config, environment, warnings } = loaded;
  switch (name) {
    case 'run':
      // A request to AWS that is still under way must not hold up the end.
      return process.exit(await (await import('./commands/run.ts')).run(loaded));
    case 'status':
      return (await import('./commands/status.ts')).status(config, environment, argv.includes('--json'));
    case 'doctor':
      return (await import('./commands/doctor.ts')).doctor(
        config,
        environment,
        warnings,
        argv.includes('--json'),
      );
    case 'drain':
      return (await import('./commands/drain.ts')).drain(config, environment, argv.includes('--cancel'));
  }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(text: string, code: number): number {
  process.stderr.write(text);
  return code;
}

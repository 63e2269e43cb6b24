import type { Environment } from './base/environment.ts';
import { nearest } from './base/nearest.ts';
import { version } from './base/version.ts';
import { EX_CONFIG, EX_UNAVAILABLE, EX_USAGE } from './config/exit-codes.ts';
import { type CommandName, commands, help } from './config/help.ts';
import { loadConfig } from './config/load.ts';
import { isNetworkName } from './config/names.ts';
import type { NetworkRead } from './config/network.ts';
import { options } from './config/options.ts';
import { wrongPlace } from './config/wrong-place.ts';

/** What a command takes beside the options. */
const OWN_FLAGS: Record<Exclude<CommandName, 'sandbox'>, readonly string[]> = {
  run: [],
  status: ['--json', '--health'],
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
  if (name === 'sandbox') return sandbox(argv);
  if (argv.includes('--help') || argv.includes('-h')) return say(help().trimEnd());
  return runConfigured(name as Exclude<CommandName, 'sandbox'>, argv);
}

/** In a bundle of its own, which the packages for hosts leave out. */
async function sandbox(argv: string[]): Promise<number> {
  let loaded: typeof import('./commands/sandbox.ts');
  try {
    loaded = await import('./commands/sandbox.ts');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return complain(
      'ecs-drain-agent: the sandbox is not part of the packages for hosts. Run it from a checkout: npm ci && npm run build\n',
      EX_UNAVAILABLE,
    );
  }
  return loaded.runSandbox(argv, process);
}

async function runConfigured(name: Exclude<CommandName, 'sandbox'>, argv: string[]): Promise<number> {
  const own = OWN_FLAGS[name];
  const loaded = loadConfig(
    argv.filter((word) => !own.includes(word)),
    process.env,
  );
  if (loaded.kind === 'wrong') return complainAbout(loaded.problems);
  const { config, environment, warnings } = loaded;
  switch (name) {
    case 'run': {
      const network = await networkOf(environment, config.introspectionUrl);
      const problems = [...(network.kind === 'wrong' ? network.problems : []), ...wrongPlace(environment)];
      if (network.kind === 'wrong' || problems.length > 0) return complainAbout(problems);
      const configured = { ...loaded, warnings: [...warnings, ...network.warnings] };
      // A request to AWS that is still under way must not hold up the end.
      return process.exit(await (await import('./commands/run.ts')).run(configured, network.network));
    }
    case 'status':
      return (await import('./commands/status.ts')).status(config, environment, {
        asJson: argv.includes('--json'),
        isHealthCheck: argv.includes('--health'),
      });
    case 'doctor': {
      const network = await networkOf(environment, config.introspectionUrl);
      if (network.kind === 'wrong') return complainAbout(network.problems);
      return (await import('./commands/doctor.ts')).doctor(
        config,
        environment,
        [...warnings, ...network.warnings],
        network.network,
        argv.includes('--json'),
      );
    }
    case 'drain':
      return (await import('./commands/drain.ts')).drain(config, environment, argv.includes('--cancel'));
  }
}

/** Loaded only where something is set. */
async function networkOf(environment: Environment, introspectionUrl: string): Promise<NetworkRead> {
  const isSet = Object.entries(environment).some(([name, value]) => value && isNetworkName(name));
  if (!isSet && introspectionUrl === options.introspectionUrl.default)
    return { kind: 'ok', network: {}, warnings: [] };
  return (await import('./config/network.ts')).readNetwork(environment, introspectionUrl);
}

function complainAbout(problems: readonly string[]): number {
  const lines = problems.map((problem) => `  ${problem}\n`).join('');
  return complain(`ecs-drain-agent: the configuration is wrong.\n${lines}`, EX_CONFIG);
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(text: string, code: number): number {
  process.stderr.write(text);
  return code;
}

import type { Environment } from './base/environment.ts';
import { choose, configurationError, unreadableError, usageError } from './command-line/front.ts';
import { outliveReaders } from './command-line/outlive-readers.ts';
import { type CommandName, program } from './commands/program.ts';
import { EX_CONFIG, EX_TEMPFAIL, EX_UNAVAILABLE, EX_USAGE } from './config/exit-codes.ts';
import { loadConfig, type Wrong } from './config/load.ts';
import { isNetworkName } from './config/names.ts';
import type { NetworkRead } from './config/network.ts';
import { options } from './config/options.ts';
import { wrongPlace } from './config/wrong-place.ts';

/** Those of the process, which is readied when they are first asked for: the agent does not ask. */
const streams = {
  get stdout() {
    outliveReaders();
    return process.stdout;
  },
  get stderr() {
    outliveReaders();
    return process.stderr;
  },
};

// What Node ends with where something is awaited that never comes.
process.exitCode = 13;
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});

async function main(words: string[]): Promise<number> {
  // The sandbox has a help of its own.
  if (words[0] === 'sandbox') return sandbox(words.slice(1));
  if (words[0] === 'help' && words[1] === 'sandbox') return sandbox(['--help']);
  const chosen = await choose(program, words, streams);
  if (chosen.kind === 'answered') return chosen.code;
  return runConfigured(chosen.name as Exclude<CommandName, 'sandbox'>, chosen.argv);
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

async function runConfigured(
  name: Exclude<CommandName, 'sandbox'>,
  argv: readonly string[],
): Promise<number> {
  const loaded = loadConfig(argv, process.env, undefined, {
    ownFlags: program.commands[name].flags,
    elsewhere: commandsWith,
  });
  if (loaded.kind === 'wrong') return complainAbout(loaded, name);
  const { config, environment, warnings, own } = loaded;
  const asJson = own.has('json');
  if (name !== 'run') outliveReaders();
  switch (name) {
    case 'run': {
      const network = await networkOf(environment, config.introspectionUrl);
      const misplaced = wrongPlace(environment);
      if (misplaced.length > 0) return complainAbout({ problems: misplaced, what: 'configuration' }, name);
      if (network.kind === 'wrong') return complainAbout(network, name);
      const configured = { ...loaded, warnings: [...warnings, ...network.warnings] };
      // A request to AWS that is still under way must not hold up the end.
      return process.exit(await (await import('./commands/run.ts')).run(configured, network.network));
    }
    case 'status':
      return (await import('./commands/status.ts')).status(config, environment, {
        asJson,
        isHealthCheck: own.has('health'),
      });
    case 'doctor': {
      const network = await networkOf(environment, config.introspectionUrl);
      if (network.kind === 'wrong') return complainAbout(network, name);
      return (await import('./commands/doctor.ts')).doctor(
        { ...loaded, warnings: [...warnings, ...network.warnings] },
        network.network,
        asJson,
      );
    }
    case 'drain':
      return (await import('./commands/drain.ts')).drain(config, environment, own.has('cancel'));
  }
}

function commandsWith(flag: string): readonly string[] {
  return Object.entries(program.commands)
    .filter(([, { flags }]) => flags.some((one) => one.flag === flag))
    .map(([name]) => name);
}

/** Loaded only where something is set. */
async function networkOf(environment: Environment, introspectionUrl: string): Promise<NetworkRead> {
  const isSet = Object.entries(environment).some(([name, value]) => value && isNetworkName(name));
  if (!isSet && introspectionUrl === options.introspectionUrl.default)
    return { kind: 'ok', network: {}, warnings: [] };
  return (await import('./config/network.ts')).readNetwork(environment, introspectionUrl);
}

function complainAbout({ problems, what }: Omit<Wrong, 'kind'>, command: CommandName): number {
  switch (what) {
    case 'command-line':
      return complain(usageError(program.name, command, problems), EX_USAGE);
    case 'configuration':
      return complain(configurationError(program.name, problems), EX_CONFIG);
    case 'unreadable':
      return complain(unreadableError(program.name, problems), EX_TEMPFAIL);
  }
}

function complain(text: string, code: number): number {
  streams.stderr.write(text);
  return code;
}

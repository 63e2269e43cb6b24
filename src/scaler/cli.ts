import { nearest } from '../base/nearest.ts';
import { version } from '../base/version.ts';
import { type CommandName, commands, help } from './config/help.ts';
import { loadOptions } from './config/load.ts';
import { EXIT } from './exit-codes.ts';

const code = await main(process.argv.slice(2));
// A request that is still under way must not hold up the end; what was written to a pipe must have gone out.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))),
);
process.exit(code);

async function main([name, ...argv]: string[]): Promise<number> {
  if (name === '--version' || name === '-V') return say(version);
  if (name === '--help' || name === '-h' || name === 'help') return say(help().trimEnd());
  if (name === undefined) return complain(help());
  if (!Object.hasOwn(commands, name)) {
    const near = nearest(name, Object.keys(commands));
    const hint = near ? ` Did you mean ${near}?` : ` The commands are ${Object.keys(commands).join(', ')}.`;
    return complain(`ecs-scaler: ${JSON.stringify(name)} is not a command.${hint}\n`);
  }
  if (argv.includes('--help') || argv.includes('-h')) return say(help().trimEnd());
  const loaded = loadOptions(argv, process.env);
  if (loaded.kind === 'wrong') {
    const lines = loaded.problems.map((problem) => `  ${problem}\n`).join('');
    return complain(`ecs-scaler: nothing was done.\n${lines}`);
  }
  return (await import('./run.ts')).run(name as CommandName, loaded);
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(text: string): number {
  process.stderr.write(text);
  return EXIT.usage;
}

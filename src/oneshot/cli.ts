import { nearest } from '../base/nearest.ts';
import { version } from '../base/version.ts';
import { commands, help } from './config/help.ts';
import { type CommandName, loadOptions } from './config/load.ts';
import { EXIT } from './exit-codes.ts';
import { createScreen } from './report/screen.ts';

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
    return complain(`ecs-oneshot: ${JSON.stringify(name)} is not a command.${hint}\n`);
  }
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  if (own.includes('--help') || own.includes('-h')) return say(help().trimEnd());
  const loaded = await loadOptions(name as CommandName, argv, process.env);
  if (loaded.kind === 'wrong') {
    const lines = loaded.problems.map((problem) => `  ${problem}\n`).join('');
    return complain(`ecs-oneshot: nothing was started.\n${lines}`);
  }
  // A dumb one, such as an editor's, cannot be written over.
  const isTerminal = process.stderr.isTTY === true && process.env.TERM !== 'dumb';
  const screen = createScreen({
    stream: process.stderr,
    isTerminal,
    // https://no-color.org
    hasColour: isTerminal && !process.env.NO_COLOR,
  });
  switch (name as CommandName) {
    case 'run':
      return (await import('./run.ts')).run(loaded, screen);
    case 'status':
      return (await import('./status.ts')).status(loaded, screen);
    case 'stop':
      return (await import('./status.ts')).stop(loaded, screen);
  }
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(text: string): number {
  process.stderr.write(text);
  return EXIT.usage;
}

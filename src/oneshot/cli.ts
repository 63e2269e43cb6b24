import { exitWith } from '../command-line/exit.ts';
import { choose, usageError } from '../command-line/front.ts';
import { outliveReaders } from '../command-line/outlive-readers.ts';
import { type CommandName, loadOptions } from './config/load.ts';
import { EXIT } from './exit-codes.ts';
import { program } from './program.ts';
import { createScreen } from './report/screen.ts';

await exitWith(await main(process.argv.slice(2)));

async function main(words: string[]): Promise<number> {
  outliveReaders();
  const { stdout, stderr } = process;
  const chosen = await choose(program, words, { stdout, stderr });
  if (chosen.kind === 'answered') return chosen.code;
  const name = chosen.name as CommandName;
  const loaded = await loadOptions(name, chosen.argv, process.env);
  if (loaded.kind === 'wrong') {
    stderr.write(usageError(program.name, name, loaded.problems));
    return EXIT.usage;
  }
  // A dumb one, such as an editor's, cannot be written over.
  const isTerminal = stderr.isTTY === true && process.env.TERM !== 'dumb';
  const screen = createScreen({
    stream: stderr,
    isTerminal,
    // https://no-color.org
    hasColour: isTerminal && !process.env.NO_COLOR,
  });
  switch (name) {
    case 'run':
      return (await import('./run.ts')).run(loaded, screen);
    case 'status':
      return (await import('./status.ts')).status(loaded, screen);
    case 'stop':
      return (await import('./status.ts')).stop(loaded, screen);
  }
}

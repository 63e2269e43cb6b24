import { exitWith } from '../command-line/exit.ts';
import { choose, configurationError, usageError } from '../command-line/front.ts';
import { outliveReaders } from '../command-line/outlive-readers.ts';
import { EX_CONFIG } from '../config/exit-codes.ts';
import { loadOptions } from './config/load.ts';
import { EXIT } from './exit-codes.ts';
import { type CommandName, program } from './program.ts';

await exitWith(await main(process.argv.slice(2)));

async function main(words: string[]): Promise<number> {
  outliveReaders();
  const { stdout, stderr } = process;
  const chosen = await choose(program, words, { stdout, stderr });
  if (chosen.kind === 'answered') return chosen.code;
  const loaded = loadOptions(chosen.argv, process.env);
  if (loaded.kind === 'wrong') {
    const { problems, isUsage } = loaded;
    stderr.write(
      isUsage ? usageError(program.name, chosen.name, problems) : configurationError(program.name, problems),
    );
    return isUsage ? EXIT.usage : EX_CONFIG;
  }
  return (await import('./run.ts')).run(chosen.name as CommandName, loaded);
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the processes of a demonstration leave what they write, and what ends them. */
export type Workplace = {
  readonly directory: string;
  /** Kills it when the demonstration ends, however it ends. */
  killAtEnd(process: { kill(): void }): void;
};

/** Nothing of a demonstration is left after it, on SIGINT and SIGTERM neither. */
export function createWorkplace(name: string): Workplace {
  const started: { kill(): void }[] = [];
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  process.once('exit', () => {
    for (const one of started) one.kill();
    rmSync(directory, { recursive: true, force: true });
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.once(signal, () => process.exit(code));
  return { directory, killAtEnd: (one) => void started.push(one) };
}

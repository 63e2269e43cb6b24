import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A hooks directory of a test, gone at its end. */
export type HookFiles = {
  readonly directory: string;
  /** Writes `STAGE/NAME`; a script of /bin/sh, unless the text begins with #!. */
  write(name: string, script: string, mode?: number): string;
  /** Any path in the test's own directory. */
  path(name: string): string;
};

export function createHookFiles(test: { after(done: () => void): void }): HookFiles {
  const root = mkdtempSync(join(tmpdir(), 'ecs-drain-hooks-'));
  test.after(() => rmSync(root, { recursive: true, force: true }));
  const directory = join(root, 'hooks.d');
  return {
    directory,
    path: (name) => join(root, name),
    write: (name, script, mode = 0o755) => {
      const path = join(directory, name);
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, script.startsWith('#!') ? script : `#!/bin/sh\n${script}\n`);
      // Not subject to the umask.
      chmodSync(path, mode);
      return path;
    },
  };
}

import { fork, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from './child/messages.ts';
import type { Work } from './child/run-tests.ts';

/** How the tests of one process ended. */
export type Outcome =
  | { readonly kind: 'passed' }
  /** With the first test that failed, or what ended the process. */
  | Extract<Message, { kind: 'failed' }>
  /** It said nothing for too long: an endless loop, most likely. */
  | { readonly kind: 'hung' };

export type RunOptions = {
  /** After so much silence, in ms, the process counts as hung and is killed. */
  readonly quietMs: number;
  /** For the process, beside what it needs anyhow. */
  readonly env?: Readonly<Record<string, string>>;
  readonly onMessage?: ((message: Message) => void) | undefined;
};

const CHILD = fileURLToPath(new URL('./child/run-tests.ts', import.meta.url));
const REPORTER = new URL('./child/reporter.ts', import.meta.url).href;
/** What a mutant leaves behind goes with this process. */
const temporary = mkdtempSync(join(tmpdir(), 'mutants-'));
process.once('exit', () => {
  for (const place of mountedBelow(temporary)) spawnSync('umount', ['--lazy', place]);
  rmSync(temporary, { recursive: true, force: true, maxRetries: 3 });
});
/** In MB: a mutant that hoards without end is not to take the host with it. */
const HEAP = 2_000;
const ERRORS_KEPT = 4_000;

/** Runs tests in a process of their own until one fails. */
export function runTests(work: Work, { quietMs, env, onMessage }: RunOptions): Promise<Outcome> {
  const child = fork(CHILD, [JSON.stringify(work)], {
    cwd: work.root,
    // Of what the first process has compiled, the others load all but the mutant.
    env: {
      PATH: process.env.PATH,
      TMPDIR: temporary,
      NODE_COMPILE_CACHE: join(temporary, 'compiled'),
      ...env,
    },
    execArgv: [
      '--disable-warning=ExperimentalWarning',
      `--max-old-space-size=${HEAP}`,
      `--test-reporter=${REPORTER}`,
      '--test-reporter-destination=stdout',
    ],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((done) => {
    let outcome: Outcome | undefined;
    let errors = '';
    const hang = () => {
      outcome ??= { kind: 'hung' };
      child.kill('SIGKILL');
    };
    let quiet = setTimeout(hang, quietMs);
    child.stderr?.on('data', (data) => {
      errors = (errors + data).slice(-ERRORS_KEPT);
    });
    child.on('message', (message: Message) => {
      clearTimeout(quiet);
      quiet = setTimeout(hang, quietMs);
      onMessage?.(message);
      if (message.kind === 'passed') outcome ??= { kind: 'passed' };
      if (message.kind === 'failed') outcome ??= message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(quiet);
      const why = /^.*Error.*$/m.exec(errors)?.[0] ?? errors;
      done(outcome ?? { kind: 'failed', test: `the process (${signal ?? code})`, why });
    });
  });
}

/** A test of a full disk mounts a small one; whoever is killed in it leaves it there. */
function mountedBelow(path: string): readonly string[] {
  try {
    const places = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    return places.filter((place) => place.startsWith(`${path}/`));
  } catch {
    return [];
  }
}

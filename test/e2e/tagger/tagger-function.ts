import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type FunctionName, packageFunction } from '../../../scripts/package-lambda.ts';
import { type Outcome, startRuntimeApi } from './runtime-api.ts';
import { unzip } from './unzip.ts';

export type LambdaFunction = {
  /** Invokes the function with an event and waits for its answer. */
  invoke(event: unknown): Promise<Outcome>;
  /** Resolves with the error of a function that could not be loaded. */
  readonly initError: Promise<Outcome>;
  /** The lines that the function wrote so far; those of an invocation can come after its answer. */
  readonly lines: readonly string[];
  /** Waits until the function has written a line with this text in it, and returns the first such line. */
  line(text: string): Promise<string>;
  close(): Promise<void>;
};

/** Runs the tagger. */
export const startTaggerFunction = (environment: Record<string, string>) =>
  startFunction('tagger', environment);

/**
 * Runs a function as Lambda does: the content of its zip in a process of its own that speaks the runtime API.
 * `environment` says where AWS answers (AWS_ENDPOINT_URL) and how the function is configured.
 */
export async function startFunction(
  which: FunctionName,
  environment: Record<string, string>,
): Promise<LambdaFunction> {
  const folder = await mkdtemp(join(tmpdir(), 'tagger-'));
  for (const { name, data } of unzip((await packageFunction(which)).archive)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), data);
  }
  const api = await startRuntimeApi();
  const child = spawn(process.execPath, [fileURLToPath(new URL('bootstrap.mjs', import.meta.url))], {
    // Nothing of the caller's environment: no credentials and no endpoints but those given.
    env: {
      AWS_REGION: 'us-west-2',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example',
      AWS_SESSION_TOKEN: 'example',
      ...environment,
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: folder,
      _HANDLER: `${which}.handler`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  exited.then(api.exited);
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return {
    invoke: api.invoke,
    initError: api.initError,
    lines,
    line: async (text) => {
      for (;;) {
        const found = lines.find((line) => line.includes(text));
        if (found !== undefined) return found;
        await once(output, 'line');
      }
    },
    close: async () => {
      child.kill('SIGKILL');
      await exited;
      api.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

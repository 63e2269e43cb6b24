import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../base/environment.ts';

/** Files that the AWS SDK or Node.js opens because a variable names them. Each of them opens any of them blindly. */
const NAMED = [
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  'NODE_EXTRA_CA_CERTS',
] as const;

/** Those that the SDK opens unless a variable names another. */
const AT_HOME = { AWS_CONFIG_FILE: '.aws/config', AWS_SHARED_CREDENTIALS_FILE: '.aws/credentials' } as const;

const NOTHING = '/dev/null';
const MOST_BYTES = 1024 * 1024;

export type SdkFiles = {
  /** Named by the operator, and not to be opened. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Names something else in the place of what lies at home and is not to be opened. */
  readonly instead: Readonly<Record<string, string>>;
};

/**
 * Whether what the SDK will open are files: a FIFO would hold up every call to AWS, and the end of the process as well.
 * What is not there is the SDK's to say.
 */
export function checkSdkFiles(environment: Environment): SdkFiles {
  const problems: string[] = [];
  const warnings: string[] = [];
  const instead: Record<string, string> = {};
  for (const name of NAMED) {
    const path = environment[name];
    const why = path ? whyNoFile(path) : undefined;
    if (why !== undefined) problems.push(`${name}: ${path} is ${why}. It must be a file of 1 MiB at most.`);
  }
  for (const [name, path] of Object.entries(AT_HOME)) {
    if (environment[name] || !environment.HOME) continue;
    const file = join(environment.HOME, path);
    const why = whyNoFile(file);
    if (why === undefined) continue;
    warnings.push(`${file} is ${why}, and is left out: the AWS SDK would wait for it or read without end.`);
    instead[name] = NOTHING;
  }
  return { problems, warnings, instead };
}

function whyNoFile(path: string): string | undefined {
  let stats: Stats;
  try {
    if (path === NOTHING) return undefined;
    stats = statSync(path);
  } catch {
    return undefined;
  }
  if (stats.isDirectory()) return 'a directory';
  if (!stats.isFile()) return 'a FIFO, a socket or a device';
  return stats.size > MOST_BYTES ? 'too large' : undefined;
}

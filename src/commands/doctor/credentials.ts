import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Imds } from '../../aws/imds.ts';
import type { Environment } from '../../base/environment.ts';
import { ifKnown } from '../../base/reading.ts';

/** Where credentials come from, for people. */
export type CredentialSource = {
  /** Undefined where nothing shows any. */
  readonly what: string | undefined;
  /** What to do where AWS does not take them, or there are none. */
  readonly fix: string;
  /** To whom a permission is given. */
  readonly allowed: string;
};

const GIVE_A_ROLE = 'give the instance a role, by an instance profile, and wait some seconds';

/** Whose credentials the SDK will find, in the order in which it looks (`@aws-sdk/credential-provider-node`). */
export async function credentialSource(imds: Imds, environment: Environment): Promise<CredentialSource> {
  const { AWS_PROFILE: profile } = environment;
  if (profile) return named(`profile ${profile} (AWS_PROFILE)`);
  if (environment.AWS_ACCESS_KEY_ID && environment.AWS_SECRET_ACCESS_KEY)
    return named('the keys of AWS_ACCESS_KEY_ID (environment or agent.conf)');
  const role = ifKnown(await imds.get('meta-data/iam/security-credentials/'))
    ?.split('\n')[0]
    ?.trim();
  const others = [...sharedFiles(environment), ...WITHOUT_METADATA.filter((name) => environment[name])];
  if (others.length > 0) {
    const before = others.join(' or ');
    return {
      what: `the first that the SDK finds: by ${before}${role ? `, else role ${role}` : ''}`,
      fix: `correct or remove ${before}${role ? '' : `, or ${GIVE_A_ROLE}`}`,
      allowed: `to whom ${before} names`,
    };
  }
  return { what: role && `role ${role}`, fix: GIVE_A_ROLE, allowed: "in the instance's role" };
}

const WITHOUT_METADATA = [
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

const named = (what: string): CredentialSource => ({
  what,
  fix: `correct or remove ${what}`,
  allowed: `to ${what}`,
});

/** Files in which the SDK looks for a profile named `default`, which they may or may not have. */
function sharedFiles(environment: Environment): string[] {
  const { HOME } = environment;
  return [
    environment.AWS_SHARED_CREDENTIALS_FILE || (HOME ? join(HOME, '.aws/credentials') : ''),
    environment.AWS_CONFIG_FILE || (HOME ? join(HOME, '.aws/config') : ''),
  ].filter(isFile);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

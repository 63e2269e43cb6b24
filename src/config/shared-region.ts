import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../base/environment.ts';
import { readTextFile } from '../base/files.ts';

const MOST_BYTES = 1024 * 1024;

/**
 * The Region that the files of the AWS CLI and the SDKs name for the profile: that of `~/.aws/credentials` before that of
 * `~/.aws/config`, as the SDK for JavaScript takes them. Undefined where there is none, or a file cannot be read, which is
 * the SDK's to say. (AWS SDKs and Tools reference guide, "Shared config and credentials files")
 */
export function readSharedRegion(environment: Environment): string | undefined {
  const profile = environment.AWS_PROFILE || 'default';
  const home = join(environment.HOME || homedir(), '.aws');
  const credentials = read(environment.AWS_SHARED_CREDENTIALS_FILE || join(home, 'credentials'));
  const config = read(environment.AWS_CONFIG_FILE || join(home, 'config'));
  return (
    regionOf(credentials, (section) => section === profile) ??
    regionOf(config, (section) =>
      profile === 'default' ? /^(profile\s+)?default$/.test(section) : nameOf(section) === profile,
    )
  );
}

/** In the configuration a profile's section is `[profile NAME]`; the name may stand in quotes. */
function nameOf(section: string): string | undefined {
  return /^profile\s+(["']?)([^"']+)\1$/.exec(section)?.[2];
}

/** The last `region = …` of a section, but for one that is indented below another key. */
function regionOf(text: string, isOwn: (section: string) => boolean): string | undefined {
  let region: string | undefined;
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    const [stripped = ''] = line.split(/(?:^|\s)[;#]/);
    const section = /^\s*\[([^\]]*)\]\s*$/.exec(stripped)?.[1];
    if (section !== undefined) isInside = isOwn(section.trim());
    const value = /^region\s*=\s*(\S+)\s*$/.exec(stripped)?.[1];
    if (isInside && value !== undefined) region = value;
  }
  return region;
}

function read(path: string): string {
  try {
    return readTextFile(path, MOST_BYTES);
  } catch {
    return '';
  }
}

import { readFileSync } from 'node:fs';

// Replaced by the bundler; absent when the sources run as they are.
declare const ECS_DRAIN_AGENT_VERSION: string | undefined;

/** The version in package.json. */
export const version: string =
  typeof ECS_DRAIN_AGENT_VERSION === 'string' ? ECS_DRAIN_AGENT_VERSION : fromPackageJson();

function fromPackageJson(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

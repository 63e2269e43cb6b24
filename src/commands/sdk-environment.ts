import { endpointMode } from '../aws/imds.ts';
import type { Environment } from '../base/environment.ts';

/** Puts the `AWS_…` names of the configuration into the process's environment, which the SDK reads. */
export function passToSdk(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    // An empty variable counts as unset.
    if (name.startsWith('AWS_') && value !== undefined) process.env[name] ||= value;
  }
  const mode = endpointMode(process.env);
  if (mode) process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE = mode;
  // As the agent itself: without a session token, the SDK would ask metadata for credentials by version 1.
  process.env.AWS_EC2_METADATA_V1_DISABLED ||= 'true';
}

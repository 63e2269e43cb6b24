import type { Environment } from '../base/environment.ts';

/** Puts the `AWS_…` names of the configuration into the process's environment, which the SDK reads. */
export function passToSdk(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    // An empty variable counts as unset.
    if (name.startsWith('AWS_') && value !== undefined) process.env[name] ||= value;
  }
}

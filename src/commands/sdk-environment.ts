import type { Environment } from '../base/environment.ts';
/** Puts the `AWS_…` names of the configuration file into the process's environment, which the SDK reads. */
export function passToSdk(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('AWS_') && value !== undefined) process.env[name] ??= value;
  }
}

import type { Environment } from '../base/environment.ts';
/** Gives the SDK, which reads the process's own environment, what the configuration file says for it (`AWS_…`). */
export function passToSdk(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    if (name.startsWith('AWS_') && value !== undefined) process.env[name] ??= value;
  }
}

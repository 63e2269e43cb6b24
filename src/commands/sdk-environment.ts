import type { Environment } from '../base/environment.ts';

/** Puts the `AWS_…` names of the configuration into the process's environment, which the SDK reads. */
export function passToSdk(environment: Environment): void {
  for (const [name, value] of Object.entries(environment)) {
    // An empty variable counts as unset.
    if (name.startsWith('AWS_') && value !== undefined) process.env[name] ||= value;
  }
  askMetadataDirectly();
}

/** NODE_USE_ENV_PROXY would send the SDK's questions for credentials through the proxy too, where anybody may answer them. */
function askMetadataDirectly(): void {
  const http = process.getBuiltinModule('node:http');
  if (isProxied(process.env, process.execArgv)) http.globalAgent = new http.Agent({ keepAlive: true });
}

function isProxied(
  { NODE_USE_ENV_PROXY: flag, NODE_OPTIONS: options = '' }: Environment,
  argv: readonly string[],
) {
  return flag === '1' || [...argv, ...options.split(/\s+/)].includes('--use-env-proxy');
}

import { isIP, Socket } from 'node:net';

/** An agent with a bug, however bad, talks to nobody: from here on this process connects to this host only. */
export function stayOnLoopback(): void {
  const { connect } = Socket.prototype;
  Object.defineProperty(Socket.prototype, 'connect', {
    value(this: Socket, ...args: unknown[]) {
      const host = hostOf(args);
      if (host === undefined || isLoopback(host)) return Reflect.apply(connect, this, args);
      return this.destroy(new Error(`A mutant may not connect to ${host}.`));
    },
  });
}

/** Node's own callers put the arguments into one array. */
function hostOf(args: readonly unknown[]): string | undefined {
  const [first, second] = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
  if (typeof first === 'object') return (first as { host?: string }).host;
  return typeof first === 'number' && typeof second === 'string' ? second : undefined;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIP(host) === 4 ? host.startsWith('127.') : host === '::1');

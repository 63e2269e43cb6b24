import { Agent, type AgentOptions } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Clock } from '../../base/clock.ts';

/** Until a tunnel has to stand, TLS with AWS included, in ms: less than the SDK waits, whose error would not name the proxy. */
const TUNNEL_TIMEOUT_MS = 7_500;

/**
 * Node's own agent for HTTPS through a proxy, but it closes each connection to the proxy that becomes no tunnel. Node leaves
 * one that the proxy refuses, or that never answers, open and without a listener: no request can reach it, so it stays until
 * the proxy closes it, and a reset from the proxy ends the process.
 *
 * @param options as the SDK would pass them to Node
 */
export function createTunnelAgent(options: AgentOptions, clock: Clock): Agent {
  const agent = new Agent(options);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (request, handOver) => {
    const settled = new AbortController();
    const socket = connect(request, (error, tunnel) => {
      settled.abort();
      if (error) socket?.destroy();
      handOver?.(error, tunnel);
    });
    // Node takes its own listener off before it tells of an error.
    socket?.on('error', () => {});
    // Node hands over a connection that goes past the proxy as soon as this returns.
    queueMicrotask(() => {
      if (Object.values(agent.sockets).some((sockets) => sockets?.some((one) => one === socket)))
        settled.abort();
    });
    void clock.sleep(TUNNEL_TIMEOUT_MS, settled).then(() => {
      if (settled.signal.aborted || !socket) return;
      const error = new Error(`no tunnel through the proxy in ${TUNNEL_TIMEOUT_MS} ms`);
      error.name = 'TimeoutError';
      handOver?.(error, socket);
      socket.destroy();
    });
    return socket;
  };
  return agent;
}

/**
 * Trusts an https:// proxy by these certificates as well, in PEM: Node connects to one with the defaults of the process, not
 * with the agent's own. AWS is still asked with those of its agent alone.
 */
export function trustProxies(ca: string): void {
  setDefaultCACertificates([...getCACertificates(), ca]);
}

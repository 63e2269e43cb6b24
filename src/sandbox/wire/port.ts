import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A port that can be closed, so that connections are really refused, and opened again under its number. */
export type Port = {
  readonly number: number;
  /** Opens or closes it. Rejects where it cannot be opened. */
  set(open: boolean): Promise<void>;
  /** Closes it for good: its number is anybody's again. */
  release(): Promise<void>;
};

/** An open port with a number of its own. `create` makes its server, anew each time that it is opened. */
export async function openPort(host: string, create: () => Server): Promise<Port> {
  let server: Server | undefined = create();
  let holder: Socket | undefined;
  await listen(server, host, 0);
  const { port: number } = server.address() as AddressInfo;
  const open = async () => {
    if (holder) await letGo(holder);
    holder = undefined;
    const opening = create();
    await listen(opening, host, number);
    server = opening;
  };
  const shut = async (closing: Server) => {
    server = undefined;
    await close(closing);
  };
  return {
    number,
    set: async (isOpen) => {
      if (isOpen) return server ? undefined : await open();
      if (holder) return;
      const peer = await openPeer(host);
      if (server) await shut(server);
      holder = await hold(peer, host, number);
    },
    release: async () => {
      if (server) await shut(server);
      if (holder) await letGo(holder);
      holder = undefined;
    },
  };
}

export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Closes a server and, where it can tell them, its connections. */
export function close(server: Server & { closeAllConnections?(): void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}

/**
 * Keeps the number of a closed port: a connection from there to nobody in particular. Nothing listens, so whoever connects is refused;
 * and the kernel gives the number neither to another server nor to another program's connection, which would keep the port
 * from being opened again.
 */
async function hold(peer: Server, host: string, number: number): Promise<Socket> {
  const { port } = peer.address() as AddressInfo;
  const holder = connect({ host, port, localAddress: host, localPort: number }).on('error', () => {});
  try {
    // A connection that was not accepted yet would end with the server.
    await Promise.all([once(holder, 'connect'), once(peer, 'connection')]);
  } catch (error) {
    holder.destroy();
    throw error;
  } finally {
    peer.close();
  }
  return holder.unref();
}

async function openPeer(host: string): Promise<Server> {
  const peer = createServer((socket) => socket.on('error', () => {}).unref());
  await listen(peer, host, 0);
  return peer;
}

/** Ends it by a reset: an orderly end would leave the number in TIME_WAIT. */
function letGo(holder: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (holder.closed) resolve();
    else holder.once('close', () => resolve()).resetAndDestroy();
  });
}

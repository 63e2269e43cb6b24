import type { startAgent } from '../../../src/agent/start.ts';
import { known } from '../../../src/base/reading.ts';
import type { Config } from '../../../src/config/options.ts';
import type { Host } from './host.ts';

/** The agent itself, with its default settings, on one instance. */
export function runAgentOn(host: Host, start: typeof startAgent, config: Config): Promise<void> {
  const { clock, random, http, transport } = host;
  return start(config, {
    clock,
    uptime: () => UP_BEFORE_MS + clock.monotonic(),
    random: random.next,
    http,
    transport: () => transport,
    store: { load: () => undefined, putOnDisk: () => {}, save: () => {}, remove: () => {} },
    manual: async () => known(undefined),
    environment: {},
    log: () => {},
    onReport: () => {},
    stop: new AbortController().signal,
  });
}

/** How long the host has been up when the agent starts, in ms. */
const UP_BEFORE_MS = 600_000;

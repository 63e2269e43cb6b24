import type { startAgent } from '../../src/agent/start.ts';
import type { loadConfig } from '../../src/config/load.ts';
import { START, settled } from '../support/virtual-clock.ts';
import { type Account, openAccount } from './account.ts';
import { type Drains, followDrains } from './drains.ts';
import { runAgentOn } from './programs/agent.ts';
import { startCentralDrainer } from './programs/central-drainer.ts';
import { type Host, hostOn } from './programs/host.ts';
import { pollTag } from './programs/tag-poller.ts';
import { HOUR, MINUTE, type Scenario, SECOND, SIGNAL_AT } from './scenario.ts';

/** The agent as it is run: of this checkout, or of another. */
export type Agent = { readonly startAgent: typeof startAgent; readonly loadConfig: typeof loadConfig };

/** Runs a scenario until the last machine has gone, or long after the last task should have ended. */
export async function runFleet(scenario: Scenario, agent: Agent): Promise<Drains> {
  const drains = followDrains();
  const account = openAccount(scenario, drains.onEvent);
  const { clock, machines } = account;
  const crashes: unknown[] = [];
  const run = processOf();
  for (const { id } of machines) {
    const host = hostOn(account, drains, id);
    const { from, to } = startsWithin(scenario);
    clock.at(START + Math.round(from + host.random.next() * (to - from)), () => {
      run(host).then(
        () => crashes.push(new Error(`the process on ${id} ended by itself`)),
        (error: unknown) => crashes.push(error),
      );
    });
  }
  void keepGoing(account, drains);
  const end = START + SIGNAL_AT + scenario.tasksMs + scenario.outageMs + 2 * HOUR;
  await settled();
  while (drains.left() > 0 && crashes.length === 0 && clock.step(end)) {
    // All that is due in this moment, before any of it goes on.
    while (clock.step(clock.trueNow()));
    await settled();
    account.catchUp();
  }
  if (crashes.length > 0) throw crashes[0];
  return drains;

  function processOf(): (host: Host) => Promise<void> {
    switch (scenario.program) {
      case 'agent':
      case 'agent-before': {
        const loaded = agent.loadConfig([], {}, noConfigFile);
        if (loaded.kind !== 'loaded') throw new Error(loaded.problems.join('\n'));
        return (host) => runAgentOn(host, agent.startAgent, loaded.config);
      }
      case 'tag-poller':
        return (host) => pollTag(account, host);
      case 'central-drainer':
        startCentralDrainer(account, drains);
        return () => new Promise(() => {});
    }
  }
}

/** The World goes on though nobody asks it anything: who waits for its events would wait for ever. */
async function keepGoing({ clock, catchUp }: Account, drains: Drains): Promise<void> {
  while (drains.left() > 0) {
    await clock.sleep(SECOND);
    catchUp();
  }
}

/** When the processes start, in ms after the scenario's first moment. */
const startsWithin = ({ startTogether }: Scenario) =>
  startTogether
    ? { from: SIGNAL_AT + MINUTE, to: SIGNAL_AT + MINUTE + SECOND }
    : { from: 0, to: SIGNAL_AT / 2 };

function noConfigFile(): string {
  throw Object.assign(new Error('there is none'), { code: 'ENOENT' });
}

import { type Imds, readInstanceId } from '../../aws/imds.ts';
import type { EcsAgent } from '../../host/ecs-agent.ts';
import { readSignals } from '../../signals/read-signals.ts';
import type { SignalReader } from '../../signals/signal.ts';
import type { WatchPolls } from '../polls.ts';
import { createPoll, type PollPorts } from './poll.ts';

export type WatchPorts = {
  readonly imds: Imds;
  readonly ecsAgent: Pick<EcsAgent, 'registration'>;
  /** @param onNews called when one of them has something new to say without having been asked just now */
  readonly signals: (onNews: () => void) => readonly SignalReader[];
};

export function createWatchPolls({ imds, ecsAgent, signals }: WatchPorts, ports: PollPorts): WatchPolls {
  const readers = signals(() => {
    polls.signals.invalidate();
    ports.onAnswer();
  });
  const polls: WatchPolls = {
    signals: createPoll('signals', () => readSignals(readers), ports),
    identity: createPoll('identity', () => readInstanceId(imds), ports),
    registration: createPoll('registration', () => ecsAgent.registration(), ports),
  };
  return polls;
}

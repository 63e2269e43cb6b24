import { type Imds, readInstanceId } from '../../aws/imds.ts';
import type { EcsAgent, Registration } from '../../host/ecs-agent.ts';
import { readSignals, type Signals } from '../../signals/read-signals.ts';
import type { ReadSignal } from '../../signals/signal.ts';
import type { WatchQuestion } from '../model.ts';
import { createPoll, type Poll, type PollPorts } from './poll.ts';

/** What is asked for as long as the agent runs. */
export type WatchPolls = {
  readonly signals: Poll<Signals>;
  readonly identity: Poll<string>;
  readonly registration: Poll<Registration>;
} & Readonly<Record<WatchQuestion, Poll<unknown>>>;

export type WatchPorts = {
  readonly imds: Imds;
  readonly ecsAgent: Pick<EcsAgent, 'registration'>;
  /** @param onNews one of them has something new to say, though it was not asked just now */
  readonly signals: (onNews: () => void) => readonly ReadSignal[];
};

export function createWatchPolls({ imds, ecsAgent, signals }: WatchPorts, ports: PollPorts): WatchPolls {
  const sources = signals(() => {
    polls.signals.invalidate();
    ports.onAnswer();
  });
  const polls: WatchPolls = {
    signals: createPoll('signals', () => readSignals(sources), ports),
    identity: createPoll('identity', () => readInstanceId(imds), ports),
    registration: createPoll('registration', () => ecsAgent.registration(), ports),
  };
  return polls;
}

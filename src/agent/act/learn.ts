import { ifKnown, known, unknown } from '../../base/reading.ts';
import type { ContainerInstance } from '../model.ts';
import type { Sources } from '../observe/polls.ts';
import { tasksOn } from '../observe/tasks.ts';
import type { DeedsPorts } from './deeds.ts';
import type { Deed } from './mutations.ts';

/** What is known better than any source says, once AWS has answered that this was done; and the log's line for it. */
export function learnFrom(
  deed: Deed,
  {
    sources,
    memory,
    recall,
    clock,
    log,
  }: Pick<DeedsPorts, 'sources' | 'memory' | 'recall' | 'clock' | 'log'>,
): void {
  switch (deed.kind) {
    case 'set-draining':
      show(sources, { ...deed.containerInstance, status: 'DRAINING' });
      // Listed before, it may miss a task that was placed in between.
      sources.look.invalidate();
      log('drain.draining', 'the container instance is DRAINING: no new task is placed on it');
      return;
    case 'set-active': {
      const { drainingSetAt: _, ...rest } = memory();
      recall(rest);
      show(sources, { ...deed.containerInstance, status: 'ACTIVE' });
      log('drain.cancelled', 'the signal is gone: the container instance is ACTIVE again');
      return;
    }
    case 'stop-tasks': {
      const now = clock.now();
      const asked = Object.fromEntries(deed.tasks.map(({ arn }) => [arn, now]));
      recall({ ...memory(), askedToStop: { ...memory().askedToStop, ...asked } });
      sources.look.invalidate();
      log('drain.tasks-stopping', `asked ${deed.tasks.length} tasks to stop (${deed.why})`, {
        why: deed.why,
      });
      return;
    }
    case 'deregister':
      showDeregistered(sources, deed);
      log('drain.deregistered', 'the container instance is out of its cluster');
      return;
    case 'complete':
      recall({
        ...memory(),
        completed: { hook: deed.hook, result: deed.result, at: clock.now(), standing: 'answered' },
      });
      sources.lifecycle.invalidate();
      log(
        deed.result === 'CONTINUE' ? 'lifecycle.completed' : 'lifecycle.abandoned',
        `lifecycle action of hook ${deed.hook} ended with ${deed.result} (${deed.why})`,
        { hook: deed.hook, result: deed.result, why: deed.why },
      );
      return;
    case 'terminate':
      recall({ ...memory(), terminated: true });
      sources.lifecycle.invalidate();
      log('instance.terminated', `asked the group to terminate this instance (${deed.why})`, {
        why: deed.why,
      });
      return;
  }
}

function show({ look }: Sources, containerInstance: ContainerInstance) {
  const { requests = 2, isRemembered = true } = ifKnown(look.reading()) ?? {};
  look.set({ containerInstance, tasks: unknown('being listed again'), requests, isRemembered });
}

function showDeregistered(sources: Sources, { containerInstance }: Extract<Deed, { kind: 'deregister' }>) {
  const { look } = sources;
  const left = ifKnown(tasksOn(sources)) ?? [];
  const isRemembered = ifKnown(look.reading())?.isRemembered ?? true;
  // It was given tasks until now.
  const mayHaveMore = containerInstance.status === 'ACTIVE';
  look.set(
    {
      containerInstance: { kind: 'deregistered', arn: containerInstance.arn },
      tasks: left.length === 0 && mayHaveMore ? unknown('asking what was placed last') : known(left),
      requests: 0,
      isRemembered,
    },
    // As which container instance ECS knows this host is no newer than it was.
    isRemembered ? -Infinity : look.askedAt(),
  );
  if (left.length > 0 || mayHaveMore) look.invalidate();
}

import { known, unknown } from '../../base/reading.ts';
import type { Observation } from '../model.ts';
import type { Sources } from './polls.ts';

/**
 * The tasks that are not gone: those that ECS has not STOPPED, and those that the ECS agent says still run
 * here, or has said so before ECS was last asked after them. Where that agent does not answer, ECS alone is believed.
 */
export function tasksOn(sources: Sources): Observation['tasks'] {
  const look = sources.look.reading();
  if (look.kind === 'unknown') return look;
  if (look.value.tasks.kind === 'unknown') return look.value.tasks;
  if (!sources.localTasks.hasAnswered()) return unknown('the ECS agent has not been asked yet');
  const listed = look.value.tasks.value;
  const onlyHere = sources
    .tasksSeenHere()
    .filter(({ arn }) => !listed.some((task) => task.arn === arn))
    .map(({ arn, family, knownStatus }) => ({
      arn,
      group: `family:${family}`,
      lastStatus: knownStatus,
      desiredStatus: 'UNKNOWN',
    }));
  return onlyHere.length === 0 ? look.value.tasks : known([...listed, ...onlyHere]);
}

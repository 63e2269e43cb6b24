import { after, emit } from './emit.ts';
import { nextHex } from './ids.ts';
import { terminateMachine } from './machine-end.ts';
import { rebootMachine } from './machines.ts';
import type { Machine, ScheduledEvent, WorldState } from './state.ts';

const TWO_WEEKS_MS = 14 * 86_400_000;
const MOST_MS = 2 * 3_600_000;
const REBOOT_MS = 60_000;

/** EC2 schedules an event for an instance, shows it in metadata, and carries it out at its time. Returns its id. */
export function scheduleEvent(
  world: WorldState,
  machine: Machine,
  { code, notBefore = world.now + TWO_WEEKS_MS }: { code: ScheduledEvent['code']; notBefore?: number },
): string {
  const ends = code !== 'instance-retirement' && code !== 'instance-stop';
  const event: ScheduledEvent = {
    id: `instance-event-${nextHex(world, 17)}`,
    code,
    description: descriptions[code],
    notBefore,
    notAfter: ends ? notBefore + MOST_MS : undefined,
  };
  machine.imds.scheduledEvents.push(event);
  emit(world, () => ({ type: 'event-scheduled', instanceId: machine.id, code, notBefore }));
  after(world, Math.max(0, notBefore - world.now), () => {
    if (machine.state === 'running' && unscheduleEvent(world, machine, event.id))
      carryOut(world, machine, code);
  });
  return event.id;
}

/** Takes an event off an instance's list; false where it is not on it. */
export function unscheduleEvent(world: WorldState, machine: Machine, id: string): boolean {
  const { scheduledEvents } = machine.imds;
  const index = scheduledEvents.findIndex((one) => one.id === id);
  const [event] = index < 0 ? [] : scheduledEvents.splice(index, 1);
  if (event) emit(world, () => ({ type: 'event-unscheduled', instanceId: machine.id, code: event.code }));
  return event !== undefined;
}

function carryOut(world: WorldState, machine: Machine, code: ScheduledEvent['code']): void {
  switch (code) {
    case 'instance-stop':
    case 'instance-retirement':
      terminateMachine(world, machine, `the scheduled event ${code}`);
      return;
    case 'instance-reboot':
    case 'system-reboot':
      rebootMachine(world, machine, REBOOT_MS);
      return;
    case 'system-maintenance':
      return;
  }
}

const descriptions: Readonly<Record<ScheduledEvent['code'], string>> = {
  'instance-stop': 'The instance is running on degraded hardware',
  'instance-retirement': 'The instance is running on degraded hardware',
  'instance-reboot': 'scheduled instance reboot',
  'system-reboot': 'scheduled reboot',
  'system-maintenance': 'scheduled maintenance',
};

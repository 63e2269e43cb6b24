import type { Plan } from './plan.ts';

const HOUR = 3_600_000;

/** What a world has in it, in words that can be counted. */
export function traitsOf(plan: Plan): string[] {
  const { group, machine, tasks, services, happenings, faults, kills, flags } = plan;
  const says = (flag: string, value: string) =>
    flags[flags.indexOf(flag) + 1] === value && flags.includes(flag);
  const traits: [boolean, string][] = [
    [group === undefined, 'in no group'],
    [(group?.hooks.length ?? 0) > 1, 'several terminating hooks'],
    [group !== undefined && group.ours === undefined, 'no hook that is ours'],
    [group?.retain === true, 'retains abandoned instances'],
    [!machine.metadataTags, 'no tags in the metadata'],
    [machine.imdsAfter > 0 || machine.credentialsAfter > 0, 'just booted'],
    [says('--mode', 'deregister'), 'mode deregister'],
    [flags.includes('--drain-timeout'), "a limit of the operator's"],
    [tasks.length === 0 && services.length === 0, 'no task'],
    [tasks.length > 25, 'more than 25 tasks'],
    [tasks.some(({ ignoresSigterm }) => ignoresSigterm), 'tasks that ignore SIGTERM'],
    [tasks.some(({ at }) => at > 0), 'tasks that appear later'],
    [services.some(({ strategy }) => strategy === 'DAEMON'), 'daemon tasks'],
    [services.length > 0 && plan.elsewhere === 'full', 'services that cannot move'],
    [tasks.some(({ runsFor = 0 }) => runsFor > HOUR), 'tasks of more than an hour'],
    [tasks.some(({ runsFor = 0 }) => runsFor > 47 * HOUR), 'tasks of more than 47 hours'],
    [happenings.some(({ what }) => what.startsWith('other-')), 'somebody else acts on it'],
    [happenings.some(({ what }) => what === 'untag' || what === 'manual-cancel'), 'the signal is taken back'],
    [faults.length > 0, 'faults'],
    [faults.some(({ forMs = 0 }) => forMs > 5 * 60_000), 'outages of more than five minutes'],
    [kills.length > 0, 'the process is killed'],
    [kills.some(({ state }) => state !== 'kept'), 'its state is lost or damaged'],
    ...(['reboot', 'clock-jump', 'disk', 'ecs-agent', 'registers-anew', 'claims-neighbour'] as const).map(
      (what): [boolean, string] => [happenings.some((one) => one.what === what), HAPPENINGS[what]],
    ),
  ];
  return traits.filter(([has]) => has).map(([, name]) => name);
}

const HAPPENINGS = {
  reboot: 'the host reboots',
  'clock-jump': 'its clock is set',
  disk: 'its disk is full',
  'ecs-agent': 'its ECS agent is gone, or stuck',
  'registers-anew': 'its ECS agent registers it anew',
  'claims-neighbour': 'its metadata names another instance',
};

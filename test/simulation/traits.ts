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
    [kills.some(({ by }) => by === 'SIGTERM'), 'the process is asked to end'],
    [flags.includes('--dry-run'), 'a dry run'],
    [happenings.some(({ what }) => what === 'event-scheduled'), 'events that EC2 has scheduled'],
    [flags.includes('--ignore-tasks'), 'tasks that are not waited for'],
    [plan.operatorHooks !== undefined, "the operator's own hooks"],
    [group?.hooks.some(({ globalTimeout }) => globalTimeout !== undefined) ?? false, 'a near global limit'],
    [plan.world.pageSize !== undefined, 'lists of several pages'],
    [(plan.world.timings?.tagRemovalShown ?? 0) > 0, 'removed tags that are shown on'],
    [
      happenings.some(({ what }) => what === 'spot') && tasks.length > 12,
      'more than 12 tasks at a Spot notice',
    ],
    [machine.clockAhead !== undefined, 'a clock that is wrong at first'],
    [machine.untagged === true, 'no tag at all'],
    [machine.warm === true, 'a warm pool'],
    [machine.launching === true, 'an instance that is being launched'],
    [group?.hooks.some(({ targetBroken }) => targetBroken) ?? false, 'a hook whose target is broken'],
    [(plan.world.timings?.terminatingToWait ?? 0) > 20_000, 'a long way to the hook'],
    ...(['stale', 'unfiltered', 'omits', 'misnames'] as const).map((what): [boolean, string] => [
      faults.some(({ fault }) => fault.what === what),
      WRONG_ANSWERS[what],
    ]),
    ...(
      [
        'reboot',
        'hibernation',
        'stop',
        'clock-jump',
        'disk',
        'ecs-agent',
        'registers-anew',
        'claims-neighbour',
        'other-deregisters-by-force',
        'ecs-loses-tasks',
        'impostor',
        'introspection',
        'hook-put',
        'hook-deleted',
        'retention',
        'replace-root-volume',
      ] as const
    ).map((what): [boolean, string] => [happenings.some((one) => one.what === what), HAPPENINGS[what]]),
  ];
  return traits.filter(([has]) => has).map(([, name]) => name);
}

const WRONG_ANSWERS = {
  stale: 'lists and descriptions that lag behind',
  unfiltered: 'lists of everybody',
  omits: 'answers that lack something',
  misnames: 'answers about another instance',
};

const HAPPENINGS = {
  'other-deregisters-by-force': 'somebody deregisters it by force',
  'ecs-loses-tasks': 'ECS loses its tasks',
  impostor: "something else on the ECS agent's port",
  introspection: 'an ECS agent that is slow or hangs',
  'hook-put': 'hooks that are added or changed',
  'hook-deleted': 'hooks that are deleted',
  retention: 'retention that is switched',
  'replace-root-volume': 'its root volume is replaced',
  reboot: 'the host reboots',
  hibernation: 'the host is hibernated',
  stop: 'the host is stopped and started',
  'clock-jump': 'its clock is set',
  disk: 'its disk is full',
  'ecs-agent': 'its ECS agent is gone, or stuck',
  'registers-anew': 'its ECS agent registers it anew',
  'claims-neighbour': 'its metadata names another instance',
};

import type { ContainerInstance, Machine, Task, WorldOperation } from '../../src/sandbox/index.ts';
import { CORDON_KEY, readCordon } from '../../src/scaler/cordon-tag.ts';
import type { JobRecord } from './launcher.ts';
import type { Stage } from './stage.ts';

export type Violation = { readonly property: keyof typeof scalingPromises; readonly what: string };

/** What a scaler promises, held against what is true in the simulated account. */
export const scalingPromises = {
  T1: 'no running task is ended',
  T2: 'no instance is terminated on which a task runs',
  G1: 'nothing is launched above MaxSize',
  G2: 'what the group wants is lowered by nothing but the termination of a chosen instance',
  G3: 'no termination is asked for below MinSize, and none that the group would replace',
  G4: 'as many instances as MinSize take tasks or boot: those that never register are not among them',
  D1: 'no cordon outlives its end',
  D2: 'only what bears a cordon of a scaler is set ACTIVE, and nothing that goes',
  J1: 'every job that can fit runs',
  L1: 'no more instances are launched than there are jobs that fit them',
  L2: 'nothing is launched but for a job that any type of the group takes',
  I1: 'what nobody needs goes',
  A1: 'what the hour has needed for weeks is there from its beginning on',
} as const;

/** What the process that asks has been told. */
export type ScalerProcess = {
  /** Of daemon services nothing, their names, or what they take. It has no more where it began while they could not be read. */
  readonly knowsOfDaemons: 'nothing' | 'names' | 'needs';
};

/** Watches all that a scaler asks for, and what comes of it. */
export type Watch = {
  readonly violations: readonly Violation[];
  /** Somebody else has changed something, or it becomes harder to know what is: the scaler is given time. */
  troubled(): void;
  /** Wraps a request of a scaler. */
  around<T>(operation: WorldOperation, input: unknown, send: () => T, process: ScalerProcess): T;
  /** Looks at everything as it is now. */
  look(jobs: readonly JobRecord[]): void;
  /** At the very end, when all has been calm for long. */
  end(jobs: readonly JobRecord[]): void;
};

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** In which a scaler that lives sees and does everything, whatever was before. */
const GRACE_MS = 6 * MINUTE;
/** So long a job waits at most beside the boot of an instance, where there is nothing in the way. */
const WAIT_MS = 8 * MINUTE;
/** How long ago a launch can have been decided on. */
const READ_MS = 3 * MINUTE;

export function watchScalers(stage: Stage, settings: { readonly bootTimeoutMs: number }): Watch {
  const { fleet, clock, plan } = stage;
  const cordonForMs = Math.max(...plan.scalers.map((scaler) => scaler.cordonForMs));
  const { world, group, cluster } = fleet;
  /** What a job can take at most of any instance. */
  const mostCpu = plan.group.cpu / (plan.group.mixes ? 2 : 1) - plan.group.daemonCpu;
  const violations: Violation[] = [];
  const said = new Set<string>();
  /** Container instances that a scaler has set DRAINING, and since when. */
  const cordoned = new Map<string, number>();
  const activatedByOthers = new Map<string, number>();
  let troubledAt = clock.trueNow();
  let launched = 0;
  let wasMeddledWith = false;
  let seenJobs: readonly JobRecord[] = [];
  const broken = (property: Violation['property'], what: string) => {
    // The same, minutes later, is no news.
    const kind = `${property} ${what.replaceAll(/ \d+/g, '')}`;
    if (said.has(kind)) return;
    said.add(kind);
    violations.push({ property, what: `${Math.round((clock.trueNow() - world0) / 1_000)} s: ${what}` });
  };
  const world0 = clock.trueNow();
  const calmFor = () => clock.trueNow() - troubledAt;
  world.onEvent((event) => {
    if (event.type === 'task-interrupted')
      broken('T1', `a task was ended on ${event.interruption.instanceId}: ${event.interruption.cause}`);
  });

  return {
    violations,
    troubled: () => {
      troubledAt = clock.trueNow();
      wasMeddledWith = true;
    },
    around: (operation, input, send, process) => {
      const before = { desired: group.desired, size: serving() };
      if (operation === 'autoscaling:TerminateInstanceInAutoScalingGroup') terminates(input);
      if (operation === 'ecs:UpdateContainerInstancesState') updates(input);
      if (operation === 'autoscaling:LaunchInstances') launches(process);
      try {
        return send();
      } finally {
        if (serving() > before.size) launched += serving() - before.size;
        if (serving() > Math.max(before.size, group.maxSize))
          broken('G1', `${operation}: ${serving()} instances, and at most ${group.maxSize} are allowed`);
        const isChosen = operation === 'autoscaling:TerminateInstanceInAutoScalingGroup';
        if (group.desired < before.desired - (isChosen ? 1 : 0))
          broken('G2', `${operation}: the group wanted ${before.desired}, and then ${group.desired}`);
      }
    },
    look,
    end: (jobs) => {
      look(jobs);
      for (const { key, startedAt, plan: job } of jobs)
        if (startedAt === undefined && job.cpu <= mostCpu && group.desired < group.maxSize)
          broken('J1', `${key} has not run when all has been calm for long`);
      const open = [...group.members.values()].filter(({ state, machine }) => {
        const { containerInstance } = machine.ecsAgent;
        const isOpen = containerInstance?.status === 'ACTIVE' || cordoned.has(containerInstance?.arn ?? '');
        return state === 'InService' && isOpen;
      });
      const left = open.filter(({ machine }) => !isBusy(machine, (task) => !isOfDaemon(task)));
      const spare = Math.max(plan.ahead?.instances ?? 0, ...plan.scalers.map((scaler) => scaler.spare));
      // By its formula the average leaves instances that nobody needs.
      const goesByNeed = plan.scalers.every(({ policy }) => policy.kind === 'planned');
      if (goesByNeed && left.length > spare && group.desired > group.minSize && open.length > group.minSize)
        broken(
          'I1',
          `${left.length} instances are left with nothing to do: ${group.desired} are wanted, and ${group.minSize} at least`,
        );
      const ofService = plan.service?.count ?? 0;
      // One that fits no instance for certain may start where a large one happens to be, and take the room of others.
      const count = jobs.filter(
        ({ startedAt, plan: job }) => startedAt !== undefined || job.cpu <= mostCpu,
      ).length;
      if (!wasMeddledWith && launched > count + ofService + plan.group.min + spare)
        broken('L1', `${launched} instances were launched for ${count} jobs that they take`);
    },
  };

  /** What a scaler has read may be minutes old when its launch comes. */
  function launches({ knowsOfDaemons: known }: ScalerProcess): void {
    const holds = plan.ahead !== undefined || plan.scalers.some(({ spare }) => spare > 0);
    if (holds || seenJobs.length === 0) return;
    const isTold = known === 'needs' || (known === 'names' && isDaemonSeen());
    const most = mostCpu + (isTold ? 0 : plan.group.daemonCpu);
    const isFor = ({ startedAt, plan: job }: JobRecord) =>
      job.cpu <= most && (startedAt === undefined || clock.trueNow() - startedAt < READ_MS);
    if (!seenJobs.some(isFor))
      broken('L2', 'an instance is launched, and no job waits that any of them takes');
  }

  /** What a daemon takes is seen by its task on an instance of the group. */
  function isDaemonSeen(): boolean {
    return [...group.members.values()].some(({ state, machine }) =>
      machine.placed.some(
        (task) =>
          state === 'InService' &&
          isOfDaemon(task) &&
          task.lastStatus !== 'STOPPED' &&
          clock.trueNow() - (task.startedAt ?? Infinity) > READ_MS,
      ),
    );
  }

  function serving(): number {
    let count = 0;
    for (const { state } of group.members.values()) if (state === 'InService') count++;
    return count;
  }

  function terminates(input: unknown): void {
    const { InstanceId: id = '', ShouldDecrementDesiredCapacity: decrements } = input as {
      InstanceId?: string;
      ShouldDecrementDesiredCapacity?: boolean;
    };
    if (!decrements) broken('G3', `${id} is to be terminated, and replaced`);
    // Of two scalers each may be right when it looks.
    if (group.desired - 1 < group.minSize && calmFor() > GRACE_MS && plan.scalers.length === 1)
      broken('G3', `${id} is to be terminated while the group wants ${group.desired}, its least`);
    const machine = world.machines.get(id);
    const arn = machine?.ecsAgent.containerInstance?.arn ?? '';
    const activated = activatedByOthers.get(arn) ?? -Infinity;
    if (!machine || !isBusy(machine) || clock.trueNow() - activated < 2 * MINUTE) return;
    broken('T2', `${id} is to be terminated with tasks on it`);
  }

  /** Those that take tasks or will: what has not registered in time is broken. */
  function usable(bootTimeoutMs = settings.bootTimeoutMs): number {
    let count = Math.max(0, group.desired - serving());
    for (const { state, machine } of group.members.values()) {
      const { containerInstance } = machine.ecsAgent;
      const boots = clock.trueNow() - machine.launchedAt < bootTimeoutMs;
      if (state === 'InService' && (containerInstance ? containerInstance.status === 'ACTIVE' : boots))
        count++;
    }
    return count;
  }

  function updates(input: unknown): void {
    const { containerInstances = [], status } = input as { containerInstances?: string[]; status?: string };
    const before = usable();
    let cordons = 0;
    for (const arn of containerInstances) {
      const one = cluster.containerInstances.get(arn.slice(arn.lastIndexOf('/') + 1));
      if (!one) continue;
      if (status === 'DRAINING' && one.status === 'ACTIVE') {
        cordoned.set(arn, clock.trueNow());
        cordons++;
      }
      if (status !== 'ACTIVE' || one.status !== 'DRAINING') continue;
      if (!one.tags.has(CORDON_KEY)) broken('D2', `${arn} is set ACTIVE, and it is no scaler's to lift`);
      const { member } = one.machine;
      if (member && /^Terminating/.test(member.state) && calmFor() > 2 * MINUTE)
        broken('D2', `${arn} is set ACTIVE, and its instance is ${member.state}`);
      cordoned.delete(arn);
    }
    // As above: of two scalers each may be right.
    if (cordons > 0 && before - cordons < group.minSize && calmFor() > GRACE_MS && plan.scalers.length === 1)
      broken(
        'G4',
        `${before} instances take tasks, ${cordons} are cordoned, and ${group.minSize} is the least`,
      );
  }

  function look(jobs: readonly JobRecord[]): void {
    seenJobs = jobs;
    for (const one of cluster.containerInstances.values()) lookAt(one);
    if (calmFor() < GRACE_MS) return;
    lookAtFloor();
    for (const job of jobs) lookAtJob(job);
  }

  function lookAt(one: ContainerInstance): void {
    const { arn, status, machine } = one;
    const since = cordoned.get(arn);
    if (since === undefined) return;
    if (status === 'ACTIVE') {
      cordoned.delete(arn);
      activatedByOthers.set(arn, clock.trueNow());
    } else if (status !== 'DRAINING' || machine.member?.state !== 'InService') cordoned.delete(arn);
    else if (clock.trueNow() > endOf(one, since) + GRACE_MS && calmFor() > GRACE_MS)
      broken('D1', `${arn} has been cordoned for ${Math.round((clock.trueNow() - since) / MINUTE)} min`);
  }

  /** As its tag says; a cordon without one ought to have had it. */
  function endOf({ tags }: ContainerInstance, since: number): number {
    const cordon = readCordon(tags.get(CORDON_KEY) ?? '');
    return cordon.kind === 'read' ? cordon.until : since + cordonForMs;
  }

  /** Launched one boot time ahead, as they are, they are there when the hour begins. */
  function lookAtFloor(): void {
    const { hours = [], instances = 0 } = plan.ahead ?? {};
    // By the clock of a scaler's host the hour may be over already.
    const ahead = Math.max(...plan.scalers.map(({ skewMs }) => skewMs), 0);
    const isOver = [0, ahead].some((ms) => !hours.includes(new Date(clock.trueNow() + ms).getUTCHours()));
    // One that never registers is replaced with the next turn.
    const count = usable(settings.bootTimeoutMs + 2 * MINUTE);
    if (isOver || group.desired >= group.maxSize || count >= instances) return;
    const heldFor = clock.trueNow() - Math.max(troubledAt, Math.floor(clock.trueNow() / HOUR) * HOUR);
    if (heldFor > GRACE_MS)
      broken('A1', `${count} instances serve or come, and at this hour ${instances} are needed`);
  }

  function lookAtJob({ key, since, startedAt, plan: job }: JobRecord): void {
    if (startedAt !== undefined || job.cpu > mostCpu) return;
    const waits = clock.trueNow() - Math.max(since, troubledAt);
    const { bootMs, broken: unbooted } = plan.group;
    const bound = bootMs + WAIT_MS + unbooted.length * (settings.bootTimeoutMs + 2 * MINUTE);
    const hasRoomToGrow = group.desired < group.maxSize;
    if (waits > bound && hasRoomToGrow)
      broken('J1', `${key} has waited for ${Math.round(waits / MINUTE)} min, and the group could grow`);
  }

  function isBusy(machine: Machine, counts: (task: Task) => boolean = () => true): boolean {
    return machine.placed.some(
      (task) => counts(task) && (task.containersRunning || task.lastStatus !== 'STOPPED'),
    );
  }
}

/** It comes with its instance, and goes with it. */
export const isOfDaemon = ({ service }: Task): boolean => service?.strategy === 'DAEMON';

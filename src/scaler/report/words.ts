import { isGivenUp } from '../../aws/errors.ts';
import { isoTime } from '../../base/clock.ts';
import { formatDuration } from '../../base/duration.ts';
import type {
  Action,
  CordonWhy,
  Forecast,
  GroupReason,
  Hold,
  InstanceReason,
  InstanceWhy,
  JobWhy,
  Lack,
  Needs,
  Rank,
  UncordonWhy,
} from '../plan/model.ts';
import type { Outcome } from '../turn/outcome.ts';

/** What a turn has decided, in words. Times are in ms since the Unix epoch, `now` is when it was decided. */

/** Whether an instance stays, comes or goes, in one word. */
export function standingWord({ why }: InstanceReason): 'stays' | 'comes' | 'goes' | 'broken' | 'out' {
  switch (why.kind) {
    case 'booting':
      return 'comes';
    case 'broken':
      return 'broken';
    case 'cordoning':
    case 'settling':
    case 'emptying':
    case 'terminating':
    case 'later':
    case 'leaving':
    case 'drained-by-others':
    case 'cordoned-by-others':
      return 'goes';
    case 'out-of-service':
      return 'out';
    default:
      return 'stays';
  }
}

export function instanceWords(why: InstanceWhy, now: number): string {
  switch (why.kind) {
    case 'busy':
      return `${count(why.tasks, 'task')} on it`;
    case 'needed':
      return `empty, and ${jobsText(why.jobs)} will start on it`;
    case 'held':
      return `empty, and kept ${holdWords(why.for)}`;
    case 'empty-too-short':
      return `empty for ${span(now - why.sinceAt)}; it goes in ${span(why.until - now)}`;
    case 'protected':
      return 'empty, and protected from scale-in';
    case 'given-back':
      return `its cordon is lifted: ${uncordonWords(why.why, now)}`;
    case 'left-alone':
      return `empty; somebody has set it ACTIVE again, and it is left alone for ${span(why.until - now)}`;
    case 'unclear':
      return 'ECS counts tasks on it that it does not list';
    case 'disconnected':
      return 'its ECS agent is not connected: nothing is placed on it, and nobody knows what runs there';
    case 'constraint-unknown':
      return `empty; ${why.job} waits with a constraint that cannot be judged here, and may need it`;
    case 'average':
      return `empty; ${Math.round(why.usedPercent)} % of the cluster are reserved, too much for one less now`;
    case 'terminate-suspended':
      return "empty; the group's process Terminate is suspended";
    case 'other-group':
      return 'empty, and of another group';
    case 'booting':
      return why.jobs.length > 0
        ? `boots${sinceText(why.since, now)}; ${jobsText(why.jobs)} will start on it`
        : `boots${sinceText(why.since, now)}`;
    case 'broken':
      return `was launched ${span(now - why.since)} ago and has not registered with ECS: look at its user data and ECS agent`;
    case 'cordoning':
      return cordonWords(why.why, now);
    case 'settling':
      return now < why.until
        ? `empty and cordoned; terminated in ${span(why.until - now)} unless it is needed`
        : 'empty and cordoned; it cannot be terminated now, and its cordon ends by itself';
    case 'emptying':
      return `cordoned; ${count(why.tasks, 'task')} left on it`;
    case 'terminating':
      return 'empty, cordoned, and not needed: terminated';
    case 'later':
      return `empty and not needed; it goes with one of the next turns, ${why.most} at a time`;
    case 'leaving':
      return `the group says ${why.state}`;
    case 'drained-by-others':
      return 'DRAINING, and not by a scaler';
    case 'cordoned-by-others':
      return `cordoned by ${why.by} for ${span(why.until - now)} more`;
    case 'out-of-service':
      return `the group says ${why.state}`;
  }
}

export function jobWords(why: JobWhy): string {
  switch (why.kind) {
    case 'fits':
      return `room on ${why.instanceId}: its launcher starts it with its next try`;
    case 'comes-with':
      return why.instanceId === undefined
        ? 'room on an instance that the group is launching'
        : `room on ${why.instanceId}, which boots`;
    case 'given-back':
      return `room on ${why.instanceId}, whose cordon is lifted`;
    case 'launching':
      return `an instance is launched for it${why.zone === undefined ? '' : ` in ${why.zone}`}`;
    case 'to-be-seen':
      return 'it may be that a new instance does not take it: one comes first, to see';
    case 'boots-doubtful':
      return 'the instances that were launched last have not registered: one comes first, to see whether any does';
    case 'max-size':
      return `no room, and the group is at its maximum of ${why.max}`;
    case 'too-large':
      return `too large for any instance of the group: not enough ${why.lacks.map(lackWord).join(' and ')} on ${why.instanceType}`;
    case 'never':
      return `no instance of the group satisfies ${why.expression}`;
    case 'constraint-unknown':
      return `it cannot be judged whether a new instance satisfies ${why.expression}: launch one by hand`;
    case 'launch-suspended':
      return "no room, and the group's process Launch is suspended";
  }
}

export function groupWords(reason: GroupReason, now: number): string {
  switch (reason.kind) {
    case 'at-max':
      return `The group is at its maximum of ${reason.max}: ${count(reason.short, 'job')} ${reason.short === 1 ? 'waits' : 'wait'} for an instance to become free.`;
    case 'launch-suspended':
      return "The group's process Launch is suspended: nothing can be launched.";
    case 'terminate-suspended':
      return "The group's process Terminate is suspended: nothing is taken away.";
    case 'other-scalers':
      return `${reason.names.join(', ')} ${reason.names.length === 1 ? 'takes' : 'take'} instances of this group too: what one scaler launches, the other may remove. Stop one, or give both the same --name, options and demand queue.`;
    case 'zones-rebalanced':
      return 'The group balances its zones by itself: for every instance that goes, it may launch one and terminate another, with tasks on it. Suspend its process AZRebalance.';
    case 'launches-fail':
      return `The group has wanted ${count(reason.missing, 'instance')} more for ${span(now - reason.since)} and lists none: its scaling activities say why.`;
    case 'boots-fail':
      return `${reason.instances.join(', ')} ${reason.instances.length === 1 ? 'has' : 'have'} not registered with ECS, and ${reason.instances.length === 1 ? 'counts' : 'count'} as no room that comes.`;
    case 'disconnected':
      return `The ECS ${reason.instances.length === 1 ? 'agent of' : 'agents of'} ${reason.instances.join(', ')} ${reason.instances.length === 1 ? 'is' : 'are'} not connected: nothing is placed there, and nothing is removed.`;
    case 'fresh-unknown':
      return 'No instance of the group has been seen yet: one is launched to learn what it holds.';
  }
}

export function actionWords(action: Action, now: number): string {
  switch (action.kind) {
    case 'launch': {
      const { jobs, held, for: hold } = action.why;
      const reasons = [
        ...(jobs.length > 0 ? [`for ${jobsText(jobs)}`] : []),
        ...(held > 0 && hold ? [`${held === action.count ? '' : `${held} of them `}${holdWords(hold)}`] : []),
      ];
      const why = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
      return `launch ${count(action.count, 'instance')}${action.zone === undefined ? '' : ` in ${action.zone}`}${why}`;
    }
    case 'cordon':
      return `cordon ${action.instance.instanceId} until ${isoTime(action.until)}: ${cordonWords(action.why, now)}`;
    case 'uncordon':
      return `lift the cordon of ${action.instance.instanceId}: ${uncordonWords(action.why, now)}`;
    case 'terminate':
      return `terminate ${action.instance.instanceId}: empty, cordoned, and not needed`;
  }
}

export function outcomeWords(outcome: Outcome, now: number): string {
  const text = actionWords(outcome.action, now);
  switch (outcome.kind) {
    case 'done':
      return `${text}${outcome.instanceIds ? ` (${outcome.instanceIds.join(', ')})` : ''}${outcome.why === undefined ? '' : `; ${outcome.why}`}`;
    case 'not-any-more':
      return `not done: ${text}; ${outcome.why}`;
    case 'failed':
      return outcome.error && isGivenUp(outcome.error)
        ? `not finished: ${text}; this program is stopping, and the next turn sees what came of it`
        : `failed: ${text}; ${outcome.why}`;
  }
}

export function forecastWords(forecast: Forecast): string | undefined {
  switch (forecast.kind) {
    case 'off':
      return undefined;
    case 'unknown':
      return 'Ahead of need: what past hours have needed could not be read, so nothing is removed until it can.';
    case 'too-short':
      return `Ahead of need: ${forecast.hours} of ${forecast.needed} hours are known, so nothing is held yet.`;
    case 'known': {
      const skill = `the forecast's skill over the last week is ${forecast.skill.toFixed(2)}`;
      return forecast.isUsed
        ? `Ahead of need: ${count(forecast.instances, 'instance')} at ${isoTime(forecast.at)}; ${skill}.`
        : `Ahead of need: nothing is held, since ${skill}: it was no better than one level for all hours.`;
    }
  }
}

export function needsText({ cpu, memory, gpu, networkInterfaces, ports, constraints }: Needs): string {
  return [
    `${cpu} CPU`,
    `${memory} MiB`,
    ...(gpu > 0 ? [`${gpu} GPU`] : []),
    ...(networkInterfaces > 0 ? [count(networkInterfaces, 'network interface')] : []),
    ...(ports.length > 0 ? [`port ${ports.join(', ')}`] : []),
    ...constraints.map((one) => (one.kind === 'member-of' ? one.expression : 'alone of its kind')),
  ].join(', ');
}

function cordonWords(why: CordonWhy, now: number): string {
  switch (why.kind) {
    case 'empty':
      return `empty for ${span(now - why.sinceAt)}, not needed, and ${rankWords(why.rank)}`;
    case 'busy':
      return `its ${count(why.tasks, 'task')} would fit elsewhere, and end by ${isoTime(why.endsAt)} as a rule`;
    case 'average':
      return `empty, and only ${Math.round(why.usedPercent)} % of the cluster are reserved`;
  }
}

function rankWords({ place, of, by }: Rank): string {
  if (of === 1) return 'the only one';
  const why = {
    image: 'its image is older',
    zone: 'its zone has more instances',
    idle: 'it has been empty for longer',
    id: 'by its id',
  }[by];
  return place === of ? `the last of ${of}` : `before the next: ${why}`;
}

function uncordonWords(why: UncordonWhy, now: number): string {
  switch (why.kind) {
    case 'demand':
      return `${jobsText(why.jobs)} ${why.jobs.length === 1 ? 'needs' : 'need'} it`;
    case 'held':
      return `kept ${holdWords(why.for)}`;
    case 'expired':
      return `it ended ${span(now - why.until)} ago, and nobody has lifted it (${why.by})`;
    case 'not-empty':
      return `it got ${count(why.tasks, 'task')} right before it`;
    case 'not-taken':
      return `it is not the scaler's to take any more (${why.state})`;
  }
}

function holdWords(hold: Hold): string {
  switch (hold) {
    case 'spare':
      return 'as a spare';
    case 'floor':
      return 'ahead of need';
    case 'floor-unknown':
      return 'since what past hours have needed could not be read';
    case 'demand-unknown':
      return 'since more messages of the demand queue wait than one turn reads';
    case 'min-size':
      return "for the group's minimum";
  }
}

const lackWord = (lack: Lack) =>
  ({
    cpu: 'CPU',
    memory: 'memory',
    gpu: 'GPUs',
    networkInterfaces: 'network interfaces',
    ports: 'free ports',
  })[lack];

const MOST_JOBS = 3;

function jobsText(keys: readonly string[]): string {
  const shown = keys.slice(0, MOST_JOBS).join(', ');
  return keys.length > MOST_JOBS ? `${shown} and ${keys.length - MOST_JOBS} more` : shown;
}

const sinceText = (since: number | undefined, now: number) =>
  since === undefined ? '' : `, launched ${span(now - since)} ago`;
const span = (ms: number) => formatDuration(ms);
const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;

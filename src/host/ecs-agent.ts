import { clusterName, isCluster, parseEcsArn } from '../base/arn.ts';
import { countValues, MAX_VALUES } from '../base/plausible.ts';
import { known, type Reading, unknown } from '../base/reading.ts';
import { isRecord, isText } from '../base/shape.ts';
import { clip, messageOf } from '../base/text.ts';
import { type Http, withoutTrailingSlashes } from './http.ts';

const TIMEOUT_MS = 2_000;
const MAX_METADATA_BYTES = 64 * 1024;
/** The ECS agent lists stopped tasks for hours, about 1.5 kB each. */
const MAX_TASKS_BYTES = 8 * 1024 * 1024;
/** Of tasks that have not stopped: far more than any instance has room for. */
const MAX_TASKS = 1_000;
/** Of a family and of a state; a family has 255 at most (ECS API reference, RegisterTaskDefinition). */
const MAX_TEXT_LENGTH = 255;

/** The name under which the ECS agent registered this host. */
export type Registration = {
  /** Its name or its ARN, in the form of one. */
  readonly cluster: string;
  /** In the form of one, as `parseEcsArn` takes it apart. */
  readonly containerInstanceArn: string;
};

/** A registration without what is known beside it. */
export const toRegistration = ({ cluster, containerInstanceArn }: Registration): Registration => ({
  cluster,
  containerInstanceArn,
});

/** A task as the ECS agent on this host knows it. */
export type LocalTask = {
  /** In the form of one, as `parseEcsArn` takes it apart. Of which account and cluster is for the caller to compare. */
  readonly arn: string;
  readonly family: string;
  /** `UNKNOWN` where it names none. */
  readonly knownStatus: string;
};

/**
 * The ECS agent's introspection API. It answers once the agent has registered, and costs nothing to ask. While the ECS
 * agent is down any process on the host can answer in its place, so each answer is held to bounds and to its form.
 */
export type EcsAgent = {
  registration(): Promise<Reading<Registration>>;
  /** Tasks that have not stopped. */
  tasks(): Promise<Reading<readonly LocalTask[]>>;
};

/**
 * @param stop aborts what is being asked
 * @param onStrange called the first time that an entry of the task list is left out because it is no task
 */
export function createEcsAgent(
  http: Http,
  baseUrl: string,
  stop?: AbortSignal,
  onStrange: (message: string) => void = () => {},
): EcsAgent {
  const url = withoutTrailingSlashes(baseUrl);

  function reader<T>(path: string, maxBytes: number, parse: (body: unknown) => T): () => Promise<Reading<T>> {
    let last: { readonly body: string; readonly value: T } | undefined;
    return async () => {
      try {
        const response = await http({
          method: 'GET',
          url: url + path,
          timeoutMs: TIMEOUT_MS,
          maxBytes,
          signal: stop,
        });
        if (response.status !== 200)
          return unknown(`the ECS agent answered HTTP ${response.status} at ${url}`);
        const { body } = response;
        // Asked every second for hours, it mostly says the same.
        if (body !== last?.body) last = { body, value: parse(parseJson(body)) };
        return known(last.value);
      } catch (error) {
        return unknown(`asking the ECS agent at ${url}: ${messageOf(error)}`);
      }
    };
  }

  let isStrangeSaid = false;
  function sayStrange(message: string): void {
    if (!isStrangeSaid) onStrange(`the ECS agent at ${url}: ${message}`);
    isStrangeSaid = true;
  }

  return {
    registration: reader('/v1/metadata', MAX_METADATA_BYTES, parseRegistration),
    tasks: reader('/v1/tasks', MAX_TASKS_BYTES, (body) => parseTasks(body, sayStrange)),
  };
}

function parseJson(body: string): unknown {
  if (countValues(body) > MAX_VALUES) throw new Error(`its answer holds more than ${MAX_VALUES} values`);
  return JSON.parse(body);
}

function parseRegistration(body: unknown): Registration {
  const { Cluster: cluster, ContainerInstanceArn: containerInstanceArn } = record(body);
  if (!isText(cluster) || !isText(containerInstanceArn)) throw new Error('it has not registered yet');
  if (!isCluster(cluster)) throw new Error(`${shown(cluster)} is not the name of a cluster`);
  const arn = parseEcsArn(containerInstanceArn);
  if (arn?.kind !== 'container-instance') {
    throw new Error(`${shown(containerInstanceArn)} is not the ARN of a container instance`);
  }
  if (arn.cluster !== undefined && arn.cluster !== clusterName(cluster)) {
    throw new Error(`${shown(containerInstanceArn)} is not in the cluster ${shown(cluster)}`);
  }
  return { cluster, containerInstanceArn };
}

function parseTasks(body: unknown, sayStrange: (message: string) => void): readonly LocalTask[] {
  const { Tasks: tasks } = record(body);
  // Go writes an empty list as null.
  if (tasks === null) return [];
  if (!Array.isArray(tasks)) throw new Error('its list of tasks is not a list');
  const left: LocalTask[] = [];
  let strange: { count: number; readonly first: unknown } | undefined;
  for (const entry of tasks) {
    const task = parseTask(entry);
    if (!task) strange = { count: (strange?.count ?? 0) + 1, first: strange ? strange.first : entry };
    else if (task.knownStatus !== 'STOPPED') left.push(task);
    if (left.length > MAX_TASKS)
      throw new Error(`it lists more than ${MAX_TASKS} tasks that have not stopped`);
  }
  if (strange) {
    const said = `${strange.count} of ${tasks.length} entries of its task list are no tasks, the first ${describe(strange.first)}`;
    // Without a single task it is no list of tasks: it must not pass for an empty one.
    if (strange.count === tasks.length) throw new Error(said);
    sayStrange(`${said}: left out`);
  }
  return left;
}

/** Undefined for an entry that names no task: one of them must not hide the others. */
function parseTask(entry: unknown): LocalTask | undefined {
  if (!isRecord(entry)) return undefined;
  const { Arn: arn, Family: family, KnownStatus: knownStatus } = entry;
  if (!isText(arn) || parseEcsArn(arn)?.kind !== 'task') return undefined;
  return {
    arn,
    family: isText(family) ? family.slice(0, MAX_TEXT_LENGTH) : '',
    // A task of which nothing is known may run.
    knownStatus: isText(knownStatus) ? knownStatus.slice(0, MAX_TEXT_LENGTH) : 'UNKNOWN',
  };
}

function record(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new Error('not a JSON object');
  return value;
}

const describe = (entry: unknown) =>
  isRecord(entry) && isText(entry.Arn) ? `with the ARN ${shown(entry.Arn)}` : 'without an ARN';

const shown = (text: string) => JSON.stringify(clip(text, 200));

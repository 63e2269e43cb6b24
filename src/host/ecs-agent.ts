import { known, type Reading, unknown } from '../base/reading.ts';
import { messageOf } from '../base/text.ts';
import type { Http } from './http.ts';

const TIMEOUT_MS = 2_000;
const MAX_METADATA_BYTES = 64 * 1024;
// The ECS agent lists stopped tasks for hours, about 1.5 kB each.
const MAX_TASKS_BYTES = 16 * 1024 * 1024;

/** The name under which the ECS agent registered this host. */
export type Registration = { readonly cluster: string; readonly containerInstanceArn: string };

/** A task as the ECS agent on this host knows it. */
export type LocalTask = { readonly arn: string; readonly family: string; readonly knownStatus: string };

/** The ECS agent's introspection API. It answers once the agent has registered, and costs nothing to ask. */
export type EcsAgent = {
  registration(): Promise<Reading<Registration>>;
  /** Tasks that have not stopped. */
  tasks(): Promise<Reading<readonly LocalTask[]>>;
};

export function createEcsAgent(http: Http, baseUrl: string, stop?: AbortSignal): EcsAgent {
  const url = baseUrl.replace(/\/+$/, '');

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
        if (body !== last?.body) last = { body, value: parse(JSON.parse(body)) };
        return known(last.value);
      } catch (error) {
        return unknown(`asking the ECS agent at ${url}: ${messageOf(error)}`);
      }
    };
  }

  return {
    registration: reader('/v1/metadata', MAX_METADATA_BYTES, parseRegistration),
    tasks: reader('/v1/tasks', MAX_TASKS_BYTES, parseTasks),
  };
}

function parseRegistration(body: unknown): Registration {
  const { Cluster: cluster, ContainerInstanceArn: containerInstanceArn } = record(body);
  if (!isText(cluster) || !isText(containerInstanceArn)) throw new Error('it has not registered yet');
  return { cluster, containerInstanceArn };
}

function parseTasks(body: unknown): readonly LocalTask[] {
  const { Tasks: tasks } = record(body);
  // Go writes an empty list as null.
  if (tasks === null) return [];
  if (!Array.isArray(tasks)) throw new Error('its list of tasks is not a list');
  return tasks.map(parseTask).filter((task) => task.knownStatus !== 'STOPPED');
}

function parseTask(body: unknown): LocalTask {
  const { Arn: arn, Family: family, KnownStatus: knownStatus } = record(body);
  if (!isText(arn) || typeof knownStatus !== 'string') throw new Error('a task without Arn or KnownStatus');
  return { arn, family: isText(family) ? family : '', knownStatus };
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('not a JSON object');
  return value as Record<string, unknown>;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

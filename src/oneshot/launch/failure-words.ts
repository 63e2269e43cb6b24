/** What the reason of a RunTask failure says of a container instance. (ECS developer guide, "API failure reasons") */
export type FailureKind =
  /** It has too little of something: another instance may have it, or this one later. */
  | 'room'
  /** It is not what the task needs, and does not become that. */
  | 'misfit'
  /** Something that passes. */
  | 'passing';

export function failureKind(reason: string): FailureKind {
  if (/^RESOURCE\b/.test(reason)) return 'room';
  if (/^(ATTRIBUTE|LOCATION)\b|^memberOf placement constraint unsatisfied/i.test(reason)) return 'misfit';
  return 'passing';
}

/** Its zone is not that of the subnets: another instance like it, in another zone, may be of use. */
export const isElsewhere = (reason: string): boolean => /^LOCATION\b/.test(reason);

/** In words, as they stand before "on every instance". */
export function failureWords(reason: string): string {
  const [, resource] = /^RESOURCE:?(.*)$/.exec(reason) ?? [];
  if (resource !== undefined) return resourceWords[resource] ?? `too little ${resource || 'room'}`;
  if (/^ATTRIBUTE\b/.test(reason)) return 'an attribute that the task definition needs is missing';
  if (isElsewhere(reason)) return 'its zone is not that of the subnets';
  if (/^memberOf\b/i.test(reason)) return "the task definition's placement constraint is unmet";
  return reason;
}

const resourceWords: Readonly<Record<string, string>> = {
  CPU: 'too little CPU',
  MEMORY: 'too little memory',
  GPU: 'too few GPUs',
  PORTS: 'a port that the task binds is taken',
  ENI: 'no network interface is left',
};

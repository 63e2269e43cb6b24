/** The name of the service that a task's group names; undefined where it is no service's. */
export function serviceName(group: string): string | undefined {
  return group.startsWith('service:') ? group.slice('service:'.length) : undefined;
}

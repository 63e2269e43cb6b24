import type { ContainerDefinition } from './model.ts';

export type Counted =
  | { readonly kind: 'found'; readonly container: ContainerDefinition }
  /** `why` says what is wrong with the name, or that one is needed. */
  | { readonly kind: 'unclear'; readonly why: string };

/** The container whose exit code counts: the one that is named, else the only essential one. */
export function countedContainer(
  containers: readonly ContainerDefinition[],
  named: string | undefined,
): Counted {
  const names = containers.map(({ name }) => name).join(', ');
  if (named !== undefined) {
    const container = containers.find(({ name }) => name === named);
    if (container) return { kind: 'found', container };
    return { kind: 'unclear', why: `the task definition has no container ${named}: it has ${names}` };
  }
  const [only, ...others] = containers.filter(({ isEssential }) => isEssential);
  if (only && others.length === 0) return { kind: 'found', container: only };
  const count = only ? others.length + 1 : 0;
  return {
    kind: 'unclear',
    why: `the task definition has ${count} essential containers (${names}): name one with --container`,
  };
}

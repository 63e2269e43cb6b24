import type { HookChoice } from '../model.ts';

/** Why no hook can be called ours. */
export function hookProblem(choice: Exclude<HookChoice, { kind: 'ours' }>): string {
  switch (choice.kind) {
    case 'ambiguous':
      return `the group has several terminating hooks (${choice.names.join(', ')}): set --lifecycle-hook to ours`;
    case 'missing':
      return `the group has no terminating hook ${choice.wanted}; it has ${choice.names.join(', ') || 'none'}`;
    case 'none':
      return 'the group has no terminating hook of ours';
    case 'unknown':
      return `the group's hooks are not known: ${choice.cause}`;
  }
}

/** What a drain can wait to learn, for people. */
export const WHAT = {
  signals: 'signals',
  'container-instance': 'state of the container instance',
  'task-list': 'tasks',
  'group-state': 'state in the Auto Scaling group',
} as const;

export const count = (amount: number, noun: string) => `${amount} ${noun}${amount === 1 ? '' : 's'}`;

/** The last part of an ARN. */
export const shortId = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);

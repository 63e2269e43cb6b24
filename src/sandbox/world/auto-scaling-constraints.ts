import { validationError } from './errors.ts';

/** What a member must be: a text's or a list's length, a number's size, a pattern, one of some words. */
type Constraint = {
  readonly least?: number;
  readonly most?: number;
  readonly pattern?: RegExp;
  readonly oneOf?: readonly string[];
};

const name = { least: 1, most: 255 };
const hookName = { ...name, pattern: /^[A-Za-z0-9\-_/]+$/ };
const instanceId = { least: 1, most: 19 };

/** As the API reference of EC2 Auto Scaling has them, for the members that the sandbox reads. */
const CONSTRAINTS: Readonly<Record<string, Constraint>> = {
  AutoScalingGroupName: name,
  AutoScalingGroupNames: name,
  LifecycleHookName: hookName,
  LifecycleHookNames: hookName,
  LifecycleActionToken: { least: 36, most: 36 },
  InstanceId: instanceId,
  InstanceIds: instanceId,
  RoleARN: name,
  NotificationTargetARN: { most: 255 },
  NotificationMetadata: { least: 1, most: 4000, pattern: /^[\t\n\r -~]+$/ },
};

/** The members without which a call is none. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  'autoscaling:CreateAutoScalingGroup': ['AutoScalingGroupName', 'MinSize', 'MaxSize'],
  'autoscaling:UpdateAutoScalingGroup': ['AutoScalingGroupName'],
  'autoscaling:PutLifecycleHook': ['LifecycleHookName', 'AutoScalingGroupName'],
  'autoscaling:DescribeLifecycleHooks': ['AutoScalingGroupName'],
  'autoscaling:DeleteLifecycleHook': ['LifecycleHookName', 'AutoScalingGroupName'],
  'autoscaling:SetDesiredCapacity': ['AutoScalingGroupName', 'DesiredCapacity'],
  'autoscaling:TerminateInstanceInAutoScalingGroup': ['ShouldDecrementDesiredCapacity'],
  'autoscaling:RecordLifecycleActionHeartbeat': ['LifecycleHookName', 'AutoScalingGroupName'],
  'autoscaling:CompleteLifecycleAction': [
    'LifecycleHookName',
    'AutoScalingGroupName',
    'LifecycleActionResult',
  ],
  'autoscaling:DetachInstances': ['AutoScalingGroupName', 'ShouldDecrementDesiredCapacity'],
  'autoscaling:EnterStandby': ['AutoScalingGroupName', 'ShouldDecrementDesiredCapacity'],
  'autoscaling:ExitStandby': ['AutoScalingGroupName'],
};

/** How many items a page has without a word, and at most. */
export const LIMITS = {
  'autoscaling:DescribeAutoScalingGroups': { usual: 50, most: 100 },
  'autoscaling:DescribeAutoScalingInstances': { usual: 50, most: 50 },
  'autoscaling:DescribeScalingActivities': { usual: 100, most: 100 },
} as const;

/** Refuses an input as the service does before it looks at anything else: every violation in one ValidationError. */
export function checkInput(operation: string, input: object): void {
  const members = input as Readonly<Record<string, unknown>>;
  const violations = (REQUIRED[operation] ?? [])
    .filter((member) => members[member] === undefined || members[member] === null)
    .map(
      (member) => `Value null at '${lower(member)}' failed to satisfy constraint: Member must not be null`,
    );
  for (const [member, value] of Object.entries(members)) {
    const constraint = CONSTRAINTS[member];
    if (!constraint) continue;
    if (typeof value === 'string')
      for (const broken of brokenBy(value, constraint))
        violations.push(`Value '${value}' at '${lower(member)}' failed to satisfy constraint: ${broken}`);
    if (Array.isArray(value) && value.some((one) => brokenBy(String(one), constraint).length > 0))
      violations.push(
        `Value '[${value.join(', ')}]' at '${lower(member)}' failed to satisfy constraint: Member must satisfy constraint: [${wordsOf(constraint).join(', ')}]`,
      );
  }
  refuse(violations);
}

/** Refuses a number of records beyond what one page may have. */
export function checkMaxRecords(maxRecords: number | undefined, most: number): void {
  if (maxRecords === undefined) return;
  const words =
    maxRecords < 1
      ? 'Member must have value greater than or equal to 1'
      : maxRecords > most
        ? `Member must have value less than or equal to ${most}`
        : undefined;
  if (words) refuse([`Value '${maxRecords}' at 'maxRecords' failed to satisfy constraint: ${words}`]);
}

function refuse(violations: readonly string[]): void {
  const { length } = violations;
  if (length > 0)
    throw validationError(
      `${length} validation error${length > 1 ? 's' : ''} detected: ${violations.join('; ')}`,
    );
}

function brokenBy(text: string, { least = 0, most = Infinity, pattern }: Constraint): string[] {
  const broken: string[] = [];
  if (text.length > most) broken.push(`Member must have length less than or equal to ${most}`);
  if (text.length < least) broken.push(`Member must have length greater than or equal to ${least}`);
  if (pattern && !pattern.test(text)) broken.push(patternWords(pattern));
  return broken;
}

function wordsOf({ least, most, pattern }: Constraint): string[] {
  return [
    ...(most === undefined ? [] : [`Member must have length less than or equal to ${most}`]),
    ...(least === undefined ? [] : [`Member must have length greater than or equal to ${least}`]),
    ...(pattern === undefined ? [] : [patternWords(pattern)]),
  ];
}

const patternWords = (pattern: RegExp) =>
  `Member must satisfy regular expression pattern: ${pattern.source.replace(/^\^|\$$/g, '')}`;

const lower = (member: string) => member.charAt(0).toLowerCase() + member.slice(1);

import { awsNames } from './aws-names.ts';
import type { OptionText } from './option.ts';

/** Options of the programs that are told which cluster is theirs, and where. */
export const awsOptions = {
  cluster: {
    flag: 'cluster',
    placeholder: 'NAME',
    default: '',
    defaultShown: 'none: it must be given',
    help: 'The ECS cluster.',
    allowed: 'the name or ARN of a cluster',
    parse: awsNames.cluster,
  },
  region: {
    flag: 'region',
    placeholder: 'REGION',
    default: '',
    defaultShown: "AWS_REGION, ~/.aws/config, else this EC2 instance's own",
    help: 'The AWS Region.',
    allowed: 'a Region such as eu-west-1',
    parse: awsNames.region,
  },
} as const satisfies Record<string, OptionText<unknown>>;

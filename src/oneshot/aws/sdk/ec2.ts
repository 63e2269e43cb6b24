import { EC2Client } from '@aws-sdk/client-ec2';

export {
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSubnetsCommand,
} from '@aws-sdk/client-ec2';

export const createClient = (config: object) => new EC2Client(config);

import {
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';

export const createClient = (config: object) => new EC2Client(config);

export const commands = {
  'ec2:DescribeInstances': DescribeInstancesCommand,
  'ec2:DescribeInstanceTypes': DescribeInstanceTypesCommand,
  'ec2:DescribeLaunchTemplateVersions': DescribeLaunchTemplateVersionsCommand,
};

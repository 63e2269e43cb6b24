type Broken = {
  readonly what: string;
  readonly api: string;
  readonly contentType: string;
  readonly status?: number;
  readonly body: string;
  readonly finds: string;
};

const json = { api: 'ecs:DescribeTasks', contentType: 'application/x-amz-json-1.1' };
const query = { api: 'autoscaling:DescribeAutoScalingInstances', contentType: 'text/xml' };
const ec2 = { api: 'ec2:DescribeTags', contentType: 'text/xml;charset=UTF-8' };

const details = (members: string) =>
  `<DescribeAutoScalingInstancesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><DescribeAutoScalingInstancesResult><AutoScalingInstances><member>${members}</member></AutoScalingInstances></DescribeAutoScalingInstancesResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeAutoScalingInstancesResponse>`;
const member = (isProtected: string) =>
  `<InstanceId>i-1</InstanceId><AutoScalingGroupName>g</AutoScalingGroupName><AvailabilityZone>a</AvailabilityZone><LifecycleState>InService</LifecycleState><HealthStatus>HEALTHY</HealthStatus>${isProtected}`;
const tagSet = (content: string) =>
  `<DescribeTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${content}</DescribeTagsResponse>`;

/** Answers that AWS would never give, and what is to be said of each. */
export const brokenAnswers: readonly Broken[] = [
  {
    ...json,
    what: 'a member is none of the model',
    body: '{"tasks":[{"taskArm":"a"}],"failures":[]}',
    finds: 'DescribeTasks.tasks[0].taskArm is no member of Task',
  },
  {
    ...json,
    what: 'a time is in milliseconds',
    body: '{"tasks":[{"createdAt":1767323045000}],"failures":[]}',
    finds: 'DescribeTasks.tasks[0].createdAt is no time in seconds: 1767323045000',
  },
  {
    ...json,
    what: 'a number is a text',
    body: '{"tasks":[{"version":"1"}],"failures":[]}',
    finds: "DescribeTasks.tasks[0].version is no whole number: '1'",
  },
  {
    ...json,
    what: 'a status is none',
    body: '{"tasks":[{"launchType":"EC3"}],"failures":[]}',
    finds: "DescribeTasks.tasks[0].launchType is none of LaunchType: 'EC3'",
  },
  {
    ...json,
    what: 'an error has another form',
    status: 400,
    body: '{"code":"ClientException","message":"no"}',
    finds: "an error has a __type and a message: {'code': 'ClientException', 'message': 'no'}",
  },
  {
    ...query,
    what: 'a member that is required is missing',
    body: details(member('')),
    finds: 'DescribeAutoScalingInstances.AutoScalingInstances[0].ProtectedFromScaleIn is missing',
  },
  {
    ...query,
    what: 'true has a capital',
    body: details(member('<ProtectedFromScaleIn>True</ProtectedFromScaleIn>')),
    finds:
      "DescribeAutoScalingInstances.AutoScalingInstances[0].ProtectedFromScaleIn is neither true nor false: 'True'",
  },
  {
    ...query,
    what: 'an error has the wrong status',
    status: 500,
    body: '<ErrorResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><Error><Type>Receiver</Type><Code>InvalidNextToken</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>',
    finds: 'InvalidNextToken has the status 400: it was 500',
  },
  {
    ...ec2,
    what: 'an element has the name of its member',
    body: tagSet('<Tags/>'),
    finds: 'DescribeTags.Tags is no member of DescribeTagsResult',
  },
  {
    ...ec2,
    what: 'an item has the name that Auto Scaling has for it',
    body: tagSet('<tagSet><member><key>a</key></member></tagSet>'),
    finds: 'DescribeTags.Tags: an item is called item, not member',
  },
  {
    ...ec2,
    what: 'the document is cut off',
    body: '<DescribeTagsResponse>',
    finds: 'the body cannot be read: no element found: line 1, column 22',
  },
];

"""Drives every call of the sandbox through botocore, and holds each answer against the service's model.

    drive.py URL OPERATION…          all steps; a line "ok - …" or "not ok - …" for each, and for each operation
    drive.py URL --one API JSON      one call

URL is the sandbox's API, and OPERATION what it answers, as IAM names it: ecs:ListTasks. Ends with 1 where anything is wrong.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from answers import Answer, failure_of, problems_of
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError
from botocore.session import Session

GROUP, CLUSTER = "web-asg", "web"
KEY = "ecs-drain-agent:terminate"
NOBODY = "i-0123456789abcdef0"
UNKNOWN = "0123456789abcdef0123456789abcdef"
TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


class Driver:
    """The clients of the services, what each operation came to, and what was wrong."""

    def __init__(self, url: str) -> None:
        # What is refused is to be refused by the service, not by the client's own look at the input.
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, read_timeout=10)
        self.make = lambda service: Session().create_client(
            service,
            region_name="eu-west-1",
            endpoint_url=url,
            aws_access_key_id="ASIASANDBOX000000001",
            aws_secret_access_key="anything",
            aws_session_token="anything",
            config=config,
        )
        self.clients: dict[str, BaseClient] = {}
        self.answer: Answer | None = None
        self.answered: set[str] = set()
        self.failed = 0

    def client(self, service: str) -> BaseClient:
        if service not in self.clients:
            self.clients[service] = self.make(service)
            self.clients[service].meta.events.register("before-parse", self.keep)
        return self.clients[service]

    def keep(self, response_dict: dict[str, Any], **_: Any) -> None:
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        self.answer = Answer(response_dict["status_code"], headers, response_dict["body"])

    def call(self, api: str, error: str | None = None, http: int = 400, /, **parameters: Any) -> dict[str, Any]:
        """Makes a call, and says whether its answer is as the model has it. `error`: the code that it is to fail with."""
        service, name = api.split(":")
        client = self.client(service)
        operation = client.meta.service_model.operation_model(name)
        method = next(one for one, other in client.meta.method_to_api_mapping.items() if other == name)
        self.answer = None
        output: dict[str, Any] = {}
        problems: list[str] = []
        try:
            output = getattr(client, method)(**parameters)
            if error is not None:
                problems.append(f"it did not fail with {error}")
        except ClientError as thrown:
            code = thrown.response["Error"]["Code"]
            got = thrown.response["ResponseMetadata"]["HTTPStatusCode"]
            if error is None or (code, got) != (error, http):
                problems.append(f"it failed with {code} ({got}): {thrown.response['Error']['Message']}")
        except Exception as thrown:  # noqa: BLE001 - whatever botocore cannot read is what is looked for
            problems.append(f"botocore: {type(thrown).__name__}: {thrown}")
        if self.answer is None:
            problems.append("nothing was answered")
        elif self.answer.status >= 400:
            problems += failure_of(operation, self.answer)[1]
        else:
            problems += problems_of(operation, self.answer)
            self.answered.add(api)
        shown = json.dumps(parameters, default=str)
        self.say(f"{api} {shown if len(shown) < 160 else shown[:157] + '…'}", problems)
        return output

    def expect(self, what: str, is_so: bool) -> None:
        self.say(what, [] if is_so else ["it is not so"])

    def say(self, what: str, problems: list[str]) -> None:
        self.failed += len(problems) > 0
        print(f"{'not ok' if problems else 'ok'} - {what}", flush=True)
        for problem in problems:
            print(f"    {problem}", flush=True)

    def wait(self, service: str, waiter: str, **parameters: Any) -> None:
        """Waits as a program does, with the waiters that botocore has."""
        try:
            config = {"Delay": 0.1, "MaxAttempts": 100}
            self.client(service).get_waiter(waiter).wait(**parameters, WaiterConfig=config)
            self.say(f"waiter {waiter}", [])
        except WaiterError as error:
            self.say(f"waiter {waiter}", [str(error)])

    def pages(self, service: str, method: str, result: str, size: int, **parameters: Any) -> int:
        """How many items a paginator brings, with pages of this size."""
        paginator = self.client(service).get_paginator(method)
        found = paginator.paginate(**parameters, PaginationConfig={"PageSize": size})
        return sum(len(page[result]) for page in found)


def drive(driver: Driver) -> None:
    first, second = instances(driver)
    clusters_and_instances(driver, first)
    tags(driver, first)
    tasks(driver)
    logs(driver)
    metrics(driver)
    queues(driver)
    services(driver)
    groups(driver)
    lifecycle(driver, first, second)
    ends(driver)


def instances(driver: Driver) -> tuple[str, str]:
    group = driver.call("autoscaling:DescribeAutoScalingGroups", AutoScalingGroupNames=[GROUP])
    first, second = (one["InstanceId"] for one in group["AutoScalingGroups"][0]["Instances"][:2])
    driver.call("ec2:DescribeInstances", InstanceIds=[first, second])
    driver.call("ec2:DescribeInstances", Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
    driver.call("ec2:DescribeInstances", "InvalidInstanceID.NotFound", InstanceIds=[NOBODY])
    driver.call("ec2:DescribeInstances", "InvalidInstanceID.Malformed", InstanceIds=["nonsense"])
    driver.call("ec2:DescribeInstances", "InvalidParameterCombination", InstanceIds=[first], MaxResults=5)
    driver.call("ec2:DescribeInstances", "InvalidParameterValue", MaxResults=1001)
    driver.call("ec2:DescribeInstances", "InvalidParameterValue", Filters=[{"Name": "nonsense", "Values": ["a"]}])
    driver.call("ec2:DescribeInstances", "DryRunOperation", 412, DryRun=True)
    driver.wait("ec2", "instance_running", InstanceIds=[first])
    driver.wait("ec2", "instance_exists", InstanceIds=[first])
    return first, second


def tags(driver: Driver, first: str) -> None:
    made = [{"Key": f"key-{index}", "Value": "<&>\"' é"} for index in range(12)]
    driver.call("ec2:CreateTags", Resources=[first], Tags=[{"Key": KEY, "Value": ""}, *made])
    driver.call("ec2:CreateTags", "DryRunOperation", 412, Resources=[first], Tags=made, DryRun=True)
    driver.call("ec2:CreateTags", "InvalidParameterValue", Resources=[first], Tags=[{"Key": "aws:x", "Value": ""}])
    driver.call("ec2:CreateTags", "InvalidParameterValue", Resources=[first], Tags=[{"Key": "k" * 128, "Value": ""}])
    driver.call("ec2:CreateTags", "InvalidParameterValue", Resources=[first], Tags=[{"Key": "k", "Value": "v" * 257}])
    driver.call("ec2:CreateTags", "TagLimitExceeded", Resources=[first], Tags=[{"Key": f"more-{i}"} for i in range(50)])
    driver.call("ec2:CreateTags", "MissingParameter", Resources=[], Tags=made)
    driver.call("ec2:CreateTags", "MissingParameter", Resources=[first], Tags=[])
    own = {"Filters": [{"Name": "resource-id", "Values": [first]}]}
    driver.call("ec2:DescribeTags", **own)
    page = driver.call("ec2:DescribeTags", **own, MaxResults=5)
    token = page.get("NextToken", "")
    driver.call("ec2:DescribeTags", **own, MaxResults=5, NextToken=token)
    driver.call("ec2:DescribeTags", "InvalidNextToken", MaxResults=5, NextToken=token)
    driver.call("ec2:DescribeTags", "InvalidNextToken", **own, NextToken="nonsense")
    driver.call("ec2:DescribeInstances", "InvalidNextToken", NextToken=token)
    driver.call("ec2:DescribeTags", "InvalidParameterValue", MaxResults=4)
    driver.call("ec2:DescribeTags", "DryRunOperation", 412, DryRun=True)
    driver.expect("all pages of DescribeTags", driver.pages("ec2", "describe_tags", "Tags", 5, **own) >= 13)
    driver.call("ec2:DeleteTags", "DryRunOperation", 412, Resources=[first], Tags=[{"Key": KEY}], DryRun=True)
    driver.call("ec2:DeleteTags", Resources=[first], Tags=[{"Key": KEY}])
    driver.call("ec2:DeleteTags", "InvalidInstanceID.NotFound", Resources=[NOBODY], Tags=[{"Key": KEY}])


def clusters_and_instances(driver: Driver, first: str) -> None:
    driver.call("ecs:CreateCluster", clusterName="other")
    driver.call("ecs:CreateCluster", "InvalidParameterException", clusterName="not a name")
    driver.call("ecs:DescribeClusters", clusters=[CLUSTER, "nowhere"])
    driver.call("ecs:DescribeClusters", "InvalidParameterException", clusters=["a"] * 101)
    page = driver.call("ecs:ListClusters", maxResults=1)
    driver.call("ecs:ListClusters", maxResults=1, nextToken=page.get("nextToken"))
    driver.call("ecs:ListClusters", "InvalidParameterException", maxResults=101)
    listed = driver.call("ecs:ListContainerInstances", cluster=CLUSTER)["containerInstanceArns"]
    page = driver.call("ecs:ListContainerInstances", cluster=CLUSTER, maxResults=1)
    token = page.get("nextToken")
    driver.call("ecs:ListContainerInstances", cluster=CLUSTER, maxResults=1, nextToken=token)
    driver.call("ecs:ListContainerInstances", "InvalidParameterException", cluster="other", nextToken=token)
    driver.call("ecs:ListTasks", "InvalidParameterException", cluster=CLUSTER, nextToken=token)
    driver.call("ecs:ListContainerInstances", "InvalidParameterException", cluster=CLUSTER, nextToken="nonsense")
    driver.call("ecs:ListContainerInstances", "InvalidParameterException", cluster=CLUSTER, maxResults=0)
    driver.call("ecs:ListContainerInstances", "InvalidParameterException", cluster=CLUSTER, status="GONE")
    driver.call("ecs:ListContainerInstances", "ClusterNotFoundException", cluster="nowhere")
    found = driver.call("ecs:ListContainerInstances", cluster=CLUSTER, filter=f"ec2InstanceId == {first}")
    driver.expect("the filter finds the instance", len(found["containerInstanceArns"]) == 1)
    count = driver.pages("ecs", "list_container_instances", "containerInstanceArns", 1, cluster=CLUSTER)
    driver.expect("all pages of ListContainerInstances", count == len(listed))
    driver.call("ecs:DescribeContainerInstances", cluster=CLUSTER, containerInstances=[*listed, UNKNOWN])
    driver.call("ecs:DescribeContainerInstances", "ClientException", cluster=CLUSTER, containerInstances=[])
    driver.call("ecs:TagResource", resourceArn=listed[0], tags=[{"key": "team", "value": "batch 1"}])
    driver.call("ecs:DescribeContainerInstances", cluster=CLUSTER, containerInstances=[listed[0]], include=["TAGS"])
    driver.call("ecs:UntagResource", resourceArn=listed[0], tagKeys=["team"])
    driver.call("ecs:TagResource", "InvalidParameterException", resourceArn=listed[0], tags=[])
    gone = listed[0].rsplit("/", 1)[0] + "/" + UNKNOWN
    driver.call("ecs:UntagResource", "ResourceNotFoundException", resourceArn=gone, tagKeys=["team"])
    driver.call(
        "ecs:DescribeContainerInstances", "InvalidParameterException", cluster=CLUSTER, containerInstances=["a"] * 101
    )
    driver.call("ecs:DescribeCapacityProviders", capacityProviders=["workers", "nothing"])
    own = found["containerInstanceArns"]
    for status in ("DRAINING", "ACTIVE"):
        driver.call("ecs:UpdateContainerInstancesState", cluster=CLUSTER, containerInstances=own, status=status)
    change = {"cluster": CLUSTER, "containerInstances": own}
    driver.call("ecs:UpdateContainerInstancesState", "InvalidParameterException", **change, status="GONE")
    many = {"cluster": CLUSTER, "containerInstances": ["a"] * 11}
    driver.call("ecs:UpdateContainerInstancesState", "InvalidParameterException", **many, status="ACTIVE")


def tasks(driver: Driver) -> None:
    containers = [{"name": "app", "image": "busybox", "cpu": 100, "memory": 200, "essential": True}]
    driver.call("ecs:RegisterTaskDefinition", family="job", containerDefinitions=containers)
    driver.call("ecs:RegisterTaskDefinition", family="job", containerDefinitions=containers)
    driver.call("ecs:RegisterTaskDefinition", "ClientException", family="job", containerDefinitions=[])
    driver.call("ecs:RegisterTaskDefinition", "ClientException", family="not a name", containerDefinitions=containers)
    driver.call("ecs:DescribeTaskDefinition", taskDefinition="job")
    driver.call("ecs:DescribeTaskDefinition", "ClientException", taskDefinition="nothing")
    ran = driver.call("ecs:RunTask", cluster=CLUSTER, taskDefinition="job", count=3, startedBy="me")
    arns = [task["taskArn"] for task in ran["tasks"]]
    once = {"cluster": CLUSTER, "taskDefinition": "job", "clientToken": "once"}
    arns += [task["taskArn"] for task in driver.call("ecs:RunTask", **once)["tasks"]]
    driver.call("ecs:RunTask", **once)
    driver.call("ecs:RunTask", "ConflictException", **once, count=2)
    driver.call("ecs:RunTask", "InvalidParameterException", cluster=CLUSTER, taskDefinition="job", count=11)
    driver.call("ecs:RunTask", "InvalidParameterException", cluster=CLUSTER, taskDefinition="job", startedBy="s" * 129)
    driver.call("ecs:RunTask", "InvalidParameterException", cluster="other", taskDefinition="job")
    container = {"name": "main", "image": "busybox", "memory": 64}
    definition = {"family": "networked", "networkMode": "awsvpc", "containerDefinitions": [container]}
    driver.call("ecs:RegisterTaskDefinition", **definition)
    networked = {"cluster": CLUSTER, "taskDefinition": "networked"}
    vpc = {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}
    own = driver.call("ecs:RunTask", **networked, networkConfiguration={"awsvpcConfiguration": vpc})["tasks"]
    arns += [task["taskArn"] for task in own]
    driver.call("ecs:RunTask", "InvalidParameterException", **networked)
    driver.call("ecs:RunTask", "ClusterNotFoundException", cluster="nowhere", taskDefinition="job")
    driver.call("ecs:RunTask", "ClientException", cluster=CLUSTER, taskDefinition="nothing")
    provided = {"cluster": CLUSTER, "taskDefinition": "job", "capacityProviderStrategy": [{"capacityProvider": "workers"}]}
    arns += [task["taskArn"] for task in driver.call("ecs:RunTask", **provided)["tasks"]]
    huge = {"containerOverrides": [{"name": "app", "cpu": 1_000_000}]}
    waits = driver.call("ecs:RunTask", **provided, overrides=huge)["tasks"][0]
    driver.expect("it waits in PROVISIONING", waits["lastStatus"] == "PROVISIONING")
    driver.call("ecs:DescribeTasks", cluster=CLUSTER, tasks=[waits["taskArn"]])
    driver.call("ecs:StopTask", cluster=CLUSTER, task=waits["taskArn"])
    driver.call("ecs:DescribeTasks", cluster=CLUSTER, tasks=[waits["taskArn"]])
    unknown = {**provided, "capacityProviderStrategy": [{"capacityProvider": "nothing"}]}
    driver.call("ecs:RunTask", "InvalidParameterException", **unknown)
    on = driver.call("ecs:ListContainerInstances", cluster=CLUSTER)["containerInstanceArns"]
    started = driver.call("ecs:StartTask", cluster=CLUSTER, taskDefinition="job", containerInstances=[on[0], UNKNOWN])
    arns += [task["taskArn"] for task in started["tasks"]]
    driver.call("ecs:StartTask", "ClientException", cluster=CLUSTER, taskDefinition="job", containerInstances=[])
    driver.wait("ecs", "tasks_running", cluster=CLUSTER, tasks=arns)
    driver.call("ecs:ListTasks", cluster=CLUSTER, containerInstance=on[0], desiredStatus="RUNNING")
    page = driver.call("ecs:ListTasks", cluster=CLUSTER, maxResults=1)
    token = page.get("nextToken")
    driver.call("ecs:ListTasks", cluster=CLUSTER, maxResults=2, nextToken=token)
    driver.call("ecs:ListTasks", "InvalidParameterException", cluster=CLUSTER, family="job", nextToken=token)
    driver.call("ecs:ListTasks", "InvalidParameterException", cluster=CLUSTER, maxResults=101)
    driver.call("ecs:ListTasks", "InvalidParameterException", cluster=CLUSTER, desiredStatus="GONE")
    driver.call("ecs:ListTasks", "ServiceNotFoundException", cluster=CLUSTER, serviceName="nothing")
    driver.call("ecs:ListTasks", "ClusterNotFoundException", cluster="nowhere")
    count = driver.pages("ecs", "list_tasks", "taskArns", 1, cluster=CLUSTER)
    driver.expect("all pages of ListTasks", count >= 4)
    driver.call("ecs:DescribeTasks", cluster=CLUSTER, tasks=[*arns, UNKNOWN])
    driver.call("ecs:DescribeTasks", "InvalidParameterException", cluster=CLUSTER, tasks=["a"])
    driver.call("ecs:DescribeTasks", "InvalidParameterException", cluster=CLUSTER, tasks=[])
    driver.call("ecs:DescribeTasks", "InvalidParameterException", cluster=CLUSTER, tasks=[UNKNOWN] * 101)
    foreign = arns[0].replace(f"/{CLUSTER}/", "/other/")
    driver.call("ecs:DescribeTasks", "InvalidParameterException", cluster=CLUSTER, tasks=[foreign])
    driver.call("ecs:GetTaskProtection", cluster=CLUSTER, tasks=[arns[0], UNKNOWN])
    driver.call("ecs:UpdateTaskProtection", cluster=CLUSTER, tasks=[arns[0]], protectionEnabled=True)
    minutes = {"cluster": CLUSTER, "tasks": [arns[0]], "protectionEnabled": True}
    driver.call("ecs:UpdateTaskProtection", "InvalidParameterException", **minutes, expiresInMinutes=2881)
    driver.call("ecs:DeregisterContainerInstance", "InvalidParameterException", cluster=CLUSTER, containerInstance=on[0])
    for arn in arns:
        driver.call("ecs:StopTask", cluster=CLUSTER, task=arn, reason="enough")
    driver.call("ecs:StopTask", "InvalidParameterException", cluster=CLUSTER, task=UNKNOWN)
    driver.call("ecs:ListTasks", cluster=CLUSTER, desiredStatus="STOPPED")
    driver.wait("ecs", "tasks_stopped", cluster=CLUSTER, tasks=arns)
    driver.call("ecs:DescribeTasks", cluster=CLUSTER, tasks=arns)
    driver.call("ecs:DeregisterTaskDefinition", taskDefinition="job:2")
    driver.call("ecs:DeregisterTaskDefinition", "ClientException", taskDefinition="job:99")


def logs(driver: Driver) -> None:
    options = {"awslogs-group": "jobs", "awslogs-stream-prefix": "run"}
    container = {
        **{"name": "app", "image": "busybox", "cpu": 100, "memory": 200, "essential": True},
        **{"command": ["sh", "-c", "echo first; echo second; sleep 60"]},
        **{"logConfiguration": {"logDriver": "awslogs", "options": options}},
    }
    driver.call("ecs:RegisterTaskDefinition", family="printer", containerDefinitions=[container])
    ran = driver.call("ecs:RunTask", cluster=CLUSTER, taskDefinition="printer")
    arn = ran["tasks"][0]["taskArn"]
    stream = {"logGroupName": "jobs", "logStreamName": f"run/app/{arn.rsplit('/', 1)[1]}"}
    missing = {**stream, "logStreamName": "run/app/nothing"}
    driver.call("logs:GetLogEvents", "ResourceNotFoundException", **missing)
    wait_for_log(driver, **stream)
    page = driver.call("logs:GetLogEvents", **stream, startFromHead=True, limit=1)
    driver.expect("the first line", [event["message"] for event in page["events"]] == ["first"])
    driver.call("logs:GetLogEvents", **stream, nextToken=page["nextForwardToken"])
    driver.call("logs:GetLogEvents", "InvalidParameterException", **stream, nextToken="nonsense")
    driver.call("ecs:StopTask", cluster=CLUSTER, task=arn, reason="enough")


def metrics(driver: Driver) -> None:
    now = datetime.now(UTC)
    dimensions = [{"Name": "Group", "Value": "workers"}]
    datum = {"MetricName": "Needed", "Dimensions": dimensions, "Value": 2.5, "Unit": "Count"}
    driver.call("cloudwatch:PutMetricData", Namespace="jobs", MetricData=[datum])
    past = {**datum, "Timestamp": now - timedelta(minutes=5)}
    driver.call("cloudwatch:PutMetricData", Namespace="jobs", MetricData=[past])
    old = {**datum, "Timestamp": now - timedelta(days=15)}
    driver.call("cloudwatch:PutMetricData", "InvalidParameterValue", Namespace="jobs", MetricData=[old])
    driver.call("cloudwatch:PutMetricData", "MissingParameter", Namespace="jobs", MetricData=[{"Value": 1.0}])
    metric = {"Namespace": "jobs", "MetricName": "Needed", "Dimensions": dimensions}
    query = {"Id": "need", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
    asked = {"StartTime": now - timedelta(hours=1), "EndTime": now + timedelta(hours=1), "MetricDataQueries": [query]}
    page = driver.call("cloudwatch:GetMetricData", **asked, MaxDatapoints=1)
    driver.expect("the newest value", page["MetricDataResults"][0]["Values"] == [2.5])
    driver.call("cloudwatch:GetMetricData", **asked, MaxDatapoints=1, NextToken=page["NextToken"])
    driver.call("cloudwatch:GetMetricData", "InvalidNextToken", **asked, NextToken="nonsense")
    turned = {**asked, "StartTime": asked["EndTime"], "EndTime": asked["StartTime"]}
    driver.call("cloudwatch:GetMetricData", "ValidationError", **turned)


def queues(driver: Driver) -> None:
    driver.call("sqs:CreateQueue", QueueName="demand", Attributes={"VisibilityTimeout": "60"})
    driver.call("sqs:CreateQueue", "QueueAlreadyExists", QueueName="demand", Attributes={"VisibilityTimeout": "61"})
    driver.call("sqs:CreateQueue", "InvalidParameterValue", QueueName="not a name")
    driver.call("sqs:GetQueueUrl", "AWS.SimpleQueueService.NonExistentQueue", QueueName="nothing")
    queue = {"QueueUrl": driver.call("sqs:GetQueueUrl", QueueName="demand").get("QueueUrl", "")}
    driver.call("sqs:ReceiveMessage", **queue, WaitTimeSeconds=1)
    driver.call("sqs:SendMessage", **queue, MessageBody='{"a": "<&>é"}')
    driver.call("sqs:SendMessage", **queue, MessageBody="two", DelaySeconds=0)
    driver.call("sqs:SendMessage", "InvalidParameterValue", **queue, MessageBody="two", DelaySeconds=901)
    driver.call("sqs:SendMessage", "InvalidMessageContents", **queue, MessageBody="\x01")
    many = {**queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20}
    got = driver.call("sqs:ReceiveMessage", **many, MessageSystemAttributeNames=["All"]).get("Messages", [])
    driver.expect("both messages are received", [one["Body"] for one in got] == ['{"a": "<&>é"}', "two"])
    driver.call("sqs:ReceiveMessage", "InvalidParameterValue", **queue, MaxNumberOfMessages=11)
    driver.call("sqs:GetQueueAttributes", **queue, AttributeNames=["All"])
    driver.call("sqs:GetQueueAttributes", "InvalidAttributeName", **queue, AttributeNames=["Nonsense"])
    first, second = (one["ReceiptHandle"] for one in got)
    driver.call("sqs:ChangeMessageVisibility", **queue, ReceiptHandle=first, VisibilityTimeout=0)
    not_in_flight = "AWS.SimpleQueueService.MessageNotInflight"
    driver.call("sqs:ChangeMessageVisibility", not_in_flight, **queue, ReceiptHandle=first, VisibilityTimeout=0)
    driver.call("sqs:DeleteMessage", **queue, ReceiptHandle=first)
    driver.call("sqs:DeleteMessage", "ReceiptHandleIsInvalid", **queue, ReceiptHandle="nonsense")
    driver.call("sqs:DeleteMessageBatch", **queue, Entries=[{"Id": "a", "ReceiptHandle": second}])
    empty = "AWS.SimpleQueueService.EmptyBatchRequest"
    driver.call("sqs:DeleteMessageBatch", empty, **queue, Entries=[])


def services(driver: Driver) -> None:
    service = {"cluster": CLUSTER, "taskDefinition": "job", "desiredCount": 2}
    driver.call("ecs:CreateService", serviceName="site", **service)
    driver.call("ecs:CreateService", serviceName="second", **service)
    driver.call("ecs:CreateService", "InvalidParameterException", serviceName="site", **service)
    driver.call("ecs:CreateService", "InvalidParameterException", serviceName="not a name", **service)
    driver.wait("ecs", "services_stable", cluster=CLUSTER, services=["site", "second"])
    driver.call("ecs:DescribeServices", cluster=CLUSTER, services=["site", "nothing"])
    driver.call("ecs:DescribeServices", "InvalidParameterException", cluster=CLUSTER, services=["a"] * 11)
    page = driver.call("ecs:ListServices", cluster=CLUSTER, maxResults=1)
    token = page.get("nextToken")
    driver.call("ecs:ListServices", cluster=CLUSTER, maxResults=1, nextToken=token)
    driver.call("ecs:ListServices", "InvalidParameterException", cluster=CLUSTER, maxResults=101)
    driver.call("ecs:ListServices", "InvalidParameterException", cluster="other", nextToken=token)
    driver.call("ecs:UpdateService", cluster=CLUSTER, service="site", desiredCount=1)
    driver.call("ecs:UpdateService", "ServiceNotFoundException", cluster=CLUSTER, service="nothing", desiredCount=1)
    driver.call("ecs:DeleteService", "InvalidParameterException", cluster=CLUSTER, service="site")
    for name in ("site", "second"):
        driver.call("ecs:DeleteService", cluster=CLUSTER, service=name, force=True)
    driver.wait("ecs", "services_inactive", cluster=CLUSTER, services=["site", "second"])
    driver.call("ecs:UpdateService", "ServiceNotActiveException", cluster=CLUSTER, service="site", desiredCount=1)


def groups(driver: Driver) -> None:
    group = {"AutoScalingGroupName": "new", "MinSize": 0, "MaxSize": 3}
    retain = {"RetentionTriggers": {"TerminateHookAbandon": "retain"}}
    driver.call("autoscaling:CreateAutoScalingGroup", **group, InstanceLifecyclePolicy=retain)
    driver.call("autoscaling:CreateAutoScalingGroup", "AlreadyExists", **group)
    refused = ("autoscaling:CreateAutoScalingGroup", "ValidationError")
    driver.call(*refused, AutoScalingGroupName="", MinSize=0, MaxSize=1)
    driver.call(*refused, AutoScalingGroupName="n" * 256, MinSize=0, MaxSize=1)
    driver.call(*refused, AutoScalingGroupName="other", MinSize=2, MaxSize=1)
    driver.call("autoscaling:UpdateAutoScalingGroup", AutoScalingGroupName="new", MaxSize=4)
    driver.call("autoscaling:UpdateAutoScalingGroup", "ValidationError", AutoScalingGroupName="nowhere", MaxSize=4)
    driver.call("autoscaling:SetDesiredCapacity", "ValidationError", AutoScalingGroupName="new", DesiredCapacity=99)
    driver.call("autoscaling:SetDesiredCapacity", AutoScalingGroupName="new", DesiredCapacity=0)
    data = {"InstanceType": "g5.xlarge"}
    driver.call("ec2:CreateLaunchTemplate", LaunchTemplateName="gpu", LaunchTemplateData=data)
    taken = "InvalidLaunchTemplateName.AlreadyExistsException"
    driver.call("ec2:CreateLaunchTemplate", taken, LaunchTemplateName="gpu", LaunchTemplateData=data)
    needed = {"InstanceRequirements": {"VCpuCount": {"Min": 2, "Max": 8}, "MemoryMiB": {"Min": 4096}}}
    driver.call("ec2:CreateLaunchTemplate", LaunchTemplateName="by-need", LaunchTemplateData=needed)
    versions = "ec2:DescribeLaunchTemplateVersions"
    driver.call(versions, LaunchTemplateName="by-need", Versions=["$Latest", "$Default"])
    driver.call(versions, "InvalidLaunchTemplateId.VersionNotFound", LaunchTemplateName="gpu", Versions=["7"])
    driver.call(versions, "InvalidLaunchTemplateId.NotFound", LaunchTemplateId="lt-0")
    driver.call("ec2:DescribeInstanceTypes", InstanceTypes=["m6i.large", "g5.xlarge"])
    driver.call("ec2:DescribeInstanceTypes", "InvalidInstanceType", InstanceTypes=["x9.huge"])
    driver.call("ec2:DescribeSubnets", SubnetIds=["subnet-0a", "subnet-0b"])
    driver.call("ec2:DescribeSubnets", "InvalidSubnetID.NotFound", SubnetIds=["subnet-0"])
    specification = {"LaunchTemplateName": "gpu", "Version": "$Default"}
    template = {"LaunchTemplateSpecification": specification, "Overrides": [{"InstanceType": "m6i.large"}]}
    half = {"OnDemandBaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 50}
    mixed = {"LaunchTemplate": template, "InstancesDistribution": half}
    named = {"AutoScalingGroupName": "mixed", "MinSize": 0, "MaxSize": 3}
    driver.call("autoscaling:CreateAutoScalingGroup", **named, MixedInstancesPolicy=mixed)
    driver.call("autoscaling:DescribeAutoScalingGroups", AutoScalingGroupNames=["mixed"])
    one = {"AutoScalingGroupName": "mixed", "RequestedCapacity": 1, "ClientToken": "m"}
    driver.call("autoscaling:LaunchInstances", "ValidationError", **one, AvailabilityZones=["eu-west-1a"])
    launch = {"AutoScalingGroupName": "new", "ClientToken": "once", "AvailabilityZones": ["eu-west-1a"]}
    driver.call("autoscaling:LaunchInstances", **launch, RequestedCapacity=1)
    driver.call("autoscaling:LaunchInstances", "IdempotentParameterMismatch", **launch, RequestedCapacity=2)
    again = {**launch, "ClientToken": "again"}
    driver.call("autoscaling:LaunchInstances", "ValidationError", **again, RequestedCapacity=99)
    driver.call("autoscaling:SetDesiredCapacity", AutoScalingGroupName="new", DesiredCapacity=0)
    page = driver.call("autoscaling:DescribeAutoScalingGroups", MaxRecords=1)
    token = page.get("NextToken")
    driver.call("autoscaling:DescribeAutoScalingGroups", MaxRecords=1, NextToken=token)
    driver.call("autoscaling:DescribeAutoScalingGroups", "InvalidNextToken", NextToken="nonsense")
    driver.call("autoscaling:DescribeAutoScalingInstances", "InvalidNextToken", NextToken=token)
    driver.call("autoscaling:DescribeAutoScalingGroups", "ValidationError", MaxRecords=101)
    driver.call("autoscaling:DescribeAutoScalingGroups", "ValidationError", MaxRecords=0)
    driver.call("autoscaling:DescribeAutoScalingGroups", AutoScalingGroupNames=["nowhere"])
    count = driver.pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", 1)
    driver.expect("all pages of DescribeAutoScalingGroups", count == 3)
    hook = {"AutoScalingGroupName": "new", "LifecycleHookName": "late"}
    driver.call("autoscaling:PutLifecycleHook", **hook, LifecycleTransition=TERMINATING, NotificationMetadata="<&>")
    driver.call("autoscaling:PutLifecycleHook", "ValidationError", **hook, HeartbeatTimeout=29)
    driver.call("autoscaling:PutLifecycleHook", "ValidationError", **hook, DefaultResult="RETRY")
    named = {"AutoScalingGroupName": "new", "LifecycleTransition": TERMINATING}
    driver.call("autoscaling:PutLifecycleHook", "ValidationError", **named, LifecycleHookName="not a name")
    driver.call("autoscaling:PutLifecycleHook", "ValidationError", **named, LifecycleHookName="n" * 256)
    driver.call("autoscaling:PutLifecycleHook", "ValidationError", **hook, NotificationMetadata="m" * 4001)
    driver.call("autoscaling:DescribeLifecycleHooks", AutoScalingGroupName="new")
    driver.call("autoscaling:DescribeLifecycleHooks", "ValidationError", AutoScalingGroupName="nowhere")
    names = [f"hook-{index}" for index in range(51)]
    driver.call("autoscaling:DescribeLifecycleHooks", "ValidationError", AutoScalingGroupName="new", LifecycleHookNames=names)
    driver.call("autoscaling:DeleteLifecycleHook", **hook)
    driver.call("autoscaling:DeleteLifecycleHook", "ValidationError", **hook)


def lifecycle(driver: Driver, first: str, second: str) -> None:
    describe = "autoscaling:DescribeAutoScalingInstances"
    driver.call(describe, InstanceIds=[first, NOBODY])
    driver.call(describe, "ValidationError", InstanceIds=[first] * 51)
    driver.call(describe, "ValidationError", InstanceIds=["i" * 20])
    driver.call(describe, "ValidationError", MaxRecords=51)
    page = driver.call(describe, MaxRecords=1)
    driver.call(describe, MaxRecords=1, NextToken=page.get("NextToken"))
    member = {"AutoScalingGroupName": GROUP, "InstanceIds": [second]}
    driver.call("autoscaling:EnterStandby", **member, ShouldDecrementDesiredCapacity=True)
    driver.call("autoscaling:ExitStandby", **member)
    driver.call("autoscaling:ExitStandby", "ValidationError", **member)
    stranger = {"AutoScalingGroupName": GROUP, "InstanceIds": [NOBODY], "ShouldDecrementDesiredCapacity": True}
    driver.call("autoscaling:EnterStandby", "ValidationError", **stranger)
    driver.call("autoscaling:DetachInstances", "ValidationError", **stranger)
    action = {"AutoScalingGroupName": GROUP, "LifecycleHookName": "drain", "InstanceId": first}
    driver.call("autoscaling:RecordLifecycleActionHeartbeat", "ValidationError", **action)
    terminate = "autoscaling:TerminateInstanceInAutoScalingGroup"
    driver.call(terminate, "ValidationError", InstanceId=NOBODY, ShouldDecrementDesiredCapacity=True)
    driver.call(terminate, "ValidationError", InstanceId=first)
    driver.call(terminate, "ValidationError", InstanceIds=[first], ShouldDecrementDesiredCapacity=True)
    driver.call(terminate, InstanceId=first, ShouldDecrementDesiredCapacity=True)
    wait_for_hook(driver, first)
    driver.call("autoscaling:RecordLifecycleActionHeartbeat", **action)
    driver.call("autoscaling:CompleteLifecycleAction", "ValidationError", **action, LifecycleActionResult="RETRY")
    driver.call(
        "autoscaling:CompleteLifecycleAction",
        "ValidationError",
        **action,
        LifecycleActionToken="short",
        LifecycleActionResult="CONTINUE",
    )
    driver.call("autoscaling:CompleteLifecycleAction", **action, LifecycleActionResult="CONTINUE")
    driver.call("autoscaling:CompleteLifecycleAction", "ValidationError", **action, LifecycleActionResult="CONTINUE")
    driver.wait("ec2", "instance_terminated", InstanceIds=[first])
    ids = [one["InstanceId"] for one in driver.call(describe)["AutoScalingInstances"]]
    spare = [one for one in ids if one not in (first, second)]
    many = driver.call(
        terminate, InstanceIds=spare, AutoScalingGroupName=GROUP, ShouldDecrementDesiredCapacity=True
    )
    driver.expect("several are terminated in one call", len(many.get("Activities", [])) == len(spare) > 0)
    driver.call("autoscaling:DescribeScalingActivities", AutoScalingGroupName=GROUP)
    page = driver.call("autoscaling:DescribeScalingActivities", AutoScalingGroupName=GROUP, MaxRecords=1)
    token = page.get("NextToken")
    driver.call("autoscaling:DescribeScalingActivities", AutoScalingGroupName=GROUP, MaxRecords=1, NextToken=token)
    driver.call("autoscaling:DescribeScalingActivities", "InvalidNextToken", NextToken=token)
    driver.call("autoscaling:DescribeScalingActivities", "ValidationError", MaxRecords=101)
    driver.call("autoscaling:DetachInstances", **member, ShouldDecrementDesiredCapacity=True)
    left = [arn for status in ("RUNNING", "STOPPED") for arn in all_tasks(driver, status)]
    driver.wait("ecs", "tasks_stopped", cluster=CLUSTER, tasks=left)
    own = {"cluster": CLUSTER, "containerInstance": container_instance(driver, second)}
    driver.call("ecs:DeregisterContainerInstance", **own)
    driver.call("ecs:DeregisterContainerInstance", "ClientException", **own)


def wait_for_hook(driver: Driver, instance: str) -> None:
    client = driver.client("autoscaling")
    for _ in range(1000):
        found = client.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
        if found and found[0]["LifecycleState"] == "Terminating:Wait":
            driver.say(f"{instance} waits for its hook", [])
            return
    driver.say(f"{instance} waits for its hook", ["it does not"])


def wait_for_log(driver: Driver, **stream: str) -> None:
    """A stream is there once the container has written something, and its events a moment later."""
    client = driver.client("logs")
    for _ in range(5000):
        try:
            if client.get_log_events(**stream)["events"]:
                driver.say("the container has written", [])
                return
        except ClientError:
            continue
    driver.say("the container has written", ["it has not"])


def all_tasks(driver: Driver, status: str) -> list[str]:
    return list(driver.client("ecs").list_tasks(cluster=CLUSTER, desiredStatus=status)["taskArns"])


def container_instance(driver: Driver, instance: str) -> str:
    client = driver.client("ecs")
    listed = client.list_container_instances(cluster=CLUSTER, filter=f"ec2InstanceId == {instance}")
    return str(listed["containerInstanceArns"][0])


def ends(driver: Driver) -> None:
    found = driver.client("ec2").describe_instances()["Reservations"]
    ids = [one["InstanceId"] for reservation in found for one in reservation["Instances"]]
    driver.call("ec2:TerminateInstances", "DryRunOperation", 412, InstanceIds=ids, DryRun=True)
    driver.call("ec2:TerminateInstances", "MissingParameter", InstanceIds=[])
    driver.call("ec2:TerminateInstances", InstanceIds=ids)
    driver.wait("ec2", "instance_terminated", InstanceIds=ids)


def main(arguments: list[str]) -> int:
    url, *rest = arguments
    driver = Driver(url)
    if rest[0] == "--one":
        driver.call(rest[1], **json.loads(rest[2]))
        return 1 if driver.failed else 0
    drive(driver)
    for api in rest:
        driver.say(f"{api} was driven", [] if api in driver.answered else ["no step has an answer of it"])
    return 1 if driver.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# Plans the module with a provider that asks nobody: `tofu test` in this folder.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws-cn" }
  }
  mock_data "aws_region" {
    defaults = { region = "cn-north-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  autoscaling_group_name = "web-asg"
  cluster_name           = "web"
}

run "without_the_tagger" {
  command = plan

  assert {
    condition     = aws_autoscaling_lifecycle_hook.terminating.default_result == "ABANDON"
    error_message = "A hook that times out would end the instance in spite of the group's retention policy."
  }
  assert {
    condition     = aws_autoscaling_lifecycle_hook.terminating.heartbeat_timeout == 3600
    error_message = "The heartbeat time-out is not an hour."
  }
  assert {
    condition     = length(aws_lambda_function.tagger) + length(aws_cloudwatch_event_rule.terminating) + length(aws_sqs_queue.dead_letters) == 0
    error_message = "The signal lifecycle alone needs no function, rule or queue."
  }
  assert {
    condition = jsondecode(aws_iam_policy.agent.policy).Statement[*].Sid == [
      "FindAndDeregisterInOwnCluster", "SeeContainerInstancesOfOwnCluster", "SeeTasksOfOwnCluster", "SeeAutoScaling",
      "HoldAndCompleteLifecycleActionsOfOwnGroup", "DrainInOwnCluster", "EndRetainedInstancesOfOwnGroup",
      "StopTasksInOwnCluster", "SeeServicesOfOwnCluster", "SeeTaskProtectionInOwnCluster",
    ]
    error_message = "The default permissions are not those of the default configuration."
  }
  assert {
    condition     = jsondecode(aws_iam_policy.agent.policy).Statement[0].Resource == "arn:aws-cn:ecs:cn-north-1:123456789012:cluster/web"
    error_message = "The placeholders of the policy documents are not all filled in."
  }
  assert {
    condition     = !can(regex("PARTITION|REGION|ACCOUNT_ID|CLUSTER_NAME|GROUP_NAME|TAG_KEY|arn:aws:", aws_iam_policy.agent.policy))
    error_message = "The placeholders of the policy documents are not all filled in."
  }
  assert {
    condition     = !can(regex("arn:(aws|aws-us-gov):", aws_iam_policy.agent.policy))
    error_message = "An ARN is of another partition: IAM would refuse the policy."
  }
  assert {
    condition     = length(aws_iam_role_policy_attachment.agent) == 0
    error_message = "A policy was attached although no role was given."
  }
}

run "own_instance_only" {
  command = plan

  variables {
    own_instance_only = true
    agent_role_name   = "web-instances"
    stop_tasks        = false
    explain           = false
    tag_from_ec2_api  = true
  }

  assert {
    condition     = jsondecode(aws_iam_policy.agent.policy).Statement[5].Condition.StringEquals["aws:ResourceTag/ecs-drain-agent:instance"] == "$${ec2:SourceInstanceARN}"
    error_message = "An instance could drain others."
  }
  assert {
    condition     = slice(jsondecode(aws_iam_policy.agent.policy).Statement[*].Sid, 5, 8) == ["DrainOwnInstance", "EndRetainedInstancesOfOwnGroup", "ReadTagsFromEc2"]
    error_message = "The permissions are not those that were chosen."
  }
  assert {
    condition     = aws_iam_role_policy_attachment.agent[0].role == "web-instances"
    error_message = "The policy is not attached to the role given."
  }
}

run "mode_deregister" {
  command = plan

  variables {
    agent_mode             = "deregister"
    end_retained_instances = false
    stop_tasks             = false
    explain                = false
  }

  assert {
    condition     = length(jsondecode(aws_iam_policy.agent.policy).Statement) == 5
    error_message = "The mode deregister was granted more than agent.json."
  }
}

run "with_the_tagger" {
  command = plan

  variables {
    tagger_zip = "tests/module.tftest.hcl" # any file: nothing is uploaded
    tag_key    = "drain"
  }

  assert {
    condition     = aws_lambda_function.tagger[0].environment[0].variables == tomap({ TAG_KEY = "drain", GROUP_NAMES = "web-asg", HOOK_NAMES = "ecs-drain-agent" })
    error_message = "The function was not told tag key and hook."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.tagger[0].policy).Statement[0].Condition["ForAllValues:StringEquals"]["aws:TagKeys"] == ["drain"]
    error_message = "The function may put other tags than its own."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.terminating[0].event_pattern).detail == { AutoScalingGroupName = ["web-asg"], LifecycleHookName = ["ecs-drain-agent"], Destination = ["EC2"] }
    error_message = "The rule does not match this hook on this group alone."
  }
}

run "refuses_a_heartbeat_that_shortens_the_48_hours" {
  command = plan

  variables {
    heartbeat_timeout = 1727
  }

  expect_failures = [var.heartbeat_timeout]
}

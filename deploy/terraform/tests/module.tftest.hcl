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
  autoscaling_group_names = { web = "web-asg" }
  cluster_name            = "web"
}

run "without_the_tagger" {
  command = plan

  assert {
    condition     = aws_autoscaling_lifecycle_hook.terminating["web"].default_result == "ABANDON"
    error_message = "A hook that times out would end the instance in spite of the group's retention policy."
  }
  assert {
    condition     = aws_autoscaling_lifecycle_hook.terminating["web"].heartbeat_timeout == 3600
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

run "many_groups" {
  command = plan

  variables {
    autoscaling_group_names = { one = "b-asg", two = "a-asg" }
    tagger_zip              = "tests/module.tftest.hcl"
  }

  assert {
    condition     = sort(values(aws_autoscaling_lifecycle_hook.terminating)[*].autoscaling_group_name) == tolist(["a-asg", "b-asg"])
    error_message = "A group got no hook: its instances would be terminated with their tasks."
  }
  assert {
    condition = jsondecode(aws_iam_policy.agent.policy).Statement[4].Resource == [
      "arn:aws-cn:autoscaling:cn-north-1:123456789012:autoScalingGroup:*:autoScalingGroupName/a-asg",
      "arn:aws-cn:autoscaling:cn-north-1:123456789012:autoScalingGroup:*:autoScalingGroupName/b-asg",
    ]
    error_message = "The policy does not hold for each group, or for more."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.tagger[0].policy).Statement[0].Condition.StringEquals["aws:ResourceTag/aws:autoscaling:groupName"] == ["a-asg", "b-asg"]
    error_message = "The tagger may not tag the instances of each group, or may tag others."
  }
  assert {
    condition     = aws_lambda_function.tagger[0].environment[0].variables.GROUP_NAMES == "a-asg,b-asg"
    error_message = "The tagger was not told its groups."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.terminating[0].event_pattern).detail.AutoScalingGroupName == ["a-asg", "b-asg"]
    error_message = "The rule does not match the groups."
  }
}

run "a_group_whose_name_holds_the_word_of_a_placeholder" {
  command = plan

  variables {
    autoscaling_group_names = { one = "PROD-REGIONAL" }
    tagger_zip              = "tests/module.tftest.hcl"
  }

  assert {
    condition     = jsondecode(aws_iam_policy.agent.policy).Statement[4].Resource == ["arn:aws-cn:autoscaling:cn-north-1:123456789012:autoScalingGroup:*:autoScalingGroupName/PROD-REGIONAL"]
    error_message = "The policy names another group: no heartbeat would be recorded."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.tagger[0].policy).Statement[0].Condition.StringEquals["aws:ResourceTag/aws:autoscaling:groupName"] == ["PROD-REGIONAL"]
    error_message = "The tagger may tag nothing."
  }
}

run "a_pattern_for_many_groups" {
  command = plan

  variables {
    autoscaling_group_names   = { for n in range(40) : n => "batch-${n}" }
    autoscaling_group_pattern = "batch-*"
  }

  assert {
    condition     = jsondecode(aws_iam_policy.agent.policy).Statement[4].Resource == ["arn:aws-cn:autoscaling:cn-north-1:123456789012:autoScalingGroup:*:autoScalingGroupName/batch-*"]
    error_message = "The policy names each group, and is too long for IAM."
  }
  assert {
    condition     = length(aws_iam_policy.agent.policy) < 6144
    error_message = "The policy is too long for IAM."
  }
}

run "names_that_aws_takes" {
  command = plan

  variables {
    name                = "a-name-of-30-characters-12345-"
    lifecycle_hook_name = "a-hook-of-48-characters-which-is-a-long-name-123"
    tagger_zip          = "tests/module.tftest.hcl"
  }

  assert {
    # Terraform adds 26 characters.
    condition     = length(aws_sqs_queue.dead_letters[0].name_prefix) + 26 <= 80 && length(aws_iam_role.tagger[0].name_prefix) + 26 <= 64
    error_message = "AWS would refuse a name."
  }
}

run "refuses_no_group" {
  command = plan

  variables {
    autoscaling_group_names = {}
  }

  expect_failures = [var.autoscaling_group_names]
}

run "refuses_a_heartbeat_that_shortens_the_48_hours" {
  command = plan

  variables {
    heartbeat_timeout = 1727
  }

  expect_failures = [var.heartbeat_timeout]
}

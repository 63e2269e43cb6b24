output "agent_policy_arn" {
  description = "What the agent may do; attach it to the role of the group's instances."
  value       = aws_iam_policy.agent.arn
}

output "lifecycle_hook_name" {
  value = aws_autoscaling_lifecycle_hook.terminating.name
}

output "agent_setting" {
  description = "A line for /etc/ecs-drain-agent/agent.conf, in the image or in user data: no second hook, and nothing that a tag says, then leaves open which one is the agent's."
  value       = "ECS_DRAIN_LIFECYCLE_HOOK=${aws_autoscaling_lifecycle_hook.terminating.name}"
}

output "retention_command" {
  description = "To run once. It keeps an instance whose hook was abandoned with its tasks, instead of terminating it. It is a property of the group, for which aws_autoscaling_group had no argument when this was written (AWS provider 6.25)."
  value = join(" ", [
    "aws autoscaling update-auto-scaling-group --region ${data.aws_region.current.region}",
    "--auto-scaling-group-name '${var.autoscaling_group_name}'",
    "--instance-lifecycle-policy '{\"RetentionTriggers\":{\"TerminateHookAbandon\":\"retain\"}}'",
  ])
}

output "tagger_function_name" {
  value = one(aws_lambda_function.tagger[*].function_name)
}

output "tagger_dead_letters_url" {
  description = "The queue that keeps the events that could not be turned into a tag."
  value       = one(aws_sqs_queue.dead_letters[*].url)
}

output "agent_policy_arn" {
  description = "What the agent may do; attach it to the role of the groups' instances."
  value       = aws_iam_policy.agent.arn
}

output "lifecycle_hook_name" {
  description = "The hook's name, in each of the groups."
  value       = var.lifecycle_hook_name
}

output "agent_setting" {
  description = "A line for /etc/ecs-drain-agent/agent.conf, in the image, or in user data that then restarts the agent: no second hook, and nothing that a tag says, then leaves open which one is the agent's."
  value       = "ECS_DRAIN_LIFECYCLE_HOOK=${var.lifecycle_hook_name}"
}

output "tagger_function_name" {
  description = "The tagger's Lambda function; null without a tagger."
  value       = one(aws_lambda_function.tagger[*].function_name)
}

output "tagger_dead_letters_url" {
  description = "The queue that keeps the events that could not be turned into a tag."
  value       = one(aws_sqs_queue.dead_letters[*].url)
}

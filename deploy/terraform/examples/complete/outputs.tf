output "run_task" {
  description = "Starts tasks that outlive the decision to terminate their instance."
  value       = "aws ecs run-task --region ${local.region} --cluster ${var.name} --task-definition ${aws_ecs_task_definition.long.arn} --count 2"
}

output "scale_in" {
  description = "Asks for one instance less. It ends only after its tasks."
  value       = "aws autoscaling set-desired-capacity --region ${local.region} --auto-scaling-group-name ${var.name} --desired-capacity 1"
}

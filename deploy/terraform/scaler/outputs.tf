output "demand_queue_url" {
  description = "For --demand-queue of the launchers."
  value       = aws_sqs_queue.demand.url
}

output "demand_queue_arn" {
  description = "For the launchers' policy."
  value       = aws_sqs_queue.demand.arn
}

output "function_name" {
  description = "The Lambda function."
  value       = aws_lambda_function.scaler.function_name
}

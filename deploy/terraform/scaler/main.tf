data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  looks_ahead = lookup(var.settings, "ECS_SCALER_LOOK_AHEAD", "false") == "true"

  # The documents of ../../iam, with their placeholders filled in.
  statements = flatten([
    for document in concat(["scaler", "scaler-demand-queue"], local.looks_ahead ? ["scaler-look-ahead"] : []) : jsondecode(
      replace(replace(replace(replace(replace(replace(file("${path.module}/../../iam/${document}.json"),
        "PARTITION", data.aws_partition.current.partition),
        "REGION", data.aws_region.current.region),
        "ACCOUNT_ID", data.aws_caller_identity.current.account_id),
        "CLUSTER_NAME", var.cluster_name),
        "GROUP_NAME", var.autoscaling_group_name),
      "QUEUE_NAME", aws_sqs_queue.demand.name)
    ).Statement
  ])
}

resource "aws_sqs_queue" "demand" {
  name_prefix             = "${var.name}-demand-"
  sqs_managed_sse_enabled = true

  # A launcher says every 10 s what it needs: what is older is not needed any more. A minute is the least that SQS takes.
  message_retention_seconds = 60
  tags                      = var.tags
}

resource "aws_cloudwatch_log_group" "scaler" {
  name_prefix       = "/aws/lambda/${var.name}-"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_iam_role" "scaler" {
  name_prefix = "${var.name}-"
  description = "What ecs-scaler may do"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "scaler" {
  name   = "scaler"
  role   = aws_iam_role.scaler.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.statements })
}

resource "aws_iam_role_policy" "lambda" {
  name = "lambda"
  role = aws_iam_role.scaler.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "WriteOwnLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.scaler.arn}:*"
    }]
  })
}

resource "aws_lambda_function" "scaler" {
  # The role's name is one that no other module's function has.
  function_name    = aws_iam_role.scaler.name
  description      = "Adds the instances that jobs wait for, and takes away those that nobody needs"
  role             = aws_iam_role.scaler.arn
  runtime          = "nodejs24.x"
  architectures    = ["arm64"]
  handler          = "scaler.handler"
  filename         = var.scaler_zip
  source_code_hash = filebase64sha256(var.scaler_zip)
  memory_size      = 512
  timeout          = 55
  tags             = var.tags

  # Two scalers at once do no harm, and no good either.
  reserved_concurrent_executions = 1

  environment {
    variables = merge(var.settings, {
      ECS_SCALER_CLUSTER      = var.cluster_name
      ECS_SCALER_GROUP        = var.autoscaling_group_name
      ECS_SCALER_DEMAND_QUEUE = aws_sqs_queue.demand.url
    })
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.scaler.name
  }
}

# The next turn comes in a minute, and decides anew.
resource "aws_lambda_function_event_invoke_config" "scaler" {
  function_name                = aws_lambda_function.scaler.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60
}

resource "aws_iam_role" "schedule" {
  name_prefix = "${var.name}-schedule-"
  description = "Lets the schedule of ecs-scaler invoke it"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "schedule" {
  name = "invoke"
  role = aws_iam_role.schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = aws_lambda_function.scaler.arn
    }]
  })
}

resource "aws_scheduler_schedule" "scaler" {
  name_prefix         = "${var.name}-"
  description         = "A turn of ecs-scaler"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.scaler.arn
    role_arn = aws_iam_role.schedule.arn

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  alarm_name          = "${aws_lambda_function.scaler.function_name}-failures"
  alarm_description   = "ecs-scaler could not take its turns for several minutes. Its log says why."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.scaler.function_name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 10
  datapoints_to_alarm = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}

locals {
  tagger = var.tagger_zip == null ? 0 : 1
}

resource "aws_cloudwatch_log_group" "tagger" {
  count = local.tagger

  name_prefix       = "/aws/lambda/${var.name}-tagger-"
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_sqs_queue" "dead_letters" {
  count = local.tagger

  name_prefix               = "${var.name}-dead-letters-"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_sqs_queue_policy" "dead_letters" {
  count = local.tagger

  queue_url = aws_sqs_queue.dead_letters[0].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "UndeliveredEventsOfTheRule"
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.dead_letters[0].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.terminating[0].arn } }
    }]
  })
}

resource "aws_iam_role" "tagger" {
  count = local.tagger

  name_prefix = "${var.name}-"
  description = "What the tagger of ecs-drain-agent may do"
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

resource "aws_iam_role_policy" "tagger" {
  count = local.tagger

  name   = "tagger"
  role   = aws_iam_role.tagger[0].id
  policy = local.documents["tagger"]
}

resource "aws_iam_role_policy" "tagger_lambda" {
  count = local.tagger

  name = "lambda"
  role = aws_iam_role.tagger[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "WriteOwnLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.tagger[0].arn}:*"
      },
      {
        Sid      = "KeepFailedEvents"
        Effect   = "Allow"
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.dead_letters[0].arn
      },
    ]
  })
}

resource "aws_lambda_function" "tagger" {
  count = local.tagger

  # The role's name is one that no other module's function has.
  function_name    = aws_iam_role.tagger[0].name
  description      = "Tags a container instance when its group begins to terminate it, for ecs-drain-agent"
  role             = aws_iam_role.tagger[0].arn
  runtime          = "nodejs24.x"
  architectures    = ["arm64"]
  handler          = "tagger.handler"
  filename         = var.tagger_zip
  source_code_hash = filebase64sha256(var.tagger_zip)
  memory_size      = 256
  timeout          = 30
  tags             = var.tags

  environment {
    variables = {
      TAG_KEY     = var.tag_key
      GROUP_NAMES = join(",", local.group_names)
      HOOK_NAMES  = var.lifecycle_hook_name
    }
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.tagger[0].name
  }

  dead_letter_config {
    target_arn = aws_sqs_queue.dead_letters[0].arn
  }

  # Lambda refuses a dead-letter queue that the role may not send to.
  depends_on = [aws_iam_role_policy.tagger_lambda]
}

resource "aws_cloudwatch_event_rule" "terminating" {
  count = local.tagger

  name_prefix = "${var.name}-"
  description = "Tells the tagger of ecs-drain-agent which instances the groups are about to terminate"
  event_pattern = jsonencode({
    source      = ["aws.autoscaling"]
    detail-type = ["EC2 Instance-terminate Lifecycle Action"]
    detail = {
      AutoScalingGroupName = local.group_names
      LifecycleHookName    = [var.lifecycle_hook_name]
      # Not one that returns to the warm pool, or only gets another root volume.
      Destination = ["EC2"]
    }
  })
  tags = var.tags
}

resource "aws_cloudwatch_event_target" "tagger" {
  count = local.tagger

  rule      = aws_cloudwatch_event_rule.terminating[0].name
  target_id = "tagger"
  arn       = aws_lambda_function.tagger[0].arn

  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[0].arn
  }
}

resource "aws_lambda_permission" "tagger" {
  count = local.tagger

  statement_id  = "terminating"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.tagger[0].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.terminating[0].arn
}

resource "aws_cloudwatch_metric_alarm" "tagger_failures" {
  count = local.tagger

  alarm_name          = "${aws_lambda_function.tagger[0].function_name}-failures"
  alarm_description   = "An instance is about to be terminated and could not be tagged. The event lies in the dead-letter queue, the reason in the tagger's log."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[0].name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  tags                = var.tags
}
